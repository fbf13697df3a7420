/**
 * The connection interface: queries, cursors and transactions.
 *
 * @module
 */

import { describeValue } from "../platform/describe.ts";
import { SQLitePoolError } from "../pool/errors.ts";
import type {
  BindParams,
  ResultSet,
  Row,
  SQLiteValue,
  StatementDescription,
} from "../sqlite/types.ts";
import type { Query, QueryOptions, ResultOptions } from "./query.ts";

/**
 * How a transaction begins: "immediate" takes the write lock at once, "deferred" at the first
 * write, and "exclusive" also locks out readers unless the database is in WAL mode.
 */
export type TransactionMode = "deferred" | "immediate" | "exclusive";

/** Options of a transaction. */
export interface TransactionOptions {
  /** How the transaction begins. Ignored in a nested transaction. Default: "immediate". */
  mode?: TransactionMode;
}

/** Runs on a connection and may return a promise. */
export type ConnectionCallback<R, T> = (connection: Connection<R>) => T | PromiseLike<T>;

/**
 * A connection held by a caller. `R` is the default type of its rows.
 *
 * After its release, or once the callback that received it has settled, every call rejects with a
 * `ConnectionReleasedError`.
 *
 * @example
 * ```ts
 * import { DatabaseSync } from "node:sqlite";
 * import { type Connection, SQLiteConnectionPool } from "@sqlitepool/pool";
 *
 * async function countUsers(conn: Connection): Promise<number> {
 *   const row = await conn.get<{ count: number }>("SELECT count(*) AS count FROM users");
 *   return row!.count;
 * }
 *
 * const pool = new SQLiteConnectionPool(() => new DatabaseSync("app.db"));
 * await pool.execute("CREATE TABLE IF NOT EXISTS users (id INTEGER PRIMARY KEY, name TEXT)");
 * console.log(await pool.withConnection(countUsers));
 * await pool.close();
 * ```
 */
export interface Connection<R = Row> {
  /** The driver's own handle. The pool does not notice what is done through it. */
  readonly raw: unknown;
  /** Whether a transaction is open. */
  readonly inTransaction: boolean;
  /**
   * Runs one statement.
   *
   * @param query SQL text or an `sql` query.
   * @param params values by position or by name; none for an `sql` query.
   * @param options how rows are created.
   * @returns columns, rows and changes.
   * @throws {SQLiteError} if SQLite rejects the statement, or the text is not exactly one
   *   statement.
   * @throws {TypeError | RangeError} if the parameters do not match the statement.
   */
  execute<T = R>(
    query: Query,
    params?: BindParams,
    options?: ResultOptions<T>,
  ): Promise<ResultSet<T>>;
  /**
   * An alias of {@linkcode Connection.execute} that marks a statement as a write for readers of the
   * code.
   *
   * @param query SQL text or an `sql` query.
   * @param params values by position or by name.
   * @param options how the rows of RETURNING are created.
   * @returns columns, rows of RETURNING and changes.
   */
  run<T = R>(query: Query, params?: BindParams, options?: ResultOptions<T>): Promise<ResultSet<T>>;
  /**
   * Runs one statement and returns all its rows.
   *
   * @param query SQL text or an `sql` query.
   * @param params values by position or by name.
   * @param options how rows are created.
   * @returns the rows; an empty array if there are none.
   */
  all<T = R>(query: Query, params?: BindParams, options?: QueryOptions<T>): Promise<T[]>;
  /**
   * Runs one statement and returns its first row.
   *
   * @param query SQL text or an `sql` query.
   * @param params values by position or by name.
   * @param options how the row is created.
   * @returns the row; `undefined` if there is none.
   */
  get<T = R>(
    query: Query,
    params?: BindParams,
    options?: QueryOptions<T>,
  ): Promise<T | undefined>;
  /**
   * Runs one statement and returns its rows as arrays, including columns with equal names.
   *
   * @param query SQL text or an `sql` query.
   * @param params values by position or by name.
   * @returns the values of each row in column order.
   */
  values(query: Query, params?: BindParams): Promise<SQLiteValue[][]>;
  /**
   * Runs one statement and returns the first value of its first row.
   *
   * @param query SQL text or an `sql` query.
   * @param params values by position or by name.
   * @returns the value; `undefined` if there is no row.
   */
  value(query: Query, params?: BindParams): Promise<SQLiteValue | undefined>;
  /**
   * Iterates over the rows of one statement with `for await`. The statement starts at the first
   * row; its cursor closes with the loop or the connection.
   *
   * @param query SQL text or an `sql` query.
   * @param params values by position or by name.
   * @param options how rows are created.
   * @returns an iterator that can be used once.
   */
  iterate<T = R>(
    query: Query,
    params?: BindParams,
    options?: QueryOptions<T>,
  ): AsyncIterableIterator<T>;
  /**
   * Tells what a statement is, without running it: whether it only reads, and what its columns and
   * parameters are. Not every driver can.
   *
   * @param query SQL text or an `sql` query.
   * @returns the description, of the schema as this connection sees it.
   * @throws {SQLiteError} when SQLite refuses the statement, when it is a PRAGMA that takes effect
   *   while it is prepared, or when the driver cannot tell.
   */
  describe(query: Query): Promise<StatementDescription>;
  /**
   * Runs the statements of a script until one fails. A script is a transaction only if it contains
   * BEGIN and COMMIT.
   *
   * @param sql the statements, without parameters.
   * @throws {SQLiteError} if a statement fails; those before it have taken effect.
   */
  executeScript(sql: string): Promise<void>;
  /**
   * Begins a transaction, which you end with `commit` or `rollback`. If it takes the write lock, it
   * waits for its turn, and up to `busyTimeoutMs` for other processes.
   *
   * @param mode when to take the write lock. Default: "immediate".
   * @throws {SQLiteError} if a transaction is already open, or the database stays locked.
   */
  begin(mode?: TransactionMode): Promise<void>;
  /** Commits; does nothing outside a transaction. */
  commit(): Promise<void>;
  /** Rolls back; does nothing outside a transaction. */
  rollback(): Promise<void>;
  /**
   * Runs `fn` in a transaction, which is committed when it returns and rolled back when it throws.
   * Inside another transaction it is a savepoint.
   *
   * @param fn receives this connection.
   * @param options how the transaction begins.
   * @returns the result of `fn`, after the commit.
   * @throws the error of `fn`, after the rollback.
   */
  transaction<T>(fn: ConnectionCallback<R, T>, options?: TransactionOptions): Promise<T>;
}

