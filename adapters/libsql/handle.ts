/**
 * What is used of a handle of libsql, and how one is recognised. It does not import the adapter, so
 * that handles are recognized before their adapter is loaded.
 *
 * @module
 */

import { brandOf, hasMethods, read } from "../shape.ts";

/** What is used of a `Statement` of libsql. */
export interface LibsqlStatement {
  /** Whether it returns rows. */
  readonly reader: boolean;
  /** Runs to completion and returns all rows. */
  all(params: unknown[]): unknown[];
  /** Runs up to the first row. */
  get(params: unknown[]): unknown;
  /** Runs to completion and returns the changes. */
  run(params: unknown[]): { readonly changes: number; readonly lastInsertRowid: number | bigint };
  /** Describes the result columns. */
  columns(): {
    readonly name: string;
    readonly type?: string | null;
    readonly table?: string | null;
    readonly column?: string | null;
  }[];
  /** Whether rows are returned as arrays. */
  raw(enabled: boolean): unknown;
  /** Whether integers are returned as bigints. */
  safeIntegers(enabled: boolean): unknown;
}

/** What is used of a `Database` of libsql. */
export interface LibsqlSyncHandle {
  /** Whether the database is open. */
  readonly open: boolean;
  /** Whether a transaction is open. */
  readonly inTransaction: boolean;
  /** Prepares a statement. */
  prepare(sql: string): LibsqlStatement;
  /** Closes the database. */
  close(): unknown;
}

/**
 * Whether a value is a handle of libsql.
 *
 * @param value Any value.
 */
export function isLibsqlSyncHandle(value: unknown): value is LibsqlSyncHandle {
  // Reading `inTransaction` of a closed handle would crash the process.
  return brandOf(value) === undefined && typeof read(value, "open") === "boolean" &&
    hasMethods(value, ["prepare", "exec", "close", "defaultSafeIntegers", "sync", "authorizer"]);
}
