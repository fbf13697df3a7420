/**
 * A connection as its holder uses it: rows in every shape, cursors, transactions.
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
 * How a transaction begins: "immediate" takes the write lock at once, "deferred" with the first
 * write, "exclusive" also keeps readers out unless the database is in WAL mode.
 */
export type TransactionMode = "deferred" | "immediate" | "exclusive";

/** How a transaction runs. */
export interface TransactionOptions {
  /** How the transaction begins. Without effect in a nested one. Default: "immediate". */
  mode?: TransactionMode;
}

/** Runs on a connection and may return a promise. */
export type ConnectionCallback<R, T> = (connection: Connection<R>) => T | PromiseLike<T>;

/**
 * A connection in the hands of its holder. `R` is what its rows are, unless a call says
 * otherwise.
 *
 * After its release, or once the callback it was lent to has settled, it is dead: every call
 * rejects with a `ConnectionReleasedError`.
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
  /** The driver's own handle. What is done through it the pool does not see. */
  readonly raw: unknown;
  /** Whether a transaction is open. */
  readonly inTransaction: boolean;
  /**
   * Runs one statement.
   *
   * @param query SQL text, or what the `sql` tag made.
   * @param params values by position or by name; none beside what the `sql` tag made.
   * @param options how the rows of this call are made.
   * @returns columns, rows, and what the statement changed.
   * @throws {SQLiteError} when SQLite refuses the statement, or when it is not exactly one.
   * @throws {TypeError | RangeError} when the parameters are not those the statement takes.
   */
  execute<T = R>(
    query: Query,
    params?: BindParams,
    options?: ResultOptions<T>,
  ): Promise<ResultSet<T>>;
  /**
   * The same as {@linkcode Connection.execute}, for statements that write: the name says so to
   * the reader.
   *
   * @param query SQL text, or what the `sql` tag made.
   * @param params values by position or by name.
   * @param options how the rows of RETURNING are made.
   * @returns columns, rows of RETURNING, and what the statement changed.
   */
  run<T = R>(query: Query, params?: BindParams, options?: ResultOptions<T>): Promise<ResultSet<T>>;
  /**
   * Runs one statement and gives all its rows.
   *
   * @param query SQL text, or what the `sql` tag made.
   * @param params values by position or by name.
   * @param options how the rows of this call are made.
   * @returns the rows; none is an empty array.
   */
  all<T = R>(query: Query, params?: BindParams, options?: QueryOptions<T>): Promise<T[]>;
  /**
   * Runs one statement and gives its first row.
   *
   * @param query SQL text, or what the `sql` tag made.
   * @param params values by position or by name.
   * @param options how the row is made.
   * @returns the row; `undefined` when there is none.
   */
  get<T = R>(
    query: Query,
    params?: BindParams,
    options?: QueryOptions<T>,
  ): Promise<T | undefined>;
  /**
   * Runs one statement and gives its rows as arrays. Columns of the same name are all kept.
   *
   * @param query SQL text, or what the `sql` tag made.
   * @param params values by position or by name.
   * @returns the values of each row, in the order of the columns.
   */
  values(query: Query, params?: BindParams): Promise<SQLiteValue[][]>;
  /**
   * Runs one statement and gives the first value of its first row.
   *
   * @param query SQL text, or what the `sql` tag made.
   * @param params values by position or by name.
   * @returns the value; `undefined` when there is no row.
   */
  value(query: Query, params?: BindParams): Promise<SQLiteValue | undefined>;
  /**
   * Gives the rows of one statement one after the other, for `for await`. The statement begins
   * with the first row that is asked for; its cursor closes with the loop, or with the connection.
   *
   * @param query SQL text, or what the `sql` tag made.
   * @param params values by position or by name.
   * @param options how the rows of this call are made.
   * @returns an iterator, to be used once.
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
   * @param query SQL text, or what the `sql` tag made.
   * @returns the description, of the schema as this connection sees it.
   * @throws {SQLiteError} when SQLite refuses the statement, when it is a PRAGMA that takes effect
   *   while it is prepared, or when the driver cannot tell.
   */
  describe(query: Query): Promise<StatementDescription>;
  /**
   * Runs every statement of a script, up to the first that fails. It is no transaction unless the
   * script makes it one.
   *
   * @param sql the statements, without parameters.
   * @throws {SQLiteError} when a statement fails; those before it have taken effect.
   */
  executeScript(sql: string): Promise<void>;
  /**
   * Begins a transaction, which you end with `commit` or `rollback`. One that takes the write lock
   * waits for its turn, and for up to `busyTimeoutMs` while another process has it.
   *
   * @param mode when the write lock is taken. Default: "immediate".
   * @throws {SQLiteError} when a transaction is open already, or the database stays locked.
   */
  begin(mode?: TransactionMode): Promise<void>;
  /** Commits; does nothing outside a transaction. */
  commit(): Promise<void>;
  /** Rolls back; does nothing outside a transaction. */
  rollback(): Promise<void>;
  /**
   * Runs `fn` in a transaction: commits when it returns, rolls back when it throws. Inside
   * another transaction it is a savepoint.
   *
   * @param fn gets this connection.
   * @param options how the transaction begins.
   * @returns what `fn` returns, once it is committed.
   * @throws what `fn` throws, after the rollback.
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
 * A transaction ended before its callback did: SQLite rolled it back by itself (`OR ROLLBACK`,
 * `RAISE(ROLLBACK)`, a full disk, an I/O error), or the callback did with `rollback()`. Nothing of
 * it has taken effect, and nothing more can be done in it. `cause` is the error that ended it.
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
