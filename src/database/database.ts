/**
 * The database interface, common to all kinds of databases.
 *
 * @module
 */

import type { AcquireOptions, CloseOptions } from "../pool/options.ts";
import type {
  BindParams,
  ResultSet,
  Row,
  SQLiteValue,
  StatementDescription,
} from "../sqlite/types.ts";
import type { ProcessStats } from "../process/process_factory.ts";
import type { ThreadStats } from "../worker/thread_factory.ts";
import type { BackupOptions } from "./backup.ts";
import type { BatchStatement } from "./writing/batch.ts";
import type { Connection, TransactionMode } from "../connections/connection.ts";
import type { Query } from "../connections/query.ts";
import type {
  ConnectionOptions,
  PoolStats,
  StatementOptions,
} from "../connections/connection_pool.ts";
import type { PooledConnection } from "../connections/leased_connection.ts";
import type { StatementStats } from "./router.ts";
import type { CheckpointMode, CheckpointResult } from "./checkpointer.ts";

/** How a call waits, and how its rows are created. */
export type CallOptions<R> = ConnectionOptions<R>;

/** Which connection `connection` acquires, and how to wait for it. */
export interface DatabaseConnectionOptions<R> extends ConnectionOptions<R> {
  /** Acquire the writer, exclusively, instead of a reader. Default: false. */
  write?: boolean;
}

/** Options of `write`. */
export interface WriteOptions extends AcquireOptions {
  /** How the transaction begins. Default: "immediate". */
  mode?: TransactionMode;
  /** How often to restart a deferred transaction whose snapshot has become stale. Default: 0. */
  retries?: number;
}

/** Options of a session. */
export interface SessionOptions {
  /**
   * The bookmark of another session: this one sees everything that session has written and read.
   */
  after?: string;
}

/**
 * Reads and writes that see their own writes and never go back in time, wherever the database is.
 * Created by `db.session()`. It needs no closing.
 */
export interface Session<R = Row> extends
  Pick<
    Database<R>,
    | ("get" | "all" | "value" | "values" | "iterate" | "read")
    | ("execute" | "run" | "batch" | "executeScript" | "write")
  > {
  /**
   * What this session has seen, as text: `db.session({ after })` continues from there, in this
   * process or another. Empty if every reader sees all commits, as with a file.
   */
  readonly bookmark: string;
}

/** Statistics of a database. */
export interface DatabaseStats {
  /** The writer; `undefined` for a read-only database. */
  readonly writer: PoolStats | undefined;
  /** The readers; the same as the writer for a database in memory. */
  readonly readers: PoolStats;
  /** The threads of both; `undefined` if there are none. */
  readonly threads: ThreadStats | undefined;
  /** The processes of both; `undefined` if there are none. */
  readonly processes?: ProcessStats;
  /** With `execution: "auto"`, the connection for quick reads. */
  readonly inline: PoolStats | undefined;
  /** With `execution: "auto"`, what is known about single reads, by text; otherwise empty. */
  readonly statements: readonly StatementStats[];
}

/**
 * A database with one writer and many readers, opened by `openDatabase`. `R` is the type of its
 * rows.
 *
 * Each read runs on a reader and never waits for writes. Writes queue for the single writer; `run`
 * calls that meet there share a commit.
 *
 * Every call may reject with a `PoolConnectionAcquireTimeoutError` if no connection becomes free in
 * time, with the reason of its `signal`, and with a `PoolClosedError` after `close`.
 *
 * @example
 * ```ts
 * import { openDatabase } from "@sqlitepool/pool";
 *
 * const db = await openDatabase("app.db");
 * await db.run("CREATE TABLE IF NOT EXISTS users (id INTEGER PRIMARY KEY, name TEXT)");
 * await db.write(async (tx) => {
 *   await tx.run("INSERT INTO users (name) VALUES (?)", ["Alice"]);
 *   await tx.run("INSERT INTO users (name) VALUES (?)", ["Bob"]);
 * });
 * for await (const user of db.iterate("SELECT * FROM users")) console.log(user);
 * await db.close();
 * ```
 */
