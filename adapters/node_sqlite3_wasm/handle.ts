/**
 * What is used of a handle of node-sqlite3-wasm, and how one is recognised. It does not import the
 * adapter, so that handles are recognized before their adapter is loaded.
 *
 * @module
 */

import type { SQLiteValue } from "../../src/sqlite/types.ts";
import { brandOf, hasMethods, read } from "../shape.ts";

/** What is used of a `Statement` of node-sqlite3-wasm. */
export interface NodeSqlite3WasmStatement {
  /** Runs to completion and returns all rows as objects. */
  all(values: SQLiteValue[]): unknown[];
  /** Runs row by row. */
  iterate(values: SQLiteValue[]): Iterator<unknown>;
  /** Runs to completion and returns the changes. */
  run(
    values: SQLiteValue[],
  ): { readonly changes: number; readonly lastInsertRowid: number | bigint };
  /** Frees the statement. */
  finalize(): void;
}

/** What is used of a `Database` of node-sqlite3-wasm. */
export interface NodeSqlite3WasmHandle {
  /** Whether the database is open. */
  readonly isOpen: boolean;
  /** Whether a transaction is open. */
  readonly inTransaction: boolean;
  /** Prepares a statement. */
  prepare(sql: string): NodeSqlite3WasmStatement;
  /** Closes the database. */
  close(): void;
}

/**
 * Whether a value is a handle of node-sqlite3-wasm.
 *
 * @param value Any value.
 */
export function isNodeSqlite3WasmHandle(value: unknown): value is NodeSqlite3WasmHandle {
  return brandOf(value) === undefined && typeof read(value, "isOpen") === "boolean" &&
    hasMethods(value, ["prepare", "exec", "run", "all", "get", "function", "close"]);
}
