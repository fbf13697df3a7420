/**
 * The errors of the database, the same on every driver.
 *
 * @module
 */

import { withCallersStack } from "../platform/callers_stack.ts";
import { codeName, primaryCode } from "./result_codes.ts";
import * as resultCode from "./result_codes.ts";

/**
 * An error reported by SQLite, or by the connection on its behalf.
 *
 * The message never contains parameter values. The driver's error is the `cause`.
 *
 * @example
 * ```ts
 * import { SQLiteError, SQLiteConnectionPool } from "@sqlitepool/pool";
 *
 * async function addUser(pool: SQLiteConnectionPool, email: string): Promise<boolean> {
 *   try {
 *     await pool.withConnection((conn) => conn.run("INSERT INTO users(email) VALUES (?)", [email]));
 *     return true;
 *   } catch (error) {
 *     const taken = error instanceof SQLiteError &&
 *       error.extendedCode === "SQLITE_CONSTRAINT_UNIQUE";
 *     if (!taken) throw error;
 *     return false;
 *   }
 * }
 * ```
 */
export class SQLiteError extends Error {
  /** Always `"SQLiteError"`, or the name of the subclass: minifiers rename classes. */
  override readonly name: string = "SQLiteError";
  /** The name of the primary result code, such as `"SQLITE_BUSY"`. */
  readonly code: string;
  /** The name of the extended result code, such as `"SQLITE_BUSY_SNAPSHOT"`. */
  readonly extendedCode: string;
  /** The numeric extended result code, such as 517. */
  readonly rawCode: number;
  /** The text of the failed statement, without parameters, if known. */
  readonly sql: string | undefined;
  /** The zero-based index of the failed statement in a batch. */
  declare readonly index?: number;

  /**
   * Creates an error with the names of its code.
   *
   * @param message What happened, without any value.
   * @param rawCode SQLite's extended result code.
   * @param options The underlying error as `cause`.
   */
  constructor(message: string, rawCode: number, options?: ErrorOptions) {
    super(message, options);
    this.code = codeName(primaryCode(rawCode));
    this.extendedCode = codeName(rawCode);
    this.rawCode = rawCode;
    this.sql = undefined;
    this.index = undefined;
  }
}

/**
 * Records which statement failed, unless that is already recorded.
 *
 * @param error Any error.
 * @param sql The text of the statement.
 * @param index The index of the statement in a batch.
 * @returns The same error.
 */
export function withStatement<E>(error: E, sql: string, index?: number): E {
  if (!(error instanceof SQLiteError)) return error;
  const noted: { sql: string | undefined; index?: number } = error;
  noted.sql ??= sql;
  if (index !== undefined) noted.index ??= index;
  return error;
}

/**
 * The database file was removed or replaced while it was open, so a write would be lost with the
 * old file. Nothing was written. SQLite's code for this is `SQLITE_READONLY_DBMOVED`.
 */
export class DatabaseMovedError extends SQLiteError {
  /** Always `"DatabaseMovedError"`. */
  override readonly name: string = "DatabaseMovedError";

  /**
   * Creates the error for a file.
   *
   * @param message What happened to the file.
   */
  constructor(message: string) {
    super(message, resultCode.READONLY_DBMOVED);
  }
}

/**
 * An INTEGER cannot be represented exactly as a JavaScript number. Nothing is ever rounded: the
 * message says how to read such numbers, usually with `intMode: "bigint"`.
 */
export class SQLiteIntegerRangeError extends SQLiteError {
  /** Always `"SQLiteIntegerRangeError"`. */
  override readonly name: string = "SQLiteIntegerRangeError";
  /** The name of the column. */
  readonly column: string;

  /**
   * Creates the error for a column.
   *
   * @param column The name of the column.
   * @param remedy How to read it.
   */
  constructor(column: string, remedy: string = 'use intMode: "bigint" to read it') {
    super(
      `column ${JSON.stringify(column)} holds an integer that no JavaScript number can represent ` +
        `exactly: ${remedy}`,
      resultCode.RANGE,
    );
    this.column = column;
  }
}

/**
 * Creates the error for an unsupported use of a connection.
 *
 * @param message What is wrong and what to do instead.
 */
export function misuse(message: string): SQLiteError {
  return new SQLiteError(message, resultCode.MISUSE);
}

/** Creates the error for a call on a closed connection. */
export function connectionClosed(): SQLiteError {
  return misuse("the connection is closed: open another one");
}

/** Completes the stack of the error of an earlier call, unless it comes from a user's row factory. */
export function madeEarlier(error: unknown): unknown {
  return error instanceof SQLiteError ? withCallersStack(error) : error;
}
