/**
 * Connections: the minimum that a user must provide, and what every adapter provides.
 *
 * @module
 */

import type {
  BindParams,
  ResultSet,
  Row,
  RowOptions,
  StatementDescription,
} from "../sqlite/types.ts";

/** The minimal interface of a pooled connection. Any object with these three methods qualifies. */
export interface AsyncConnection {
  /**
   * Runs one statement.
   *
   * @param sql the statement.
   * @param params values by position or by name.
   */
  execute<R = Row>(sql: string, params?: BindParams): Promise<ResultSet<R>>;
  /** Rolls back the open transaction; does nothing outside a transaction. */
  rollback(): Promise<void>;
  /** Closes the connection; a second call does nothing. */
  close(): Promise<void>;
}

/**
 * What can stop a running statement: a call of `interrupt` at any time, or only the time limit that
 * the statement was started with.
 */
export type CanInterrupt = "by call" | "by time limit";

/** How one statement runs. */
export interface ExecuteOptions<R> extends RowOptions<R> {
  /**
   * The time limit of the statement in milliseconds, above 0: it then fails with SQLITE_INTERRUPT.
   * Ignored unless `canInterrupt` is `"by time limit"`. Default: none.
   */
  readonly timeoutMs?: number;
}

/** What every adapter of this package provides: the three methods, and what leases build on. */
export interface DriverConnection extends AsyncConnection {
  /** The driver's own handle. */
  readonly raw: unknown;
  /** Whether a transaction is open, as far as is known. */
  readonly inTransaction: boolean;
  /**
   * Whether the driver itself reports `inTransaction`. Otherwise it is derived from the statements
   * that succeeded, and a pool rolls back to be safe.
   */
  readonly inTransactionIsCertain: boolean;
  /**
   * Runs one statement.
   *
   * @param sql the statement.
   * @param params values by position or by name.
   * @param options how rows are created, and how long it may take.
   * @returns columns, rows and changes.
   */
  execute<R = Row>(
    sql: string,
    params?: BindParams,
    options?: ExecuteOptions<R>,
  ): Promise<ResultSet<R>>;
  /** What can stop a running statement; absent if nothing can. */
  readonly canInterrupt?: CanInterrupt;
  /**
   * Stops the statement in progress, which fails with SQLITE_INTERRUPT unless it completes first. A
   * statement that the driver has not started yet is not stopped, so call it again until the
   * statement has settled. Statements that begin or end a transaction are never stopped. Only there
   * if `canInterrupt` is `"by call"`.
   */
  interrupt?(): void;
  /**
   * The synchronous form of `execute`; only synchronous drivers have it. The connection is free
   * again as soon as the call returns, without a promise.
   */
  executeSync?<R = Row>(sql: string, params?: BindParams, options?: RowOptions<R>): ResultSet<R>;
  /**
   * Begins a transaction that the following reads share, outside of any other, so that SQLite begins
   * and ends one for all of them. Only there if `executeSync` is.
   *
   * @returns false if none could begin; the reads then find out for themselves what is wrong.
   */
  beginReads?(): boolean;
  /**
   * Ends that transaction, unless an error has ended it.
   *
   * @returns false if it may still be open.
   */
  endReads?(): boolean;
  /**
   * Like `execute`, but fails without running the statement if no transaction is open. For
   * connections that take many calls at once: after a statement that ends the transaction, those
   * queued behind it must not run outside of one.
   */
  executeInTransaction?<R = Row>(
    sql: string,
    params?: BindParams,
    options?: RowOptions<R>,
  ): Promise<ResultSet<R>>;
  /**
   * Runs one statement in its own transaction, which leaves nothing behind if the statement fails
   * in SQLite. For connections that can do this faster than with three statements.
   */
  executeAlone?<R = Row>(
    sql: string,
    params?: BindParams,
    options?: RowOptions<R>,
  ): Promise<ResultSet<R>>;
  /**
   * Tells what a statement is, without running it. There for drivers that know the columns before.
   *
   * @param sql the statement.
   */
  describe?(sql: string): Promise<StatementDescription>;
  /** Streams rows, one per `next()`; `return()` closes the cursor at once. */
  iterate<R = Row>(
    sql: string,
    params?: BindParams,
    options?: RowOptions<R>,
  ): AsyncIterableIterator<R>;
  /** Runs every statement of a script. Scripts take no parameters. */
  executeScript(sql: string): Promise<void>;
  /**
   * Splits a script into statements. For connections that fail at once when the database is locked:
   * the pool runs the statements one by one, so that each can be retried.
   */
  splitScript?(sql: string): Iterable<string>;
  /**
   * False if a statement fails at once when the database is locked: the pool then waits for the
   * lock and retries. Synchronous drivers must never wait.
   */
  readonly waitsForLocks?: boolean;
  /**
   * The expected duration of the calls in progress, in milliseconds. For connections that take many
   * calls at once and answer them in order.
   */
  readonly backlogMs?: number;
  /**
   * The SQLite library behind the connection, if it may have a local file open: no two libraries
   * may open the same file.
   */
  readonly library?: string;
  /** The absolute path of that file, if it is known without asking SQLite. */
  readonly path?: string;
  /** Whether the file may stay open after the connection was closed; see `Driver`. */
  readonly closesLate?: boolean;
  /** Whether the connection ended unexpectedly and cannot be used any more. */
  readonly isLost?: boolean;
  /** Closes without waiting for calls in progress, which still settle. */
  abandon?(): void;
  /**
   * Ends the connection in the middle of a statement. The calls in progress fail, soon, with a
   * `ConnectionLostError` that says whether they have taken effect. A commit in progress has a second
   * to finish, and then the connection lives on. For connections in processes.
   */
  stop?(): void;
  /** Whether the connection was ended by `stop`. */
  readonly wasStopped?: boolean;
}
