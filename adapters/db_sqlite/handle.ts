/**
 * What is used of a handle of @db/sqlite, and how one is recognised. It does not import the
 * adapter, so that handles are recognized before their adapter is loaded.
 *
 * @module
 */

import { brandOf, hasMethods, read } from "../shape.ts";

/** What is used of a `Statement` of @db/sqlite. */
export interface DbSqliteStatement {
  /** Whether integers are read with 64 bits instead of 32. */
  int64?: boolean;
  /** Whether text created by SQLite's JSON functions is parsed. */
  parseJson?: boolean;
  /** Runs to completion and returns all rows. */
  values(...params: unknown[]): unknown[][];
  /** Runs a statement that returns no rows to completion. */
  run(...params: unknown[]): number;
  /** The names of the result columns. */
  columnNames(): string[];
  /** Frees the statement. */
  finalize(): void;
}

/** What is used of a `Database` of @db/sqlite. */
export interface DbSqliteHandle {
  /** Whether the database is open. */
  readonly open: boolean;
  /** Whether a transaction is open. */
  readonly inTransaction: boolean;
  /** Prepares a statement. */
  prepare(sql: string): DbSqliteStatement;
  /** Closes the database. */
  close(): void;
}

/**
 * Whether a value is a handle of @db/sqlite.
 *
 * @param value Any value.
 */
export function isDbSqliteHandle(value: unknown): value is DbSqliteHandle {
  return brandOf(value) === undefined && typeof read(value, "int64") === "boolean" &&
    typeof read(value, "autocommit") === "boolean" &&
    hasMethods(value, ["prepare", "exec", "openBlob", "transaction", "close"]);
}
