/**
 * What @libsql/client gives, as values of SQLite.
 *
 * @module
 */

import { misuse } from "../../src/sqlite/errors.ts";
import type { SQLiteValue } from "../../src/sqlite/types.ts";
import { plainBytes } from "../native_values.ts";
import type { LibsqlClient } from "./handle.ts";

/**
 * The values of a row.
 *
 * @param row A row of a result, whose values have indices.
 */
export function valuesOf(row: ArrayLike<unknown>): SQLiteValue[] {
  return Array.from(
    row as ArrayLike<SQLiteValue | ArrayBuffer>,
    (value) => typeof value === "object" && value !== null ? plainBytes(value) : value,
  );
}

/**
 * Checks that integers come as bigints: only so they differ from REAL.
 *
 * @param client The client.
 * @throws {SQLitePoolError} It was made with another `intMode`.
 */
export async function expectBigints(client: LibsqlClient): Promise<void> {
  const { rows } = await client.execute({ sql: "SELECT 1", args: [] });
  if (typeof rows[0][0] === "bigint") return;
  throw misuse('the libSQL client must be made with intMode: "bigint"');
}
