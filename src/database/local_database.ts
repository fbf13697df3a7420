/**
 * A local database: a writer, readers, and the rules between them.
 *
 * @module
 */

import type { Clock } from "../platform/clock.ts";
import { inCallersContext } from "../platform/async_context.ts";
import { describeValue } from "../platform/describe.ts";
import { showOnConsole } from "../platform/inspect.ts";
import {
  beginStatement,
  checkTransactionCallback,
  type Connection,
} from "../connections/connection.ts";
import {
  type ConnectionOptions,
  POOL_CALL_OPTION_NAMES,
  type PoolStats,
  type SQLiteConnectionPool,
  type StatementOptions,
} from "../connections/connection_pool.ts";
import type { LeasedConnection, PooledConnection } from "../connections/leased_connection.ts";
import type { PhysicalConnection } from "../connections/physical_connection.ts";
import { paramsOf, type Query, RowDefaults, textOf, wantsTypes } from "../connections/query.ts";
import { isInside, runInside } from "../platform/reentrancy.ts";
import { classify } from "../sqlite/classify.ts";
import { callTooSlow, withDeadline } from "../pool/deadline.ts";
import type { Lease } from "../pool/lease.ts";
import { gauges } from "../pool/stats.ts";
import {
  type AcquireOptions,
  checkCallOptions,
  checkCloseOptions,
  type CloseOptions,
  WAIT_OPTION_NAMES,
} from "../pool/options.ts";
import { takeParams } from "../sqlite/bind/take_params.ts";
import { madeEarlier, SQLiteError } from "../sqlite/errors.ts";
import type {
  BindParams,
  ResultSet,
  Row,
  RowFactory,
  SQLiteValue,
  StatementDescription,
} from "../sqlite/types.ts";
import type { ProcessStats } from "../process/process_factory.ts";
import type { ThreadStats } from "../worker/thread_factory.ts";
import type { BackUp, BackupOptions } from "./backup.ts";
import { type BatchStatement, prepareBatch, runBatch, sharesCommit } from "./writing/batch.ts";
import type { WriteLimits } from "./writing/queued_write.ts";
import {
  checkpoint,
  Checkpointer,
  type CheckpointMode,
  type CheckpointResult,
  tidyUp,
} from "./checkpointer.ts";
import type {
  CallOptions,
  Database,
  DatabaseConnectionOptions,
  DatabaseStats,
  Session,
  SessionOptions,
  WriteOptions,
} from "./database.ts";
import {
  calledInsideWrite,
  checkRetries,
  databaseIsClosed,
  openedReadonly,
  scriptLeftTransactionOpen,
  takesNoControl,
} from "./database_errors.ts";
import type { Execution } from "./options.ts";
import type { FileWatch } from "./file_watch.ts";
import { LentConnection } from "./lent_connection.ts";
import { GroupCommit } from "./writing/group_commit.ts";
import type { SharedSync } from "./writing/shared_sync.ts";
import { refuseJournalMode } from "./pragmas.ts";
import { ReadWatch } from "./read_watch.ts";
import { ReaderCursor } from "./reader_cursor.ts";
import type { Router } from "./router.ts";
import { plainSession } from "./session.ts";

/** Work that can be cancelled up to some point. */
interface Recallable {
  readonly isPastRecall: boolean;
}

/** The parts of a database. */
export interface DatabaseParts<R> {
  /** The absolute path of the file, or ":memory:". */
  readonly path: string;
  /** What its errors call it. */
  readonly name: string | undefined;
  /** The name of the driver. */
  readonly driver: string;
  readonly execution: Execution;
  readonly writer: SQLiteConnectionPool<R> | undefined;
  readonly readers: SQLiteConnectionPool<R>;
  /** For single reads that have proved to be fast, and the router that decides. */
  readonly inline: SQLiteConnectionPool<R> | undefined;
  readonly router: Router | undefined;
  readonly inMemory: boolean;
  /** How commits become durable; `undefined` if SQLite alone sees to that. */
  readonly sync: SharedSync | undefined;
  readonly clock: Clock;
  readonly queryTimeoutMs: number;
  readonly writeQueueTimeoutMs: number;
  readonly maxWaiting: number;
  readonly operationTimeoutMs: number;
  readonly maxReadTransactionMs: number;
  readonly rowFactory: ConnectionOptions<R>["rowFactory"];
  readonly onLongRead: () => void;
  /** Detects that the file was removed or replaced; none for a database in memory. */
  readonly file: FileWatch | undefined;
  readonly threads: () => ThreadStats | undefined;
  readonly processes: () => ProcessStats | undefined;
  readonly backup: BackUp;
  /** Called when everything is closed. */
  readonly onClosed: () => void;
}

