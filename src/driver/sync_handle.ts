/**
 * What a connection needs from a synchronous driver: the interfaces that adapters implement.
 *
 * @module
 */

import type { ColumnDescription, Row, SQLiteValue } from "../sqlite/types.ts";
import type { Statement } from "../sqlite/scan.ts";
import type { BindLimits } from "../sqlite/bind.ts";

/** The changes made by a statement. */
export interface Changes {
  /** The number of rows inserted, updated or deleted by the last statement that changed any. */
  readonly changes: number;
  /**
   * The value of `last_insert_rowid()`, whichever statement set it. Exact: a bigint if a number
   * could not hold it.
   */
  readonly lastInsertRowid: number | bigint;
}

/** The rows of a running statement, one at a time. */
export interface SyncCursor {
  /** The values of the next row; `undefined` after the last one. */
  next(): SQLiteValue[] | undefined;
  /** Ends the statement and frees its locks. A second call does nothing. */
  close(): void;
}

/**
 * A prepared statement of a driver.
 *
 * Values are passed as {@linkcode bindValues} returns them, one for each parameter in the order of
 * `Statement.parameters`; each method may modify the array. Safe integers must be stored as
 * INTEGER, all other numbers and -0 as REAL. Blobs are returned as plain `Uint8Array`, text as it
 * was stored.
 *
 * `exact` requests all integers as bigints. Without it they may be numbers, which is faster; if one
 * is outside the safe range, the caller runs a SELECT again with `exact`. A driver that cannot
 * distinguish INTEGER from REAL returns numbers and declares "int-mode".
 *
 * Every method may throw whatever the driver throws; it is then passed to `resultCodeOf`.
 * Afterwards the statement must be reusable and hold no lock.
 */
export interface SyncStatement {
  /** Whether it must be prepared again before its next use. */
  readonly once?: boolean;
  /**
   * Returns the result column names, including duplicates; empty for a statement without rows.
   * Called once before the first execution, when `undefined` means that they are not known yet, and
   * after each execution that may have changed them, when they must be known and must match the
   * rows of that execution.
   */
  columns(): readonly string[] | undefined;
  /** Describes the result columns of a statement that has just been prepared. */
  describe?(): ColumnDescription[];
  /** Whether `columns()` may have changed since its last call. Default: always. */
  mayHaveNewColumns?(): boolean;
  /**
   * Runs to completion and returns all rows. Called for statements that return rows or may do so.
   */
  all(values: SQLiteValue[], exact: boolean): SQLiteValue[][];
  /** Runs a SELECT up to its first row, if any, and ends it, releasing all locks. */
  first(values: SQLiteValue[], exact: boolean): SQLiteValue[] | undefined;
  /**
   * Returns the rows as plain objects, equal to those of `objectRow`, if the driver creates them
   * faster. Called for a SELECT whose integers need no conversion.
   *
   * @returns The rows; `undefined` if `all` or `first` is faster for this statement.
   */
  objects?(values: SQLiteValue[], exact: boolean, firstRowOnly: boolean): Row[] | undefined;
  /** Runs a statement that returns no rows to completion. */
  run(values: SQLiteValue[]): Changes;
  /**
   * Starts a SELECT whose rows are read one by one, with all integers as bigints. The cursor ends
   * before the statement is used again; other statements may run in the meantime.
   */
  iterate(values: SQLiteValue[]): SyncCursor;
  /** Frees the statement if the driver can. Must not throw, even if the handle is closed. */
  finalize(): void;
}

/** A database handle of a driver. */
export interface SyncHandle extends BindLimits {
  /** The driver's own object. */
  readonly raw: unknown;
  /** The SQLite library that the driver brings; see `DriverConnection`. */
  readonly library?: string;
  /** Whether files may stay open after the connection was closed. */
  readonly closesLate?: boolean;
  /** Whether a transaction is open. Throws if the handle was closed elsewhere. */
  readonly inTransaction: boolean;
  /** Prepares one statement. Throws the driver's error if SQLite rejects it. */
  prepare(statement: Statement): SyncStatement;
  /**
   * Rolls back an open transaction and closes the database. Called once, after all statements were
   * finalized. Does nothing if the handle was closed elsewhere.
   */
  close(): void;
  /** Returns SQLite's extended result code for a driver error; `undefined` if there is none. */
  resultCodeOf(error: unknown): number | undefined;
}

/**
 * Creates a cursor over rows that were already read.
 *
 * @param rows The rows.
 */
export function cursorOver(rows: SQLiteValue[][]): SyncCursor {
  let at = 0;
  return {
    next: () => rows[at++],
    close: () => {
      at = rows.length;
    },
  };
}
