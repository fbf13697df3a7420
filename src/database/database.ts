/**
 * A database as its users see it, whatever it is made of.
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

/** How a call waits, and how its rows are made. */
export type CallOptions<R> = ConnectionOptions<R>;

/** Which connection `connection` lends, and how its caller waits for it. */
export interface DatabaseConnectionOptions<R> extends ConnectionOptions<R> {
  /** The writer, which nobody else writes through meanwhile, instead of a reader. Default: false. */
  write?: boolean;
}

/** How `write` runs. */
export interface WriteOptions extends AcquireOptions {
  /** How the transaction begins. Default: "immediate". */
  mode?: TransactionMode;
  /** How often a deferred transaction whose snapshot went stale starts over. Default: 0. */
  retries?: number;
}

/** Where a session continues. */
export interface SessionOptions {
  /** The bookmark of another session: this one sees whatever that one had written and read. */
  after?: string;
}

/**
 * Reads and writes that see their own writes and never go back in time, wherever the database is.
 * Made by `db.session()`; a user's session ends without being closed.
 */
export interface Session<R = Row> extends
  Pick<
    Database<R>,
    | ("get" | "all" | "value" | "values" | "iterate" | "read")
    | ("execute" | "run" | "batch" | "executeScript" | "write")
  > {
  /**
   * What this session has seen, as text: `db.session({ after })` continues from there, in this
   * process or another. Empty where every reader sees all that is committed, as in a file.
   */
  readonly bookmark: string;
}

/** The pools of a database. */
export interface DatabaseStats {
  /** Those of the writer; `undefined` for a database that was opened read-only. */
  readonly writer: PoolStats | undefined;
  /** Those of the readers; of a database in memory they are the same as the writer's. */
  readonly readers: PoolStats;
  /** Threads of both; `undefined` where statements run inline. */
  readonly threads: ThreadStats | undefined;
  /** With `execution: "auto"`, the connection for quick reads. */
  readonly inline: PoolStats | undefined;
  /** With `execution: "auto"`, what is known of single reads, by their text; empty otherwise. */
  readonly statements: readonly StatementStats[];
}

