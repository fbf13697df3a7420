/**
 * What is used of a handle of node-sqlite3-wasm, and how one is recognised. It imports nothing of
 * the adapter, so that a handle can be told before its adapter is loaded.
 *
 * @module
 */

import type { SQLiteValue } from "../../src/sqlite/types.ts";
import { brandOf, hasMethods, read } from "../shape.ts";

/** What is used of a `Statement` of node-sqlite3-wasm. */
export interface NodeSqlite3WasmStatement {
  /** Runs to the end and returns all rows, as objects. */
  all(values: SQLiteValue[]): unknown[];
  /** Runs row by row. */
  iterate(values: SQLiteValue[]): Iterator<unknown>;
  /** Runs to the end and returns what changed. */
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
 * Whether something is a handle of node-sqlite3-wasm.
 *
 * @param value Anything.
 */
export function isNodeSqlite3WasmHandle(value: unknown): value is NodeSqlite3WasmHandle {
  return brandOf(value) === undefined && typeof read(value, "isOpen") === "boolean" &&
    hasMethods(value, ["prepare", "exec", "run", "all", "get", "function", "close"]);
}