const WRITE_OPTION_NAMES: readonly string[] = [...WAIT_OPTION_NAMES, "mode", "retries"];
const LEASE_OPTION_NAMES: readonly string[] = [...POOL_CALL_OPTION_NAMES, "write"];
const CHECKPOINT_MODES: readonly string[] = ["passive", "full", "restart", "truncate"];

/** A {@linkcode Database} in a local file or in memory. */
export class LocalDatabase<R = Row> implements Database<R> {
  readonly #parts: DatabaseParts<R>;
  readonly #writer:
    | { readonly pool: SQLiteConnectionPool<R>; readonly group: GroupCommit }
    | undefined;
  readonly #checkpointer: Checkpointer<R> | undefined;
  readonly #readWatch: ReadWatch;
  #closing: "no" | "under way" | "done" = "no";
  #closed: Promise<void> | undefined = undefined;

  static {
    showOnConsole<LocalDatabase<unknown>>(this, "Database", (db) => {
      const { path, driver, execution } = db.#parts;
      const { writer, readers, threads, processes } = db.stats;
      const state = { no: "open", "under way": "closing", done: "closed" }[db.#closing];
      return {
        ...{ path, driver, execution, state },
        writer: writer && gauges(writer),
        readers: gauges(readers),
        ...(threads && { threads: threads.running }),
        ...(processes && { processes: processes.running }),
      };
    });
  }

  /**
   * Created by `openDatabase`.
   *
   * @internal
   */
  constructor(parts: DatabaseParts<R>) {
    const { writer, clock, inMemory, maxReadTransactionMs, onLongRead } = parts;
    this.#parts = parts;
    this.#writer = writer && {
      pool: writer,
      group: new GroupCommit(
        writer as unknown as SQLiteConnectionPool<unknown>,
        parts.sync,
        clock,
        parts,
      ),
    };
    this.#checkpointer = writer === undefined || inMemory
      ? undefined
      : new Checkpointer(writer, clock);
    this.#readWatch = new ReadWatch(
      clock,
      maxReadTransactionMs,
      onLongRead,
      () => this.#checkpointer?.afterLongRead(),
    );
  }

  get path(): string {
    return this.#parts.path;
  }

  get closed(): boolean {
    return this.#closed !== undefined;
  }

  /**
   * Its pools, by what they are for.
   *
   * @internal
   */
  get pools(): ReadonlyMap<string, SQLiteConnectionPool<R>> {
    const { writer, readers, inline } = this.#parts;
    const pools = new Map<string, SQLiteConnectionPool<R>>();
    if (writer !== undefined) pools.set("writer", writer);
    if (readers !== writer) pools.set("reader", readers);
    if (inline !== undefined) pools.set("inline", inline);
    return pools;
  }

  get stats(): DatabaseStats {
    const { readers, threads, processes, inline, router } = this.#parts;
    const writer = this.#writer && withGroup(this.#writer.pool.stats, this.#writer.group);
    return {
      writer,
      readers: readers === this.#writer?.pool ? writer! : readers.stats,
      threads: threads(),
      processes: processes(),
      inline: inline?.stats,
      statements: router?.statements ?? [],
    };
  }

  get<T = R>(
    query: Query,
    params?: BindParams,
    options?: CallOptions<T>,
  ): Promise<T | undefined> {
    const refusal = this.#refusalOfRead("get");
    if (refusal !== undefined) return refusal;
    return this.#readerOf(query).get(query, params, options);
  }

  all<T = R>(query: Query, params?: BindParams, options?: CallOptions<T>): Promise<T[]> {
    const refusal = this.#refusalOfRead("all");
    if (refusal !== undefined) return refusal;
    return this.#readerOf(query).all(query, params, options);
  }

  values(query: Query, params?: BindParams, options?: AcquireOptions): Promise<SQLiteValue[][]> {
    const refusal = this.#refusalOfRead("values");
    if (refusal !== undefined) return refusal;
    return this.#readerOf(query).values(query, params, options);
  }

  value(
    query: Query,
    params?: BindParams,
    options?: AcquireOptions,
  ): Promise<SQLiteValue | undefined> {
    const refusal = this.#refusalOfRead("value");
    if (refusal !== undefined) return refusal;
    return this.#readerOf(query).value(query, params, options);
  }

  iterate<T = R>(
    query: Query,
    params?: BindParams,
    options: CallOptions<T> = {},
  ): AsyncIterableIterator<T> {
    const { clock, queryTimeoutMs, readers } = this.#parts;
    let limits: CallOptions<T> = {};
    let sql: string;
    let taken: BindParams | undefined;
    let mistake: { readonly error: unknown } | undefined;
    try {
      checkCallOptions(options, POOL_CALL_OPTION_NAMES);
      limits = options;
      sql = textOf(query);
      taken = takeParams(paramsOf(query, params));
    } catch (error) {
      mistake = { error };
    }
    const { signal, timeoutMs, rowFactory } = limits;
    return new ReaderCursor<T>({
      clock,
      signal,
      timeoutMs: timeoutMs ?? queryTimeoutMs,
      borrow: async (leave) => {
        if (mistake !== undefined) throw mistake.error;
        this.#expectRead("iterate");
        return await readers.lend<T>({ signal: leave, timeoutMs, rowFactory });
      },
      open: (connection) => connection.iterate<T>(sql, taken),
      onBegin: () => this.#readWatch.begin(),
    });
  }

  async read<S>(
    fn: (snapshot: Connection<R>) => S | PromiseLike<S>,
    options: AcquireOptions = {},
  ): Promise<S> {
    this.#expectRead("read");
    checkTransactionCallback("db.read", fn);
    checkCallOptions(options, WAIT_OPTION_NAMES);
    return await this.#lend(this.#parts.readers, options, async (connection) => {
      const ended = this.#readWatch.begin();
      try {
        return await connection.runTransaction(async (snapshot) => {
          // BEGIN DEFERRED alone reads nothing and so does not pin a snapshot.
          await snapshot.ask("SELECT 1 FROM sqlite_schema LIMIT 1");
          return await fn(snapshot);
        }, "deferred");
      } finally {
        ended();
      }
    });
  }

  execute<T = R>(
    query: Query,
    params?: BindParams,
    options?: StatementOptions<T>,
  ): Promise<ResultSet<T>> {
    if (options?.columnTypes !== undefined) return this.#typed("execute", query, params, options);
    try {
      if (!classify(textOf(query)).reads) return this.#run("execute", query, params, options);
    } catch (error) {
      return Promise.reject(error);
    }
    const refusal = this.#refusalOfRead("execute");
    if (refusal !== undefined) return refusal;
    return this.#readerOf(query).execute(query, params, options);
  }

  run<T = R>(
    query: Query,
    params?: BindParams,
    options?: StatementOptions<T>,
  ): Promise<ResultSet<T>> {
    if (options?.columnTypes !== undefined) return this.#typed("run", query, params, options);
    return this.#run("run", query, params, options);
  }

  /** Runs a statement whose result tells the types of its columns, if that is wanted. */
  async #typed<T>(
    method: "execute" | "run",
    query: Query,
    params: BindParams | undefined,
    { columnTypes, ...options }: StatementOptions<T>,
  ): Promise<ResultSet<T>> {
    if (!wantsTypes({ columnTypes })) return await this[method](query, params, options);
    checkCallOptions(options, POOL_CALL_OPTION_NAMES);
    const sql = textOf(query);
    const taken = takeParams(paramsOf(query, params));
    const { control, reads } = classify(sql);
    if (control !== undefined) throw takesNoControl(method);
    if (!this.#parts.inMemory) refuseJournalMode(sql);
    const onReader = reads && method === "execute";
    if (onReader) this.#expectRead(method);
    const { rowFactory } = options;
    const run = (connection: LeasedConnection<R>): Promise<ResultSet<T>> =>
      connection.execute<T>(sql, taken, { rowFactory, columnTypes });
    if (onReader) return await this.#lend(this.#parts.readers, options, run);
    return await this.#change(this.#writerFor(method).pool, options, (connection, onBegin) => {
      // It commits by itself: what has begun cannot be called off.
      onBegin({ isPastRecall: true });
      return run(connection);
    });
  }

  #run<T = R>(
    method: string,
    query: Query,
    params: BindParams | undefined,
    options: CallOptions<T> = {},
  ): Promise<ResultSet<T>> {
    try {
      checkCallOptions(options, POOL_CALL_OPTION_NAMES);
      const sql = textOf(query);
      const { control, writes, atomic } = classify(sql);
      if (control !== undefined) throw takesNoControl(method);
      const { pool, group } = this.#writerFor(method, writes);
      if (!writes) {
        if (!this.#parts.inMemory) refuseJournalMode(sql);
        return this.#durably(pool.execute(query, params, options));
      }
      const rowFactory = (options.rowFactory ?? this.#parts.rowFactory) as
        | RowFactory<T>
        | undefined;
      return group.add({
        sql,
        params: takeParams(paramsOf(query, params)),
        // Only statements that return rows call the factory.
        rows: { rowFactory: atomic && rowFactory ? inCallersContext(rowFactory) : undefined },
        ...this.#limitsOf(options),
      }) as Promise<ResultSet<T>>;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async batch<T = R>(
    statements: readonly BatchStatement<T>[],
    options: AcquireOptions = {},
  ): Promise<ResultSet<T>[]> {
    checkCallOptions(options, WAIT_OPTION_NAMES);
    const prepared = prepareBatch(statements, this.#parts.rowFactory);
    const limits = this.#limitsOf(options);
    const shares = sharesCommit(prepared) && this.#keepsCallers(limits);
    const { pool, group } = this.#writerFor("batch", shares);
    if (shares) {
      return await group.add({ statements: prepared, ...limits }) as ResultSet<T>[];
    }
    try {
      return await this.#change(
        pool,
        options,
        (connection, onBegin) => runBatch(connection.lease, prepared, onBegin),
      ) as ResultSet<T>[];
    } catch (error) {
      throw madeEarlier(error);
    }
  }

  async executeScript(sql: string, options: AcquireOptions = {}): Promise<void> {
    checkCallOptions(options, WAIT_OPTION_NAMES);
    if (!this.#parts.inMemory && typeof sql === "string") refuseJournalMode(sql);
    const { pool } = this.#writerFor("executeScript");
    // A script commits as it runs, so it cannot be cancelled once it has begun.
    const begun = { isPastRecall: true };
    await this.#change(pool, options, async (connection, onBegin) => {
      onBegin(begun);
      await connection.executeScript(sql);
      if (!connection.inTransaction) return;
      await connection.rollback();
      throw scriptLeftTransactionOpen();
    });
  }

  async write<S>(
    fn: (tx: Connection<R>) => S | PromiseLike<S>,
    options: WriteOptions = {},
  ): Promise<S> {
    checkCallOptions(options, WRITE_OPTION_NAMES);
    checkTransactionCallback("db.write", fn);
    const { mode = "immediate", retries = 0 } = options;
    beginStatement(mode);
    checkRetries(retries);
    const { pool } = this.#writerFor("write");
    return await this.#change(pool, options, async (connection, onBegin) => {
      for (let attempt = 0;; attempt++) {
        try {
          return await connection.runTransaction(
            (tx) => runInside(this, () => fn(tx)),
            mode,
            { onBegin },
          );
        } catch (error) {
          if (attempt >= retries || !isStaleSnapshot(error)) throw error;
        }
      }
    });
  }

  session(options?: SessionOptions): Session<R> {
    return plainSession(this, options);
  }

  async describe(query: Query, options: AcquireOptions = {}): Promise<StatementDescription> {
    checkCallOptions(options, WAIT_OPTION_NAMES);
    const sql = textOf(query);
    this.#expectRead("describe");
    return await this.#lend(this.#parts.readers, options, (reader) => reader.describe(sql));
  }

  async connection<T = R>(
    options: DatabaseConnectionOptions<T> = {},
  ): Promise<PooledConnection<T>> {
    checkCallOptions(options, LEASE_OPTION_NAMES);
    const { write = false, rowFactory = this.#parts.rowFactory, ...wait } = options;
    if (typeof write !== "boolean") {
      throw new TypeError(`write must be true or false; got ${describeValue(write)}`);
    }
    const { readers, inMemory } = this.#parts;
    if (!write) this.#expectRead("connection");
    const pool = write ? this.#writerFor("connection").pool : readers;
    const { lease } = await pool.lend(wait);
    if (write) await this.#handOut(lease);
    const rows = new RowDefaults(rowFactory as RowFactory<T> | undefined);
    const connection = new LentConnection(lease, rows, {
      defaultMode: write ? "immediate" : "deferred",
      blocks: write || inMemory ? this : undefined,
      onBegin: () => write ? () => {} : this.#readWatch.begin(),
      keepsData: inMemory,
    });
    // The single connection of a database in memory can write; a reader of a file cannot.
    if (inMemory && !write) await readOnly(connection);
    return connection;
  }

  async checkpoint(
    mode: CheckpointMode = "passive",
    options: AcquireOptions = {},
  ): Promise<CheckpointResult> {
    if (!CHECKPOINT_MODES.includes(mode)) {
      const allowed = CHECKPOINT_MODES.map((known) => JSON.stringify(known)).join(", ");
      throw new TypeError(`mode must be one of ${allowed}; got ${describeValue(mode)}`);
    }
    checkCallOptions(options, WAIT_OPTION_NAMES);
    const { pool } = this.#writerFor("checkpoint");
    return await checkpoint(pool, mode, options);
  }

  async backup(path: string, options: BackupOptions = {}): Promise<void> {
    this.#expectRead("backup");
    await this.#parts.backup(path, options, () => this.#readWatch.begin());
  }

  close(options: CloseOptions = {}): Promise<void> {
    if (this.#closed !== undefined) return this.#closed;
    let timeoutMs: number;
    try {
      timeoutMs = checkCloseOptions(options, this.#parts.operationTimeoutMs);
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#closed = this.#close({ ...options, timeoutMs });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(options: CloseOptions & { readonly timeoutMs: number }): Promise<void> {
    const { timeoutMs } = options;
    const { writer, readers, inline, inMemory, file, onClosed, clock } = this.#parts;
    const deadline = clock.now() + timeoutMs;
    this.#closing = "under way";
    this.#checkpointer?.stop();
    file?.stop();
    const readersClosed = readers === writer
      ? undefined
      : Promise.all([readers.close(options), inline?.close(options)]);
    if (writer !== undefined) {
      this.#writer?.group.seal();
      // Queued like any write, so that all earlier writes finish first.
      const lastWrite = async (): Promise<void> => {
        const connection = await writer.lend({ timeoutMs });
        try {
          await readersClosed;
          await this.#parts.sync?.settled();
          await tidyUp(connection, { inMemory, expired: () => clock.now() >= deadline });
        } finally {
          await connection.release();
        }
      };
      // The timeout has passed; this step is optional.
      await withDeadline(clock, { timeoutMs }, lastWrite).catch(() => {});
      await writer.close({ timeoutMs: 0 });
    }
    await readersClosed;
    this.#closing = "done";
    onClosed();
  }

  /** Runs work on a connection that is invalidated when the caller stops waiting. */
  async #lend<S>(
    pool: SQLiteConnectionPool<R>,
    { signal, timeoutMs }: AcquireOptions,
    use: (
      connection: LeasedConnection<R>,
      onBegin: (work: Recallable) => void,
    ) => Promise<S>,
  ): Promise<S> {
    const { clock, queryTimeoutMs } = this.#parts;
    const startedAt = clock.now();
    const connection = await pool.lend<R>({ signal, timeoutMs });
    const restMs = timeoutMs === undefined
      ? queryTimeoutMs
      : Math.max(0, timeoutMs - (clock.now() - startedAt));
    let work: Recallable | undefined;
    let released: Promise<void> | undefined;
    try {
      return await withDeadline(
        clock,
        { signal, timeoutMs: restMs },
        () => use(connection, (begun) => work = begun),
        {
          tooLate: () => callTooSlow(timeoutMs ?? queryTimeoutMs),
          isPastRecall: () => work?.isPastRecall === true,
          // A caller that gave up does not wait for the rollback.
          onGiveUp: () => {
            released = connection.release();
          },
        },
      );
    } finally {
      if (released === undefined) await connection.release();
    }
  }

  /** Runs work on the writer, and settles once what it has committed is durable. */
  #change<S>(
    pool: SQLiteConnectionPool<R>,
    options: AcquireOptions,
    use: (
      connection: LeasedConnection<R>,
      onBegin: (work: Recallable) => void,
    ) => Promise<S>,
  ): Promise<S> {
    const { sync } = this.#parts;
    if (sync === undefined) return this.#lend(pool, options, use);
    return this.#lend(pool, options, async (connection, onBegin) => {
      const physical = connection.lease.value;
      const ready = sync.begin(physical, pool.isAwaited);
      if (ready !== undefined) await ready;
      let result: S;
      let durable: Promise<void> | undefined;
      try {
        result = await use(connection, onBegin);
        durable = sync.commit();
      } finally {
        if (physical.needsReset) sync.settingsMayHaveChanged();
      }
      if (durable === undefined) return result;
      // Nobody else waits for the disk with it.
      await connection.release();
      await durable;
      return result;
    });
  }

  /** Settles with a call of the writer's pool, once what it has committed is durable. */
  async #durably<S>(call: Promise<S>): Promise<S> {
    const result = await call;
    const { sync } = this.#parts;
    await sync?.commit();
    sync?.settingsMayHaveChanged();
    return result;
  }

  /** Prepares the writer for a caller who commits as he likes. */
  async #handOut(lease: Lease<PhysicalConnection>): Promise<void> {
    try {
      await this.#parts.sync?.lend(lease.value);
    } catch (error) {
      await lease.release();
      throw error;
    }
  }

  /** How a caller waits for a shared commit. */
  #limitsOf({ signal, timeoutMs }: AcquireOptions): WriteLimits {
    const { writeQueueTimeoutMs, queryTimeoutMs } = this.#parts;
    return {
      signal,
      waitMs: timeoutMs ?? writeQueueTimeoutMs,
      limitMs: timeoutMs ?? queryTimeoutMs,
    };
  }

  /**
   * Whether callers cannot give up while several statements are in progress. In a thread they can,
   * and others that share the transaction could not be told that it was rolled back.
   */
  #keepsCallers({ signal, limitMs }: WriteLimits): boolean {
    return this.#parts.execution === "inline" || (signal === undefined && limitMs === Infinity);
  }

  /** Where a single read runs. */
  #readerOf(query: Query): SQLiteConnectionPool<R> {
    const { readers, inline, router } = this.#parts;
    if (inline === undefined) return readers;
    const sql = typeof query === "string" ? query : query?.text;
    return router?.placeOf(sql) === "inline" ? inline : readers;
  }

  #refusalOfRead(method: string): Promise<never> | undefined {
    const { inMemory, file } = this.#parts;
    if (this.#closed === undefined && !inMemory) {
      file?.look();
      return undefined;
    }
    try {
      this.#expectRead(method);
      return undefined;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #expectRead(method: string): void {
    if (this.#closed !== undefined) throw databaseIsClosed(this.#parts.name);
    // A database in memory has one connection for everything.
    const { inMemory, file } = this.#parts;
    if (inMemory && isInside(this)) throw calledInsideWrite(method);
    file?.look();
  }

  /**
   * The only way to the writer. A call that does not share a commit runs after earlier writes and
   * before later ones.
   */
  #writerFor(
    method: string,
    sharesCommit: boolean = false,
  ): { readonly pool: SQLiteConnectionPool<R>; readonly group: GroupCommit } {
    if (this.#closed !== undefined) throw databaseIsClosed(this.#parts.name);
    if (isInside(this)) throw calledInsideWrite(method);
    const writer = this.#writer;
    if (writer === undefined) throw openedReadonly(method);
    this.#parts.file?.expectSame();
    if (!sharesCommit) writer.group.seal();
    this.#checkpointer?.afterWrite();
    return writer;
  }
}

/** Prevents writes on a connection until its settings are restored at its release. */
async function readOnly(connection: PooledConnection<unknown>): Promise<void> {
  try {
    await connection.execute("PRAGMA query_only = ON");
  } catch (error) {
    await connection.release();
    throw error;
  }
}

function isStaleSnapshot(error: unknown): boolean {
  return error instanceof SQLiteError && error.extendedCode === "SQLITE_BUSY_SNAPSHOT";
}

/** The writer's pool does not count callers that wait to share a commit. */
function withGroup(stats: PoolStats, { waiting }: GroupCommit): PoolStats {
  return { ...stats, waiting: stats.waiting + waiting };
}
