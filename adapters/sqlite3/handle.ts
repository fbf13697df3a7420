/**
 * What is used of a handle of sqlite3, and how one is recognised. It imports nothing of the
 * adapter, so that a handle can be told before its adapter is loaded.
 *
 * @module
 */

import { brandOf, hasMethods } from "../shape.ts";

/** What `run` tells its callback as `this`. */
export interface RunResult {
  /** Rows inserted, updated or deleted. */
  readonly changes: number;
  /** The rowid inserted last. */
  readonly lastID: number;
}

/** What is used of a `Database` of sqlite3. */
export interface Sqlite3Handle {
  /** Runs a statement that gives no rows. */
  run(
    sql: string,
    params: unknown[],
    callback: (this: RunResult, error: Error | null) => void,
  ): unknown;
  /** Runs a statement and gives all its rows. */
  all(
    sql: string,
    params: unknown[],
    callback: (error: Error | null, rows: unknown[]) => void,
  ): unknown;
  /** Closes the database. */
  close(callback: (error: Error | null) => void): unknown;
}

/**
 * Whether something is a handle of sqlite3.
 *
 * @param value Anything.
 */
export function isSqlite3Handle(value: unknown): value is Sqlite3Handle {
  return brandOf(value) === undefined &&
    hasMethods(value, ["run", "all", "each", "exec", "close", "configure", "parallelize", "wait"]);
}
