/**
 * What is used of a handle of sqlite3, and how one is recognised. It does not import the adapter,
 * so that handles are recognized before their adapter is loaded.
 *
 * @module
 */

import { brandOf, hasMethods } from "../shape.ts";

/** The `this` of the callback of `run`. */
export interface RunResult {
  /** The number of rows inserted, updated or deleted. */
  readonly changes: number;
  /** The last inserted rowid. */
  readonly lastID: number;
}

/** What is used of a `Database` of sqlite3. */
export interface Sqlite3Handle {
  /** Runs a statement that returns no rows. */
  run(
    sql: string,
    params: unknown[],
    callback: (this: RunResult, error: Error | null) => void,
  ): unknown;
  /** Runs a statement and returns all its rows. */
  all(
    sql: string,
    params: unknown[],
    callback: (error: Error | null, rows: unknown[]) => void,
  ): unknown;
  /** Stops the statement that runs, from any thread. */
  interrupt(): unknown;
  /** Closes the database. */
  close(callback: (error: Error | null) => void): unknown;
}

/**
 * Whether a value is a handle of sqlite3.
 *
 * @param value Any value.
 */
export function isSqlite3Handle(value: unknown): value is Sqlite3Handle {
  return brandOf(value) === undefined &&
    hasMethods(value, ["run", "all", "each", "exec", "close", "configure", "parallelize", "wait"]);
}
