/**
 * What a connection needs of a synchronous driver: the little that adapters write.
 *
 * @module
 */

import type { ColumnDescription, Row, SQLiteValue } from "../sqlite/types.ts";
import type { Statement } from "../sqlite/scan.ts";
import type { BindLimits } from "../sqlite/bind.ts";

/** What a statement has changed. */
export interface Changes {
  /** Rows inserted, updated or deleted by the last statement that did any of these. */
  readonly changes: number;
  /**
   * What `last_insert_rowid()` gives, whichever statement made it; exact, as a bigint where a
   * number would not be.
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
 * Values come in as {@linkcode bindValues} makes them, one for each parameter, in the order of
 * `Statement.parameters`; each method may change the array. Safe whole numbers have to be stored
 * as INTEGER, all other numbers and -0 as REAL. Blobs come out as plain `Uint8Array`, text as it
 * was stored.
 *
 * `exact` asks for all integers as bigints. Without it they may be numbers too, which is faster;
 * one outside the safe range is then a sign for the caller to ask again, of a SELECT only. A
 * driver that does not tell INTEGER from REAL gives numbers, and declares "int-mode".
 *
 * Every method may throw whatever the driver throws, which `resultCodeOf` then sees. The statement
 * must be fit for its next use after that, and hold no lock.
 */
export interface SyncStatement {
  /** Whether it has to be prepared anew for its next use. */
  readonly once?: boolean;
  /**
   * The names of the result columns, duplicates included; none for a statement without rows.
   * Asked for once before the first execution, where `undefined` says that they are not known
   * yet, and after each one that may have changed them, where they must be known. After an
   * execution they are those of its rows, whatever has happened to the schema.
   */
  columns(): readonly string[] | undefined;
  /** The same with what else is known of them, right after the statement was prepared. */
  describe?(): ColumnDescription[];
  /** Whether they may have changed since they were last asked for; always, without this. */
  mayHaveNewColumns?(): boolean;
  /** Runs to the end and returns all rows. Called for what gives rows, or may give some. */
  all(values: SQLiteValue[], exact: boolean): SQLiteValue[][];
  /** Runs a SELECT up to its first row, if there is one, and ends it: no lock may stay. */
  first(values: SQLiteValue[], exact: boolean): SQLiteValue[] | undefined;
  /**
   * The same rows as plain objects, as `objectRow` makes them, from a driver that is faster at it.
   * Called for a SELECT whose integers may come out as the driver gives them.
   *
   * @returns The rows; `undefined` where `all` or `first` are faster after all.
   */
  objects?(values: SQLiteValue[], exact: boolean, firstRowOnly: boolean): Row[] | undefined;
  /** Runs to the end a statement that gives no rows. */
  run(values: SQLiteValue[]): Changes;
  /**
   * Starts a SELECT whose rows are read one by one, with all integers as bigints. Its cursor ends
   * before the statement is used again; other statements run meanwhile.
   */
  iterate(values: SQLiteValue[]): SyncCursor;
  /** Frees the statement, where the driver can. Must not throw, not for a closed handle either. */
  finalize(): void;
}

/** A database handle of a driver. */
export interface SyncHandle extends BindLimits {
  /** The driver's own object. */
  readonly raw: unknown;
  /** The SQLite library that the driver brings; see `DriverConnection`. */
  readonly library?: string;
  /** Whether files may stay open after they were closed. */
  readonly closesLate?: boolean;
  /** Whether a transaction is open. Throws for a handle that somebody else has closed. */
  readonly inTransaction: boolean;
  /** Prepares one statement. Throws what the driver throws for one that SQLite refuses. */
  prepare(statement: Statement): SyncStatement;
  /**
   * Rolls back what is open and closes the database. All statements have been finalized by then.
   * Called once; does nothing for a handle that somebody else has closed.
   */
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
