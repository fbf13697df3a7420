/**
 * What is used of a handle of node:sqlite, and how one is recognised. It does not import the
 * adapter, so that handles are recognized before their adapter is loaded.
 *
 * @module
 */

import { brandOf, hasMethods } from "../shape.ts";

/** What is used of a `StatementSync` of node:sqlite. */
export interface NodeSqliteStatement {
  /** Runs to completion and returns all rows. */
  all(...params: unknown[]): unknown[];
  /** Runs up to the first row. */
  get(...params: unknown[]): unknown;
  /** Runs to completion and returns the changes. */
  run(...params: unknown[]): {
    readonly changes: number | bigint;
    readonly lastInsertRowid: number | bigint;
  };
  /** Runs row by row. */
  iterate(...params: unknown[]): Iterator<unknown>;
  /** Describes the result columns. */
  columns(): {
    readonly name: string;
    readonly type?: string | null;
    readonly table?: string | null;
    readonly column?: string | null;
  }[];
  /** Whether rows are returned as arrays. Always present, but missing in Deno's types. */
  setReturnArrays?(enabled: boolean): void;
  /** Whether integers are returned as bigints. */
  setReadBigInts(enabled: boolean): void;
  /** Whether parameters may be named without their prefix. */
  setAllowBareNamedParameters(enabled: boolean): void;
}

/** What is used of a `DatabaseSync` of node:sqlite. */
export interface NodeSqliteHandle {
  /** Whether the database is open. */
  readonly isOpen: boolean;
  /** Whether a transaction is open. */
  readonly isTransaction: boolean;
  /** Prepares a statement. */
  prepare(sql: string): NodeSqliteStatement;
  /** Closes the database. */
  close(): void;
}

/**
 * Whether a value is a handle of node:sqlite, of whatever version, runtime or realm.
 *
 * @param value Any value.
 */
export function isNodeSqliteHandle(value: unknown): value is NodeSqliteHandle {
  return brandOf(value) === "node:sqlite" && hasMethods(value, ["prepare", "exec", "close"]);
}
