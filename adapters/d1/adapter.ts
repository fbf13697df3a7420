/**
 * The binding of Cloudflare D1 as a connection, for pools. A Worker rather wants `openD1` of
 * `@sqlitepool/pool/d1`, which sends reads that meet in one request.
 *
 * @module
 */

import { AsyncDriverConnection, type AsyncHandle } from "../../src/driver/async_connection.ts";
import type { DriverConnection } from "../../src/driver/connection.ts";
import type { NulText } from "../../src/sqlite/bind.ts";
import type { Statement } from "../../src/sqlite/scan.ts";
import type { SQLiteValue } from "../../src/sqlite/types.ts";
import type { DriverLimit } from "../limits.ts";
import type { AdaptOptions } from "../options.ts";
import { checkIntMode } from "../workerd/values.ts";
import type { D1Queries } from "./handle.ts";
import { type D1Outcome, runOne } from "./run.ts";
import { d1BindLimits, d1Statement } from "./statement.ts";

export { isD1Handle } from "./handle.ts";
export type { D1Handle, D1PreparedStatement, D1Queries, D1Result, D1Session } from "./handle.ts";

/** What D1 cannot do. */
export const d1Limits: readonly DriverLimit[] = [
  ...["infinity", "negative-zero", "int64-out", "int-mode", "streaming", "readonly"] as const,
  ...["transactions", "hundred-parameters", "settings", "files", "interrupt"] as const,
];

/**
 * Makes a connection of a binding of D1, or of a session of one.
 *
 * @param queries Such as `env.DB`. Closing the connection leaves it alone.
 * @param options How the connection behaves.
 * @throws {TypeError} `intMode` is not `"number"`: D1 rounds integers beyond 2^53.
 */
export function adaptD1(
  queries: D1Queries,
  { intMode = "number" }: Pick<AdaptOptions, "intMode"> = {},
): DriverConnection {
  checkIntMode(intMode);
  return new AsyncDriverConnection(new BindingHandle(queries));
}

class BindingHandle implements AsyncHandle {
  readonly raw: D1Queries;
  readonly inTransaction = false;
  readonly inTransactionIsCertain: boolean = true;
  readonly tellsRowids: boolean = true;
  readonly nulText: NulText = d1BindLimits.nulText;
  readonly refuse = d1BindLimits.refuse;

  constructor(raw: D1Queries) {
    this.raw = raw;
  }

  async run({ text }: Statement, values: SQLiteValue[]): Promise<D1Outcome> {
    const read = await runOne(this.raw, { known: d1Statement(text), values });
    return read();
  }

  async close(): Promise<void> {}

  resultCodeOf(): undefined {}
}