/**
 * A connection on loan from a pool: yours alone until you release it. What is left open then, a
 * transaction or a cursor, is rolled back or closed before the next one gets it. Made by
 * `SQLiteConnectionPool.connection()`.
 *
 * @example
 * ```ts
 * import { DatabaseSync } from "node:sqlite";
 * import { SQLiteConnectionPool } from "@sqlitepool/pool";
 *
 * const pool = new SQLiteConnectionPool(() => new DatabaseSync("app.db"));
 * const conn = await pool.connection();
 * try {
 *   await conn.execute("SELECT 1");
 * } finally {
 *   await conn.release();
 * }
 * await pool.close();
 * ```
 */
export interface PooledConnection<R = Row> extends Connection<R> {
  /**
   * Gives the connection back. A second call does nothing; any other call then rejects with a
   * `ConnectionReleasedError`.
   *
   * @returns when the connection has been cleaned up and handed on. It never rejects: one that
   *   cannot be cleaned up is closed, and replaced when somebody waits.
   */
  release(): Promise<void>;
  /**
   * Closes the connection instead of giving it back, for one that you do not trust any more. What
   * is open on it is rolled back, and the pool opens another one when somebody needs it. A database
   * in memory would be lost with its connection: there the connection is released instead.
   *
   * @returns when the connection has left the pool. It never rejects.
   */
  discard(): Promise<void>;
  /** Releases at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * A transaction ended before its callback: SQLite rolled it back (`OR ROLLBACK`, `RAISE(ROLLBACK)`,
 * a full disk, an I/O error), or the callback called `rollback()`. None of its changes have taken
 * effect, and it accepts no further statements. `cause` is the error that ended it.
 */
export class TransactionEndedError extends SQLitePoolError {
  /** Always `"TransactionEndedError"`. */
  override readonly name: string = "TransactionEndedError";
}

const BEGIN: Readonly<Record<TransactionMode, string>> = {
  deferred: "BEGIN DEFERRED",
  immediate: "BEGIN IMMEDIATE",
  exclusive: "BEGIN EXCLUSIVE",
};

/** Returns the statement. Throws a TypeError for an unknown mode. */
export function beginStatement(mode: TransactionMode): string {
  if (Object.hasOwn(BEGIN, mode)) return BEGIN[mode];
  throw new TypeError(
    `mode must be "deferred", "immediate" or "exclusive"; got ${describeValue(mode)}`,
  );
}

/** Throws a TypeError for anything but a function. */
export function checkTransactionCallback(method: string, fn: unknown): void {
  if (typeof fn === "function") return;
  throw new TypeError(
    `${method} takes a function that gets a connection; got ${describeValue(fn)}. Write ` +
      `${method}(async (tx) => { ... }).`,
  );
}
