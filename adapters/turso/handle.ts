/**
 * What is used of a handle of Turso, and how one is recognised. It does not import the adapter, so
 * that handles are recognized before their adapter is loaded.
 *
 * @module
 */

import { brandOf, hasMethods } from "../shape.ts";

/** What is used of a `Statement` of Turso. */
export interface TursoStatement {
  /** Whether rows are returned as arrays. */
  raw(enabled: boolean): unknown;
  /** Whether integers are returned as bigints. */
  safeIntegers(enabled: boolean): unknown;
  /** Describes the result columns. */
  columns(): { readonly name: string }[];
  /** Runs to completion, or up to a time limit in milliseconds, and returns all rows. */
  all(params: unknown[], options?: { readonly queryTimeout: number }): Promise<unknown[]>;
  /** Frees the statement. */
  close(): void;
}

/** What is used of a `Database` of Turso. */
export interface TursoHandle {
  /** Whether a transaction is open. */
  readonly inTransaction: boolean;
  /** Prepares a statement; the driver's types declare a promise. */
  prepare(sql: string): TursoStatement | PromiseLike<TursoStatement>;
  /** Closes the database. */
  close(): Promise<void>;
}

/**
 * Whether a value is a handle of Turso.
 *
 * @param value Any value.
 */
export function isTursoHandle(value: unknown): value is TursoHandle {
  return brandOf(value) === undefined &&
    hasMethods(value, ["prepare", "exec", "connect", "transactionAsync", "batch", "close"]);
}
