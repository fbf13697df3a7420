/** A driver that lives inside workerd, as its conformance file and the harness know it. */

import type { DriverConnection } from "../../../mod.ts";
import type { ConformanceDriver, OpenOptions } from "../../conformance/drivers.ts";

/** What workerd hands to the code that opens connections. */
export interface Host {
  /** The bindings: `DB0` to `DB3` are D1 databases. */
  readonly env: Readonly<Record<string, unknown>>;
  /** `ctx` of the Durable Object, where the cases run in one; its storage is empty at first. */
  readonly ctx: unknown;
}

/** Opens a connection as ConformanceDriver does. */
export type OpenConnection = (path: string, options: OpenOptions) => Promise<DriverConnection>;

/**
 * One file in tests/edge/drivers exports one as `driver`. It is loaded twice: by the tests, for its
 * name, limits and exceptions, and by the Worker, which calls `openerFor`.
 */
export interface EdgeDriver extends Pick<ConformanceDriver, "name" | "limits" | "exceptions"> {
  /** Where its cases run: in the Worker, or each in a Durable Object of its own. */
  readonly place: "worker" | "durable-object";
  /** Called once for each case, with the databases still as the case before left them. */
  openerFor(host: Host): OpenConnection;
}

/** How many D1 databases a Worker of the harness has. No case needs more. */
export const D1_DATABASES = 4;
