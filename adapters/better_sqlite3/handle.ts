/**
 * What is used of a handle of better-sqlite3, and how one is recognised. It does not import the
 * adapter, so that handles are recognized before their adapter is loaded.
 *
 * @module
 */

import type { BackupProgress } from "../../src/driver/driver.ts";
import { brandOf, hasMethods, read } from "../shape.ts";

/** What is used of a `Statement` of better-sqlite3. */
export interface BetterSqlite3Statement {
  /** Whether it returns rows. */
  readonly reader: boolean;
  /** Runs to completion and returns all rows. */
  all(...params: unknown[]): unknown[];
  /** Runs up to the first row. */
  get(...params: unknown[]): unknown;
  /** Runs to completion and returns the changes. */
  run(...params: unknown[]): {
    readonly changes: number;
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
  /** Whether rows are returned as arrays. */
  raw(enabled: boolean): unknown;
  /** Whether integers are returned as bigints. */
  safeIntegers(enabled: boolean): unknown;
}

/** What is used of a `Database` of better-sqlite3. */
export interface BetterSqlite3Handle {
  /** Whether the database is open. */
  readonly open: boolean;
  /** Whether a transaction is open. */
  readonly inTransaction: boolean;
  /** Prepares a statement. */
  prepare(sql: string): BetterSqlite3Statement;
  /** Copies the database into a file, some pages at a time. */
  backup(
    path: string,
    options: { readonly progress: (progress: BackupProgress) => number },
  ): Promise<BackupProgress>;
  /** Closes the database. */
  close(): unknown;
}

/** The package, or its fork that encrypts files. */
export type BetterSqlite3Package = "better-sqlite3" | "better-sqlite3-multiple-ciphers";

/**
 * Tells from which package a handle or the prototype of a class comes: only the fork has keys.
 *
 * @param value A handle or a prototype.
 */
export function packageOf(value: unknown): BetterSqlite3Package {
  return hasMethods(value, ["key", "rekey"]) ? "better-sqlite3-multiple-ciphers" : "better-sqlite3";
}

/**
 * Whether a value is a handle of better-sqlite3.
 *
 * @param value Any value.
 */
export function isBetterSqlite3Handle(value: unknown): value is BetterSqlite3Handle {
  return brandOf(value) === undefined && typeof read(value, "inTransaction") === "boolean" &&
    hasMethods(value, ["prepare", "exec", "close", "defaultSafeIntegers", "unsafeMode"]) &&
    // libsql has the same methods and more.
    !hasMethods(value, ["sync"]);
}
