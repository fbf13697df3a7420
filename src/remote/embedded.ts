/**
 * Embedded replicas: a file of this machine that follows a server. Reads are local, writes go to
 * the server. The native part of `@libsql/client` keeps them in step.
 *
 * @module
 */

import { expectSqlite } from "../../adapters/native_driver.ts";
import { systemEnvironment, type Timer } from "../platform/clock.ts";
import { showOnConsole } from "../platform/inspect.ts";
import { workingDirectory } from "../platform/surroundings.ts";
import { PoolConnectionOpenError, SQLitePoolError } from "../pool/errors.ts";
import type { AcquireOptions, CloseOptions } from "../pool/options.ts";
import { gauges } from "../pool/stats.ts";
import { parseLocalLocation } from "../sqlite/location.ts";
import type {
  BindParams,
  ResultSet,
  Row,
  SQLiteValue,
  StatementDescription,
} from "../sqlite/types.ts";
import type { Connection } from "../connections/connection.ts";
import type { WatchedDatabase } from "../connections/observation/watch.ts";
import { type Query, textOf } from "../connections/query.ts";
import { SQLiteConnectionPool } from "../connections/connection_pool.ts";
import type { BatchStatement } from "../database/writing/batch.ts";
import type {
  CallOptions,
  Database,
  DatabaseConnectionOptions,
  DatabaseStats,
  Session,
  SessionOptions,
  WriteOptions,
} from "../database/database.ts";
import { plainSession } from "../database/session.ts";
import type { PooledConnection } from "../connections/leased_connection.ts";
import { KnownStatements } from "./known_statements.ts";
import type { EmbeddedOptions } from "./options.ts";
import { resolveEmbeddedOptions } from "./options.ts";

/** What a synchronisation has brought. */
export interface SyncResult {
  /** Changes that were fetched; 0 when there was nothing new. */
  readonly frames: number;
}

/** What is used of the package beyond what its adapter uses. */
interface LibsqlModule {
  createClient(config: object): SyncingClient;
}

interface SyncingClient {
  sync(): Promise<{ readonly frames_synced?: number } | undefined>;
  close(): void;
}

/** By name, so that no bundler looks for a package that few programs have. */
const PACKAGE = "@libsql/client";

/** A file that follows a server. Made by `openDatabase` with `syncUrl`. */
export class EmbeddedDatabase<R = Row> implements Database<R> {
  readonly #pool: SQLiteConnectionPool<R>;
  readonly #statements = new KnownStatements();
  readonly #syncIntervalMs: number;
  #timer: Timer = undefined;
  /** The absolute path of the file. */
  readonly path: string;

  static {
    showOnConsole<EmbeddedDatabase<unknown>>(this, "EmbeddedDatabase", (db) => {
      const { path, closed, stats: { readers } } = db;
      return { path, state: closed ? "closed" : "open", connection: gauges(readers) };
    });
  }

  private constructor(
    path: string,
    client: SyncingClient,
    { syncIntervalMs, ...options }: Settings<R>,
  ) {
    this.path = path;
    this.#syncIntervalMs = syncIntervalMs;
    this.#pool = new SQLiteConnectionPool<R>(() => client, { ...options, poolSize: 1 });
    this.#syncLater();
  }

  /** @internal */
  static async open<R>(
    location: string | URL,
    options: EmbeddedOptions<R>,
  ): Promise<EmbeddedDatabase<R>> {
    expectSqlite();
    const { syncUrl, authToken, ...settings } = resolveEmbeddedOptions(options);
    const parsed = parseLocalLocation(location, workingDirectory(), "openDatabase");
    const path = parsed.kind === "file" ? parsed.path : ":memory:";
    const url = /^file:/i.test(String(location)) ? String(location) : `file:${location}`;
    let client: SyncingClient;
    try {
      const { createClient } = await import(PACKAGE) as LibsqlModule;
      const token = typeof authToken === "function" ? await authToken() : authToken;
      client = createClient({ url, syncUrl, authToken: token, intMode: "bigint", concurrency: 1 });
      await client.sync();
    } catch (cause) {
      throw new PoolConnectionOpenError(
        `The embedded replica could not be opened; see the cause. It takes ${PACKAGE}, and its ` +
          "server, also to be opened again.",
        { cause },
      );
    }
    return new EmbeddedDatabase(path, client, settings);
  }

  /** Whether `close` was called: new calls are refused. */
  get closed(): boolean {
    return this.#pool.closed;
  }

  /** Gauges and counters of its one connection. */
  get stats(): DatabaseStats {
    const { stats } = this.#pool;
    return { writer: stats, readers: stats, threads: undefined, inline: undefined, statements: [] };
  }

  /**
   * What instrumentation adds itself to.
   *
   * @internal
   */
  get watched(): WatchedDatabase {
    const pool = this.#pool;
    const { name } = pool.watch.contextOf(undefined);
    return { name, watches: [pool.watch], onPool: (listener) => listener(pool) };
  }

