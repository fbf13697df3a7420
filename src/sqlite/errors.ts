/**
 * The errors of the database, alike on every driver.
 *
 * @module
 */

import { codeName, primaryCode } from "./result_codes.ts";
import * as resultCode from "./result_codes.ts";

/**
 * SQLite, or the connection on its behalf, refused or failed to do something.
 *
 * Values of parameters never appear in the message. The error of the driver is the `cause`.
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
  /** The extended result code itself, such as 517. */
  readonly rawCode: number;
  /** The text of the statement that failed, without its parameters, where it is known. */
  readonly sql: string | undefined;
  /** Which statement of a batch failed: its place in the array, from 0 on. */
  declare readonly index?: number;

  /**
   * Makes an error with the names of its code.
   *
   * @param message What happened, without any value.
   * @param rawCode SQLite's extended result code.
   * @param options The error behind this one, as `cause`.
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
 * Notes which statement failed. Whoever noted one before was closer to it.
 *
 * @param error Any error.
 * @param sql The text of the statement.
 * @param index The place of the statement in a batch.
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
 * The file of a database was removed or replaced while it was open, so that a write would be lost
 * with the old file. Nothing was written. SQLite calls this `SQLITE_READONLY_DBMOVED`.
 */
export class DatabaseMovedError extends SQLiteError {
  /** Always `"DatabaseMovedError"`. */
  override readonly name: string = "DatabaseMovedError";

  /**
   * Makes the error for a file.
   *
   * @param message What happened to the file.
   */
  constructor(message: string) {
    super(message, resultCode.READONLY_DBMOVED);
  }
}

/**
 * An INTEGER came out that a JavaScript number cannot hold exactly. Nothing is ever rounded: the
 * message says how to read such numbers, most often with `intMode: "bigint"`.
 */
export class SQLiteIntegerRangeError extends SQLiteError {
  /** Always `"SQLiteIntegerRangeError"`. */
  override readonly name: string = "SQLiteIntegerRangeError";
  /** The column that holds the number. */
  readonly column: string;

  /**
   * Makes the error for a column.
   *
   * @param column The column that holds the number.
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
 * The error for a connection used in a way it does not support.
 *
 * @param message What was wrong and what to do instead.
 */
export function misuse(message: string): SQLiteError {
  return new SQLiteError(message, resultCode.MISUSE);
}

/** The error for a call on a closed connection. */
export function connectionClosed(): SQLiteError {
  return misuse("the connection is closed: open another one");
}
