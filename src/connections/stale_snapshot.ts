/**
 * The one error of the driver that every pool puts into words of its own.
 *
 * @module
 */

import { SQLiteError } from "../sqlite/errors.ts";

/** A transaction that read first cannot write once somebody else has; waiting does not help. */
export function explainStaleSnapshot(error: unknown): unknown {
  if (!(error instanceof SQLiteError) || error.extendedCode !== "SQLITE_BUSY_SNAPSHOT") {
    return error;
  }
  return new SQLiteError(
    `${error.message}: somebody else has written since this transaction began to read. Start it ` +
      'over, or begin it with the mode "immediate".',
    error.rawCode,
    { cause: error },
  );
}
