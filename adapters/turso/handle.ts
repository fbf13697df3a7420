/**
 * What is used of a handle of Turso, and how one is recognised. It imports nothing of the
 * adapter, so that a handle can be told before its adapter is loaded.
 *
 * @module
 */

import { brandOf, hasMethods } from "../shape.ts";

/** What is used of a `Statement` of Turso. */
export interface TursoStatement {
  /** Whether rows come as arrays. */
  raw(enabled: boolean): unknown;
  /** Whether integers come as bigints. */
  safeIntegers(enabled: boolean): unknown;
  /** Describes the result columns. */
  columns(): { readonly name: string }[];
  /** Runs to the end and returns all rows. */
  all(params: unknown[]): Promise<unknown[]>;
  /** Frees the statement. */
  close(): void;
}

/** What is used of a `Database` of Turso. */
export interface TursoHandle {
  /** Whether a transaction is open. */
  readonly inTransaction: boolean;
  /** Prepares a statement; its types say that this takes a promise. */
  prepare(sql: string): TursoStatement | PromiseLike<TursoStatement>;
  /** Closes the database. */
  close(): Promise<void>;
}

/**
 * Whether something is a handle of Turso.
 *
 * @param value Anything.
 */
export function isTursoHandle(value: unknown): value is TursoHandle {
  return brandOf(value) === undefined &&
    hasMethods(value, ["prepare", "exec", "connect", "transactionAsync", "batch", "close"]);
}