/**
 * A database with one writer and many readers. Made by `openDatabase`. `R` is what its rows are.
 *
 * Reads run on a reader each and never wait for writes. Writes queue for the one writer; those
 * of `run` that meet there share a commit.
 *
 * Every call may reject with a `PoolConnectionAcquireTimeoutError` when its connection does not
 * become free in time, with the reason of its `signal`, and with a `PoolClosedError` after `close`.
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
  /** Whether `close` was called: new calls are refused. */
  readonly closed: boolean;
  /** Gauges and counters of the writer and the readers. */
  readonly stats: DatabaseStats;
  /**
   * The first row of one statement, read by a reader.
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
   * All rows of one statement, read by a reader.
   *
   * @param query SQL text or an `sql` query.
   * @param params values by position or by name.
   * @param options how to wait, and the row factory of this call.
   * @returns the rows; an empty array if there are none.
   * @throws {SQLiteError} if SQLite rejects the statement, or it writes.
   */
  all<T = R>(query: Query, params?: BindParams, options?: CallOptions<T>): Promise<T[]>;
  /**
   * All rows of one statement as arrays, read by a reader. Columns of the same name are all kept.
   *
   * @param query SQL text or an `sql` query.
   * @param params values by position or by name.
   * @param options how to wait for a reader.
   * @returns the values of each row in column order.
   * @throws {SQLiteError} if SQLite rejects the statement, or it writes.
   */
  values(query: Query, params?: BindParams, options?: AcquireOptions): Promise<SQLiteValue[][]>;
  /**
   * The first value of the first row of one statement, read by a reader.
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
   * Rows one after the other, from a reader that is held until the loop ends. All of them are of
   * one snapshot.
   *
   * @param query SQL text or an `sql` query.
   * @param params values by position or by name.
   * @param options wait for the reader, and row factory of this call.
   * @returns an iterator for `for await`, to be used once; nothing happens before its first row.
   * @throws {QueryTimeoutError} when one row takes longer than `timeoutMs` or `queryTimeoutMs`.
   */
  iterate<T = R>(
    query: Query,
    params?: BindParams,
    options?: CallOptions<T>,
  ): AsyncIterableIterator<T>;
  /**
   * Runs `fn` on one snapshot of the database: whatever is committed meanwhile, it does not see.
   *
   * @param fn gets the connection, which is dead once `fn` has settled.
   * @param options wait for the reader; `timeoutMs` is the limit of `fn` too.
   * @returns what `fn` returns.
   * @throws {QueryTimeoutError} after `timeoutMs` or `queryTimeoutMs`.
   */
  read<S>(
    fn: (snapshot: Connection<R>) => S | PromiseLike<S>,
    options?: AcquireOptions,
  ): Promise<S>;
  /**
   * Runs one statement on the writer. Inserts, updates and deletes that meet in the queue share
   * one transaction; each is answered when it is committed, and fails alone if it fails.
   *
   * @param query SQL text or an `sql` query.
   * @param params values by position or by name.
   * @param options how to wait, and the row factory of this call.
   * @returns what the statement gave back, rows of RETURNING included.
   * @throws {SQLiteError} if SQLite rejects the statement, or the database stays locked.
   */
  run<T = R>(
    query: Query,
    params?: BindParams,
    options?: StatementOptions<T>,
  ): Promise<ResultSet<T>>;
  /**
   * Runs one statement where it belongs, for callers who do not know what it is: on a reader when
   * its text says that it only reads, and otherwise on the writer, as `run` does.
   *
   * @param query SQL text or an `sql` query.
   * @param params values by position or by name.
   * @param options how to wait, and the row factory of this call.
   * @returns columns, rows, and what the statement changed.
   * @throws {SQLiteError} if SQLite rejects the statement, or the database stays locked.
   * @throws {SQLitePoolError} when the statement begins or ends a transaction.
   */
  execute<T = R>(
    query: Query,
    params?: BindParams,
    options?: StatementOptions<T>,
  ): Promise<ResultSet<T>>;
  /**
   * Runs statements in one transaction: all of them or none. Short batches of inserts, updates and
   * deletes share a commit with the writes they meet, as those of `run` do.
   *
   * @param statements what to run, in this order.
   * @param options how to wait for the writer.
   * @returns a result for each statement.
   * @throws {SQLiteError} for the first statement that fails; nothing has happened then.
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
  batch(
    statements: readonly BatchStatement[],
    options?: AcquireOptions,
  ): Promise<ResultSet<R>[]>;
  /**
   * Runs every statement of a script on the writer, up to the first that fails. It is no
   * transaction unless the script makes it one.
   *
   * @param sql the statements, without parameters.
   * @param options how to wait for the writer.
   * @throws {SQLiteError} when a statement fails; those before it have taken effect.
   */
  executeScript(sql: string, options?: AcquireOptions): Promise<void>;
  /**
   * Runs `fn` in a transaction on the writer: commits when it returns, rolls back when it throws.
   * The connection it gets is dead afterwards.
   *
   * @param fn gets the connection.
   * @param options wait for the turn, which is the limit of `fn` too; mode and retries.
   * @returns what `fn` returns, once it is committed.
   * @throws what `fn` throws, after the rollback.
   * @throws {QueryTimeoutError} after `timeoutMs` or `queryTimeoutMs`.
   */
  write<S>(
    fn: (tx: Connection<R>) => S | PromiseLike<S>,
    options?: WriteOptions,
  ): Promise<S>;
  /**
   * Begins a session. In a file it has nothing to wait for; on servers with replicas, it waits for
   * what it and the session of the bookmark have seen.
   *
   * @param options the bookmark to continue from, of the same database.
   * @returns the session, for as long as it is wanted.
   * @throws {TypeError} when `after` is not a bookmark.
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
   * Borrows a connection, for code that begins and ends its transactions by itself. Release it, or
   * bind it with `await using`.
   *
   * With `write`, it is the writer: `run`, `batch` and `write` wait until it is released, so never
   * await one of them meanwhile. Otherwise it is a reader, on which statements that write fail, and
   * whose transactions begin "deferred" unless told otherwise.
   *
   * @param options which connection; wait and row factory of this lease.
   * @returns the connection, which is yours alone until it is released.
   * @throws {SQLiteError} for the writer of a database that was opened read-only.
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
   * Moves what is in the write-ahead log into the database file.
   *
   * @param mode how far it goes, and for whom it waits. Default: "passive", which waits for nobody.
   * @param options how to wait for the writer.
   * @returns how much was moved; `busy` when somebody was in the way.
   */
  checkpoint(mode?: CheckpointMode, options?: AcquireOptions): Promise<CheckpointResult>;
  /**
   * Copies the database into a new file while it is in use.
   *
   * @param path a file that does not exist yet.
   * @param options progress, and how long it may take: `timeoutMs` covers the copying too.
   * @returns when the copy is complete.
   * @throws {SQLitePoolError} if the file already exists.
   * @throws {SQLiteError} when the copy cannot be written.
   */
  backup(path: string, options?: BackupOptions): Promise<void>;
  /**
   * Closes the database: new calls are refused, writes in the queue and reads under way may
   * finish until the deadline, the log is emptied. Every call returns the same promise.
   *
   * @param options the deadline; `operationTimeoutMs` without it.
   */
  close(options?: CloseOptions): Promise<void>;
  /** Closes the database at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void>;
}
