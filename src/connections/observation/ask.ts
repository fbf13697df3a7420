/**
 * Statements that the library runs on its own account: those who watch are not told.
 *
 * @module
 */

import type { SQLiteConnectionPool } from "../connection_pool.ts";
import type { AcquireOptions } from "../../pool/options.ts";
import type { SQLiteValue } from "../../sqlite/types.ts";

/** All rows of a statement, run on any connection of a pool. */
export async function ask<R>(
  pool: SQLiteConnectionPool<R>,
  sql: string,
  options: AcquireOptions = {},
): Promise<SQLiteValue[][]> {
  const connection = await pool.lend<R>(options);
  try {
    return await connection.ask(sql);
  } finally {
    await connection.release();
  }
}
