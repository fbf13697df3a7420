/**
 * What is used of a handle of bun:sqlite, and how one is recognised. It does not import the
 * adapter, so that handles are recognized before their adapter is loaded.
 *
 * @module
 */

import { brandOf, hasMethods } from "../shape.ts";

/** What is used of a `Statement` of bun:sqlite. */
export interface BunSqliteStatement {
  /** The names of the result columns. */
  readonly columnNames: string[];
  /** The declared types of the result columns. */
  readonly declaredTypes: (string | null)[];
  /** Runs to completion and returns all rows as objects. */
  all(...params: unknown[]): unknown[];
  /** Runs to completion and returns all rows as arrays. */
  values(...params: unknown[]): unknown[][];
  /** Runs up to the first row. */
  get(...params: unknown[]): unknown;
  /** Runs to completion and returns the changes. */
  run(...params: unknown[]): {
    readonly changes: number;
    readonly lastInsertRowid: number | bigint;
  };
  /** Runs row by row. */
  iterate(...params: unknown[]): Iterator<unknown>;
  /** Whether integers are returned as bigints. */
  safeIntegers(enabled: boolean): unknown;
  /** Frees the statement. */
  finalize(): void;
}

/** What is used of a `Database` of bun:sqlite. */
export interface BunSqliteHandle {
  /** Whether a transaction is open. */
  readonly inTransaction: boolean;
  /** Prepares a statement that is not cached. */
  prepare(sql: string): BunSqliteStatement;
  /** Closes the database. */
  close(throwOnError?: boolean): void;
}

/**
 * Whether a value is a handle of bun:sqlite.
 *
 * @param value Any value.
 */
export function isBunSqliteHandle(value: unknown): value is BunSqliteHandle {
  return brandOf(value) === "bun:sqlite" && hasMethods(value, ["prepare", "query", "close"]);
}
