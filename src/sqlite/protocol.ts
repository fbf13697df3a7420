/**
 * The vocabulary every layer above the pool speaks: values, parameters, rows, results,
 * and what a connection is.
 *
 * @module
 */

/** A value SQLite stores, as it comes out of a row. Blobs are always `Uint8Array`. */
export type SQLiteValue = null | number | bigint | string | Uint8Array;

/**
 * A value that may be bound to a parameter. Booleans are stored as 0 and 1, whole numbers as
 * INTEGER, other numbers as REAL, `ArrayBuffer` and its views as BLOB.
 */
export type BindValue = SQLiteValue | boolean | ArrayBuffer | ArrayBufferView;

/** Parameters by position, or by name with or without the prefix (`:id`, `@id`, `$id`, `id`). */
export type BindParams = readonly BindValue[] | Readonly<Record<string, BindValue>>;

/** A row as a plain object. Where two columns share a name, the last one wins. */
export type Row = Record<string, SQLiteValue>;

/**
 * Makes a row from the values of one row and the names of its columns.
 * `columns` is shared between rows: read it, do not change it.
 */
export type RowFactory<R> = (values: SQLiteValue[], columns: readonly string[]) => R;

/** What one statement gave back. */
export interface ResultSet<R = Row> {
  /** Column names in order, duplicates included; empty for a statement without rows. */
  columns: string[];
  /** The rows; empty for a statement without rows. */
  rows: R[];
  /** Rows inserted, updated or deleted by this statement; 0 for every other statement. */
  rowsAffected: number;
  /**
   * The rowid of the last row an INSERT or REPLACE made; `undefined` for any other statement, and
   * where nothing changed. For an upsert that updated, and for a table WITHOUT ROWID, SQLite
   * reports the rowid of an earlier insert on this connection: use RETURNING there.
   */
  lastInsertRowid: number | bigint | undefined;
}

/**
 * The least a connection must do to be pooled. Any object with these three methods is one,
 * whoever wrote it.
 */
export interface AsyncConnection {
  /**
   * Runs one statement.
   *
   * @param sql the statement.
   * @param params values by position or by name.
   */
  execute<R = Row>(sql: string, params?: BindParams): Promise<ResultSet<R>>;
  /** Rolls the open transaction back; does nothing outside a transaction. */
  rollback(): Promise<void>;
  /** Closes the connection; a second call does nothing. */
  close(): Promise<void>;
}

/** How the rows of one call are made. */
export interface RowOptions<R> {
  /** Makes each row; plain objects without it. */
  rowFactory?: RowFactory<R>;
  /** Stop after the first row. */
  firstRowOnly?: boolean;
}

/** What every adapter of this package provides: the three methods, and what a lease builds on. */
export interface DriverConnection extends AsyncConnection {
  /** The driver's own handle. */
  readonly raw: unknown;
  /** Whether a transaction is open, as far as can be known. */
  readonly inTransaction: boolean;
  /**
   * Whether `inTransaction` is the driver's own word. Otherwise it is told from the statements
   * that went through, and a pool rolls back to be safe.
   */
  readonly inTransactionIsCertain: boolean;
  /**
   * Runs one statement.
   *
   * @param sql the statement.
   * @param params values by position or by name.
   * @param options how its rows are made.
   * @returns columns, rows, and what the statement changed.
   */
  execute<R = Row>(
    sql: string,
    params?: BindParams,
    options?: RowOptions<R>,
  ): Promise<ResultSet<R>>;
  /**
   * The same as `execute`, in this very call; there for synchronous drivers only. Whoever has it
   * may hand the connection on as soon as a call returns, and need not make a promise.
   */
  executeSync?<R = Row>(sql: string, params?: BindParams, options?: RowOptions<R>): ResultSet<R>;
  /**
   * Runs one statement in a savepoint of its own inside the open transaction: if it fails, what it
   * changed is undone. Fails without having run it when no transaction is open. There for
   * connections that do it in less time than three statements take.
   */
  executeInSavepoint?<R = Row>(
    sql: string,
    params?: BindParams,
    options?: RowOptions<R>,
  ): Promise<ResultSet<R>>;
  /** Streams rows, one per `next()`; `return()` closes the cursor at once. */
  iterate<R = Row>(
    sql: string,
    params?: BindParams,
    options?: RowOptions<R>,
  ): AsyncIterableIterator<R>;
  /** Runs every statement of a script, without parameters. */
  executeScript(sql: string): Promise<void>;
  /**
   * The statements of a script. There for connections that fail at once when the database is
   * locked: the pool runs one statement after the other, so that each can be tried again.
   */
  splitScript?(sql: string): Iterable<string>;
  /**
   * False where a statement that finds the database locked fails at once: the pool then waits for
   * the lock, and tries again. Synchronous drivers must not wait in any case.
   */
  readonly waitsForLocks?: boolean;
  /**
   * What the calls under way are expected to take, in milliseconds; there for connections that
   * take many calls at once and answer them in order.
   */
  readonly backlogMs?: number;
  /** Whether the connection ended by itself, so that it cannot be used again. */
  readonly isLost?: boolean;
  /** Closes without waiting for calls under way, which settle all the same. */
  abandon?(): void;
}