  /** Fetches what is new on the server. Reads see it from then on. */
  sync(): Promise<SyncResult> {
    return this.#pool.withConnection(async ({ raw }) => {
      const result = await (raw as SyncingClient).sync();
      return { frames: result?.frames_synced ?? 0 };
    });
  }

  /** The first row of one statement; `undefined` when there is none. */
  async get<T = R>(
    query: Query,
    params?: BindParams,
    options?: CallOptions<T>,
  ): Promise<T | undefined> {
    this.#expectRead("get", query);
    return await this.#pool.get(query, params, options);
  }

  /** All rows of one statement. */
  async all<T = R>(query: Query, params?: BindParams, options?: CallOptions<T>): Promise<T[]> {
    this.#expectRead("all", query);
    return await this.#pool.all(query, params, options);
  }

  /** The first value of the first row of one statement. */
  async value(
    query: Query,
    params?: BindParams,
    options?: AcquireOptions,
  ): Promise<SQLiteValue | undefined> {
    return (await this.values(query, params, options))[0]?.[0];
  }

  /** All rows of one statement as arrays. */
  async values(
    query: Query,
    params?: BindParams,
    options?: AcquireOptions,
  ): Promise<SQLiteValue[][]> {
    this.#expectRead("values", query);
    return await this.#pool.values(query, params, options);
  }

  /** Rows one after the other; all are read with the first. */
  async *iterate<T = R>(
    query: Query,
    params?: BindParams,
    options?: CallOptions<T>,
  ): AsyncIterableIterator<T> {
    // All rows are read before the first one is given, so nobody is kept waiting by the loop.
    yield* await this.all(query, params, options);
  }

  /** Runs `fn` on one snapshot of the file. */
  read<S>(
    fn: (snapshot: Connection<R>) => S | PromiseLike<S>,
    options: AcquireOptions = {},
  ): Promise<S> {
    return this.#pool.transaction<S, R>(fn, { ...options, mode: "deferred" });
  }

  /** Runs one statement: what reads in the file, what writes on the server. */
  execute<T = R>(
    query: Query,
    params?: BindParams,
    options?: CallOptions<T>,
  ): Promise<ResultSet<T>> {
    return this.#pool.execute(query, params, options);
  }

  /** Runs one statement. What writes goes to the server, and is in the file afterwards. */
  run<T = R>(query: Query, params?: BindParams, options?: CallOptions<T>): Promise<ResultSet<T>> {
    return this.#pool.run(query, params, options);
  }

  /** Runs statements in one transaction: all of them or none. */
  batch<T = R>(
    statements: readonly BatchStatement<T>[],
    options: AcquireOptions = {},
  ): Promise<ResultSet<T>[]> {
    return this.#pool.transaction<ResultSet<T>[], R>(async (tx) => {
      const results: ResultSet<T>[] = [];
      for (const { sql, params, rowFactory } of statements) {
        results.push(await tx.run<T>(sql, params, { rowFactory }));
      }
      return results;
    }, options);
  }

  /** Runs every statement of a script, up to the first that fails. */
  executeScript(sql: string, options: AcquireOptions = {}): Promise<void> {
    return this.#pool.withConnection((connection) => connection.executeScript(sql), options);
  }

  /** Runs `fn` in a transaction on the server: commits when it returns. */
  write<S>(
    fn: (tx: Connection<R>) => S | PromiseLike<S>,
    { retries: _, ...options }: WriteOptions = {},
  ): Promise<S> {
    return this.#pool.transaction<S, R>(fn, options);
  }

  /**
   * Begins a session. Reads see the file as it is: what other processes have written is there after
   * `sync()`.
   */
  session(options?: SessionOptions): Session<R> {
    return plainSession(this, options);
  }

  /** Rejects: its driver tells the columns of a statement only once it has run. */
  describe(query: Query, options: AcquireOptions = {}): Promise<StatementDescription> {
    return this.#pool.withConnection((connection) => connection.describe(query), options);
  }

  /** Borrows its one connection, whose writes go to the server. */
  connection<T = R>(
    { write: _, ...options }: DatabaseConnectionOptions<T> = {},
  ): Promise<PooledConnection<T>> {
    return this.#pool.connection(options);
  }

  /** The server looks after the log: rejects. */
  checkpoint(): Promise<never> {
    return Promise.reject(
      new SQLitePoolError("db.checkpoint() works on files of one machine only."),
    );
  }

  /** The file is a copy itself: rejects. */
  backup(): Promise<never> {
    return Promise.reject(new SQLitePoolError("db.backup() works on files of one machine only."));
  }

  /** Closes the database. */
  close(options?: CloseOptions): Promise<void> {
    systemEnvironment.clock.cancel(this.#timer);
    return this.#pool.close(options);
  }

  /** Closes the database at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #expectRead(method: string, query: Query): void {
    this.#statements.of(textOf(query)).expectRead(method);
  }

  #syncLater(): void {
    if (this.#syncIntervalMs === Infinity) return;
    const sync = async (): Promise<void> => {
      // A server that is away is asked again after the next interval.
      await this.sync().catch(() => {});
      this.#syncLater();
    };
    const { clock } = systemEnvironment;
    this.#timer = clock.schedule(() => void sync(), this.#syncIntervalMs, "lets process exit");
  }
}

type Settings<R> = Omit<ReturnType<typeof resolveEmbeddedOptions<R>>, "syncUrl" | "authToken">;
