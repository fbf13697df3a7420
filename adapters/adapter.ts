/**
 * An adapter that is loaded with the first handle it is for: nobody carries those of drivers they
 * do not use.
 *
 * @module
 */

import type { DriverConnection } from "../src/driver/connection.ts";
import { OnDemand } from "../src/pool/on_demand.ts";
import type { AdaptOptions } from "./options.ts";

/** Makes a connection of a handle, which is one of the driver's. */
export type Adapt = (handle: never, options: AdaptOptions) => DriverConnection;

/** How the handles of one driver are recognised and adapted. */
export class Adapter {
  /** The driver and what its handles are called. */
  readonly name: string;
  /** Whether something is a handle of the driver. */
  readonly matches: (handle: unknown) => boolean;
  readonly #code: OnDemand<Adapt>;

  /** @param load imports the adapter; called again after a failure. */
  constructor(name: string, matches: (handle: unknown) => boolean, load: () => Promise<Adapt>) {
    this.name = name;
    this.matches = matches;
    this.#code = new OnDemand(`The adapter for ${name}`, load);
  }

  /**
   * Makes a connection of a handle of the driver: in this very call once the adapter is loaded.
   *
   * @throws {SQLitePoolError} the adapter cannot be loaded. The handle stays open.
   */
  adapt(handle: unknown, options: AdaptOptions): DriverConnection | Promise<DriverConnection> {
    const adapt = this.#code.now;
    if (adapt !== undefined) return adapt(handle as never, options);
    return this.#code.load().then((loaded) => loaded(handle as never, options));
  }
}
