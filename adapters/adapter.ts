/**
 * An adapter that is loaded with its first handle, so that programs load only the adapters they
 * use.
 *
 * @module
 */

import type { DriverConnection } from "../src/driver/connection.ts";
import { OnDemand } from "../src/pool/on_demand.ts";
import type { AdaptOptions } from "./options.ts";

/** Creates a connection from a handle of the driver. */
export type Adapt = (handle: never, options: AdaptOptions) => DriverConnection;

/** Recognizes and adapts the handles of one driver. */
export class Adapter {
  /** The driver and the class of its handles. */
  readonly name: string;
  /** Whether a value is a handle of the driver. */
  readonly matches: (handle: unknown) => boolean;
  readonly #code: OnDemand<Adapt>;

  /** @param load imports the adapter; called again after a failure. */
  constructor(name: string, matches: (handle: unknown) => boolean, load: () => Promise<Adapt>) {
    this.name = name;
    this.matches = matches;
    this.#code = new OnDemand(`The adapter for ${name}`, load);
  }

  /**
   * Creates a connection from a handle of the driver, synchronously once the adapter is loaded.
   *
   * @throws {SQLitePoolError} if the adapter cannot be loaded. The handle stays open.
   */
  adapt(handle: unknown, options: AdaptOptions): DriverConnection | Promise<DriverConnection> {
    const adapt = this.#code.now;
    if (adapt !== undefined) return adapt(handle as never, options);
    return this.#code.load().then((loaded) => loaded(handle as never, options));
  }
}
