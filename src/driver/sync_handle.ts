/**
 * What a connection needs of a synchronous driver: the little that adapters write.
 *
 * @module
 */

import type { Row, SQLiteValue } from "../sqlite/types.ts";
import type { Statement } from "../sqlite/scan.ts";
import type { NulText } from "../sqlite/bind.ts";

/** What a statement that gives no rows did. */
export interface Changes {
  /** Rows inserted, updated or deleted by the last statement that did any of these. */
  readonly changes: number;
  /** The rowid inserted last; exact, as a bigint where a number would not be. */
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
 * Values come in as {@linkcode bindValues} makes them, one for each parameter, in an array that
 * the statement may change. Any error of the driver may be thrown.
 *
 * `exact` asks for all integers as bigints. Without it they may be numbers too, which is faster;
 * one outside the safe range is then a sign for the caller to ask again.
 */
export interface SyncStatement {
  /** Whether it has to be prepared anew for its next use. */
  readonly once?: boolean;
  /**
   * Reads the names of the result columns; there are none for a statement without rows.
   * After an execution they are those of its rows, whatever has happened to the schema.
   */
  columns(): readonly string[];
  /** Whether they may have changed since they were last asked for; always, without this. */
  mayHaveNewColumns?(): boolean;
  /** Runs to the end and returns all rows. */
  all(values: SQLiteValue[], exact: boolean): SQLiteValue[][];
  /** Runs up to the first row. */
  first(values: SQLiteValue[], exact: boolean): SQLiteValue[] | undefined;
  /**
   * The same rows as plain objects, as `objectRow` makes them, from a driver that is faster at it.
   *
   * @returns The rows; `undefined` where `all` or `first` are faster after all.
   */
  objects?(values: SQLiteValue[], exact: boolean, firstRowOnly: boolean): Row[] | undefined;
  /** Runs to the end a statement that gives no rows. */
  run(values: SQLiteValue[]): Changes;
  /** Runs row by row, exactly. */
  iterate(values: SQLiteValue[]): SyncCursor;
  /** Frees the statement, where the driver can. */
  finalize(): void;
}

/** A database handle of a driver. */
export interface SyncHandle {
  /** The driver's own object. */
  readonly raw: unknown;
  /** The SQLite library that the driver brings; see `DriverConnection`. */
  readonly library?: string;
  /** Whether files may stay open after they were closed. */
  readonly closesLate?: boolean;
  /** Whether a transaction is open; false for a handle that is closed. */
  readonly inTransaction: boolean;
  /** Whether text with NUL characters survives the driver. */
  readonly nulText: NulText;
  /** Prepares one statement. */
  prepare(statement: Statement): SyncStatement;
  /** Closes the database. All statements have been finalized by then. */
  close(): void;
  /** SQLite's extended result code of what the driver threw; `undefined` where it gives none. */
  resultCodeOf(error: unknown): number | undefined;
}

/**
 * A cursor over rows that have been read already.
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
