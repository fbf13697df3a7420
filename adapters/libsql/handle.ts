/**
 * What is used of a handle of libsql, and how one is recognised. It imports nothing of the
 * adapter, so that a handle can be told before its adapter is loaded.
 *
 * @module
 */

import { brandOf, hasMethods, read } from "../shape.ts";

/** What is used of a `Statement` of libsql. */
export interface LibsqlStatement {
  /** Whether it gives rows. */
  readonly reader: boolean;
  /** Runs to the end and returns all rows. */
  all(params: unknown[]): unknown[];
  /** Runs up to the first row. */
  get(params: unknown[]): unknown;
  /** Runs to the end and returns what changed. */
  run(params: unknown[]): { readonly changes: number; readonly lastInsertRowid: number | bigint };
  /** Describes the result columns. */
  columns(): {
    readonly name: string;
    readonly type?: string | null;
    readonly table?: string | null;
    readonly column?: string | null;
  }[];
  /** Whether rows come as arrays. */
  raw(enabled: boolean): unknown;
  /** Whether integers come as bigints. */
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
 * Whether something is a handle of libsql.
 *
 * @param value Anything.
 */
export function isLibsqlSyncHandle(value: unknown): value is LibsqlSyncHandle {
  // Not the flag for transactions: to read that of a closed handle ends the process.
  return brandOf(value) === undefined && typeof read(value, "open") === "boolean" &&
    hasMethods(value, ["prepare", "exec", "close", "defaultSafeIntegers", "sync", "authorizer"]);
}