export interface Database<R = Row> {
  /** The absolute path of its file; `":memory:"`, or the URL of the server without credentials. */
  readonly path: string;
  /** Whether `close` was called. New calls are then refused. */
  readonly closed: boolean;
  /** Current gauges and counters of the writer and the readers. */
  readonly stats: DatabaseStats;
  /**
   * Runs one statement on a reader and returns its first row.
   *
   * @param query SQL text or an `sql` query.
   * @param params values by position or by name.
   * @param options how to wait, and the row factory of this call.
   * @returns the row; `undefined` if there is none.
   * @throws {SQLiteError} if SQLite rejects the statement, or it writes.
   */
  get<T = R>(
    query: Query,
    params?: BindParams,
    options?: CallOptions<T>,
  ): Promise<T | undefined>;
  /**
   * Runs one statement on a reader and returns all its rows.
   *
   * @param query SQL text or an `sql` query.
   * @param params values by position or by name.
   * @param options how to wait, and the row factory of this call.
   * @returns the rows; an empty array if there are none.
   * @throws {SQLiteError} if SQLite rejects the statement, or it writes.
   */
  all<T = R>(query: Query, params?: BindParams, options?: CallOptions<T>): Promise<T[]>;
  /**
   * Runs one statement on a reader and returns its rows as arrays, including columns with equal
   * names.
   *
   * @param query SQL text or an `sql` query.
   * @param params values by position or by name.
   * @param options how to wait for a reader.
   * @returns the values of each row in column order.
   * @throws {SQLiteError} if SQLite rejects the statement, or it writes.
   */
  values(query: Query, params?: BindParams, options?: AcquireOptions): Promise<SQLiteValue[][]>;
  /**
   * Runs one statement on a reader and returns the first value of its first row.
   *
   * @param query SQL text or an `sql` query.
   * @param params values by position or by name.
   * @param options how to wait for a reader.
   * @returns the value; `undefined` if there is no row.
   * @throws {SQLiteError} if SQLite rejects the statement, or it writes.
   */
  value(
    query: Query,
    params?: BindParams,
    options?: AcquireOptions,
  ): Promise<SQLiteValue | undefined>;
  /**
   * Iterates over the rows of one statement, on a reader that is held until the loop ends. All rows
   * are of one snapshot.
   *
   * @param query SQL text or an `sql` query.
   * @param params values by position or by name.
   * @param options how to wait for a reader, and the row factory of this call.
   * @returns an iterator for `for await`, which can be used once. Nothing runs before its first row
   *   is requested.
   * @throws {QueryTimeoutError} if one row takes longer than `timeoutMs` or `queryTimeoutMs`.
   */
  iterate<T = R>(
    query: Query,
    params?: BindParams,
    options?: CallOptions<T>,
  ): AsyncIterableIterator<T>;
  /**
   * Runs `fn` on one snapshot of the database, which does not change with later commits.
   *
   * @param fn receives the connection, which cannot be used after `fn` has settled.
   * @param options how to wait for a reader; `timeoutMs` also limits `fn`.
   * @returns the result of `fn`.
   * @throws {QueryTimeoutError} after `timeoutMs` or `queryTimeoutMs`.
   */
  read<S>(
    fn: (snapshot: Connection<R>) => S | PromiseLike<S>,
    options?: AcquireOptions,
  ): Promise<S>;
  /**
   * Runs one statement on the writer. Inserts, updates and deletes that meet in the queue share one
   * transaction; each call settles after the commit, and a failure affects only its own call.
   *
   * @param query SQL text or an `sql` query.
   * @param params values by position or by name.
   * @param options how to wait, and the row factory of this call.
   * @returns the result of the statement, including rows of RETURNING.
   * @throws {SQLiteError} if SQLite rejects the statement, or the database stays locked.
   */
  run<T = R>(
    query: Query,
    params?: BindParams,
    options?: StatementOptions<T>,
  ): Promise<ResultSet<T>>;
  /**
   * Runs one statement of unknown kind: on a reader if its text shows that it only reads, otherwise
   * on the writer like `run`.
   *
   * @param query SQL text or an `sql` query.
   * @param params values by position or by name.
   * @param options how to wait, and the row factory of this call.
   * @returns columns, rows and changes.
   * @throws {SQLiteError} if SQLite rejects the statement, or the database stays locked.
   * @throws {SQLitePoolError} if the statement begins or ends a transaction.
   */
  execute<T = R>(
    query: Query,
    params?: BindParams,
    options?: StatementOptions<T>,
  ): Promise<ResultSet<T>>;
  /**
   * Runs statements in one transaction: all of them or none. Short batches of inserts, updates and
   * deletes share a commit with other writes, like `run`.
   *
   * @param statements the statements, in order.
   * @param options how to wait for the writer.
   * @returns a result for each statement.
   * @throws {SQLiteError} for the first statement that fails; none has then taken effect.
   *
   * @example
   * ```ts
   * import { openDatabase, sql } from "@sqlitepool/pool";
   *
   * const db = await openDatabase(":memory:");
   * await db.run("CREATE TABLE stock (part TEXT, count INTEGER)");
   * await db.batch([
   *   { sql: "INSERT INTO stock VALUES (?, ?)", params: ["bolt", 3] },
   *   { sql: sql`INSERT INTO stock VALUES (${"nut"}, ${5})` },
   * ]);
   * await db.close();
   * ```
   */
  batch<T = R>(
    statements: readonly BatchStatement<T>[],
    options?: AcquireOptions,
  ): Promise<ResultSet<T>[]>;
  /**
   * Runs the statements of a script on the writer until one fails. A script is a transaction only
   * if it contains BEGIN and COMMIT.
   *
   * @param sql the statements, without parameters.
   * @param options how to wait for the writer.
   * @throws {SQLiteError} if a statement fails; those before it have taken effect.
   */
  executeScript(sql: string, options?: AcquireOptions): Promise<void>;
  /**
   * Runs `fn` in a transaction on the writer, which is committed when it returns and rolled back
   * when it throws. The connection cannot be used afterwards.
   *
   * @param fn receives the connection.
   * @param options how to wait for the writer, the mode and the retries; `timeoutMs` also limits
   *   `fn`.
   * @returns the result of `fn`, after the commit.
   * @throws the error of `fn`, after the rollback.
   * @throws {QueryTimeoutError} after `timeoutMs` or `queryTimeoutMs`.
   */
  write<S>(
    fn: (tx: Connection<R>) => S | PromiseLike<S>,
    options?: WriteOptions,
  ): Promise<S>;
  /**
   * Begins a session. With a file it never waits; on servers with replicas its reads wait for what
   * it and the session of the bookmark have seen.
   *
   * @param options the bookmark to continue from, of the same database.
   * @returns the session.
   * @throws {TypeError} if `after` is not a bookmark.
   */
  session(options?: SessionOptions): Session<R>;
  /**
   * Tells what a statement is, without running it: whether it only reads, and what its columns and
   * parameters are. Not every driver can.
   *
   * @param query SQL text or an `sql` query.
   * @param options how to wait for a reader.
   * @returns the description, of the schema as it is committed.
   * @throws {SQLiteError} when SQLite refuses the statement, when it is a PRAGMA that takes effect
   *   while it is prepared, or when the driver cannot tell.
   */
  describe(query: Query, options?: AcquireOptions): Promise<StatementDescription>;
  /**
   * Acquires a connection, for code that manages its own transactions. Call its `release`, or
   * declare it with `await using`.
   *
   * With `write`, it is the writer: `run`, `batch` and `write` wait until it is released, so do not
   * await them in the meantime. Otherwise it is a reader, on which writes fail and transactions
   * begin "deferred" by default.
   *
   * @param options which connection, how to wait, and the row factory of this lease.
   * @returns the connection, which is exclusively yours until it is released.
   * @throws {SQLiteError} for the writer of a read-only database.
   *
   * @example
   * ```ts
   * import { openDatabase } from "@sqlitepool/pool";
   *
   * const db = await openDatabase(":memory:");
   * const conn = await db.connection({ write: true });
   * try {
   *   await conn.execute("CREATE TABLE users (name TEXT)");
   *   await conn.begin();
   *   await conn.run("INSERT INTO users VALUES (?)", ["Alice"]);
   *   await conn.commit();
   * } finally {
   *   await conn.release();
   * }
   * await db.close();
   * ```
   */
  connection<T = R>(options?: DatabaseConnectionOptions<T>): Promise<PooledConnection<T>>;
  /**
   * Copies the write-ahead log into the database file.
   *
   * @param mode how far it goes, and what it waits for. Default: "passive", which never waits.
   * @param options how to wait for the writer.
   * @returns how much was copied; `busy` if readers or writers prevented completion.
   */
  checkpoint(mode?: CheckpointMode, options?: AcquireOptions): Promise<CheckpointResult>;
  /**
   * Copies the database into a new file while it is in use.
   *
   * @param path a file that does not exist yet.
   * @param options progress, and how to wait; `timeoutMs` includes the copying.
   * @returns a promise that resolves when the copy is complete.
   * @throws {SQLitePoolError} if the file already exists.
   * @throws {SQLiteError} if the copy cannot be written.
   */
  backup(path: string, options?: BackupOptions): Promise<void>;
  /**
   * Closes the database: new calls are refused, queued writes and running reads may finish until
   * the deadline, and the log is truncated. Reads that wait for a reader are rejected, or served
   * with `drain`. Every call returns the same promise.
   *
   * @param options the timeout, `operationTimeoutMs` by default, and whether to serve waiters.
   */
  close(options?: CloseOptions): Promise<void>;
  /** Closes the database at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void>;
}
