/**
 * An adapter that is loaded with the first handle it is for: nobody carries those of drivers they
 * do not use.
 *
 * @module
 */

import { messageOf } from "../src/platform/describe.ts";
import { SQLitePoolError } from "../src/pool/errors.ts";
import type { DriverConnection } from "../src/driver/connection.ts";
import type { AdaptOptions } from "./options.ts";

/** Makes a connection of a handle, which is one of the driver's. */
export type Adapt = (handle: never, options: AdaptOptions) => DriverConnection;

/** How the handles of one driver are recognised and adapted. */
export class Adapter {
  /** The driver and what its handles are called. */
  readonly name: string;
  /** Whether something is a handle of the driver. */
  readonly matches: (handle: unknown) => boolean;
  readonly #load: () => Promise<Adapt>;
  #adapt: Adapt | undefined;

  /** @param load imports the adapter; called again after a failure. */
  constructor(name: string, matches: (handle: unknown) => boolean, load: () => Promise<Adapt>) {
    this.name = name;
    this.matches = matches;
    this.#load = load;
  }

  /**
   * Makes a connection of a handle of the driver: in this very call once the adapter is loaded.
   *
   * @throws {SQLitePoolError} the adapter cannot be loaded. The handle stays open.
   */
  adapt(handle: unknown, options: AdaptOptions): DriverConnection | Promise<DriverConnection> {
    if (this.#adapt !== undefined) return this.#adapt(handle as never, options);
    return this.#loadAndAdapt(handle, options);
  }

  async #loadAndAdapt(handle: unknown, options: AdaptOptions): Promise<DriverConnection> {
    try {
      this.#adapt = await this.#load();
    } catch (cause) {
      throw new SQLitePoolError(
        `The adapter for ${this.name} could not be loaded: ${
          messageOf(cause)
        }. Deploy the package, or what ` +
          "a bundler has made of it, with all its files.",
        { cause },
      );
    }
    return this.#adapt(handle as never, options);
  }
}
