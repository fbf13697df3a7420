/**
 * What a connection is: the least that a user must provide, and what every adapter provides.
 *
 * @module
 */

import type { BindParams, ResultSet, Row, RowOptions } from "../sqlite/types.ts";

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
   * The same as `execute`, but only while a transaction is open; fails without having run the
   * statement otherwise. There for connections that take many calls at once: a statement that
   * ends the transaction must not let those behind it run outside of one.
   */
  executeInTransaction?<R = Row>(
    sql: string,
    params?: BindParams,
    options?: RowOptions<R>,
  ): Promise<ResultSet<R>>;
  /**
   * Runs one statement in a transaction of its own: if it fails in SQLite, it has left nothing.
   * There for connections that do it in less time than three statements take.
   */
  executeAlone?<R = Row>(
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
  /**
   * The SQLite library behind the connection, where it may have a file of this machine open: no
   * two libraries may have the same one.
   */
  readonly library?: string;
  /** The absolute path of that file, where it is known without asking SQLite. */
  readonly path?: string;
  /** Whether the file may stay open after the connection was closed; see `Driver`. */
  readonly closesLate?: boolean;
  /** Whether the connection ended by itself, so that it cannot be used again. */
  readonly isLost?: boolean;
  /** Closes without waiting for calls under way, which settle all the same. */
  abandon?(): void;
}
