/**
 * A pool of equal connections from your own factory: the port of aiosqlitepool, and the basis of
 * `openDatabase`.
 *
 * @module
 */

import { type Clock, type Environment, systemEnvironment } from "../platform/clock.ts";
import { describeValue } from "../platform/describe.ts";
import { showOnConsole } from "../platform/inspect.ts";
import {
  type AcquireOptions,
  checkCallOptions,
  type CloseOptions,
  resolveOptions,
  WAIT_OPTION_NAMES,
} from "../pool/options.ts";
import type { Lease } from "../pool/lease.ts";
import { Pool, type Use } from "../pool/pool.ts";
import type { Resource } from "../pool/resource.ts";
import { gauges, type PoolStats as CorePoolStats, type WaitCounters } from "../pool/stats.ts";
import { takeParams } from "../sqlite/bind/take_params.ts";
import { madeEarlier } from "../sqlite/errors.ts";
import type {
  BindParams,
  ResultSet,
  Row,
  RowFactory,
  RowOptions,
  SQLiteValue,
} from "../sqlite/types.ts";
import { BusyRetry, type LockUsers } from "./locking/busy_retry.ts";
import {
  beginStatement,
  checkTransactionCallback,
  type Connection,
  type TransactionMode,
  type TransactionOptions,
} from "./connection.ts";
import {
  type ConnectionFactory,
  ConnectionManager,
  heldConnections,
  physicalConnections,
} from "./connection_manager.ts";
import { type EventLoopYield, eventLoopYieldOf } from "../platform/event_loop_yield.ts";
import type { CallLimit } from "./interrupting/limited_call.ts";
import type { LeasedConnection, PooledConnection } from "./leased_connection.ts";
import type { PhysicalConnection } from "./physical_connection.ts";
import type { Pipeline, PipelineLimits } from "./pipeline.ts";
import type { SharedReads } from "./locking/shared_reads.ts";
import { TransactionLine } from "./locking/transaction_line.ts";
import { type PoolOptions, resolveSqliteOptions } from "./pool_options.ts";
import {
  allRows,
  AS_VALUES,
  FIRST_AS_VALUES,
  firstRow,
  firstValue,
  paramsOf,
  type Query,
  type ResultOptions,
  RowDefaults,
  textOf,
  wholeResult,
} from "./query.ts";
import type { Place, Role } from "./observation/operation.ts";
import { Watch } from "./observation/watch.ts";
import { WriteLock } from "./locking/write_lock.ts";

/** The options of a call on a pool. */
export const POOL_CALL_OPTION_NAMES: readonly string[] = [...WAIT_OPTION_NAMES, "rowFactory"];
const TRANSACTION_OPTION_NAMES: readonly string[] = [...POOL_CALL_OPTION_NAMES, "mode"];

/** How one connection is acquired, and how its rows are created. */
export interface ConnectionOptions<R> extends AcquireOptions {
  /** Creates each row of this lease, overriding the pool's row factory. */
  rowFactory?: RowFactory<R>;
}

/** How a statement waits for a connection, and what its result tells. */
export interface StatementOptions<R> extends ConnectionOptions<R>, ResultOptions<R> {}

/** Internals replaced by tests and by the layers above. */
export interface PoolInternals {
  /** The clock and randomness. */
  readonly environment?: Environment;
  /** The turn to write, when pools share a file. */
  readonly turn?: WriteLock<PhysicalConnection>;
  /** Who uses its connections. */
  readonly users?: LockUsers;
  /** Rewords a driver error for the owner of the pool. */
  readonly explain?: (error: unknown) => unknown;
  /** Throws for SQL text that changes a setting which must stay. */
  readonly refuseSetting?: (sql: string) => void;
  /** Rewords an error of opening a connection. */
  readonly explainOpen?: (error: unknown) => unknown;
  /** Limit for a statement that runs in a thread, in milliseconds. */
  readonly queryTimeoutMs?: number;
  /**
   * Statements that restore the settings of a connection, outside a transaction and in this order,
   * after a holder has changed some with a PRAGMA. Read it each time, because it is filled in when
   * the first connection is set up.
   */
  readonly restore?: readonly string[];
  /** Whether new connections are probed; there is nothing to probe before their first statement. */
  readonly probes?: boolean;
  /** Whether reads that meet share a transaction. Without a file to lock it would save nothing. */
  readonly sharesReads?: boolean;
  /** Whose connections they are, for those who watch. */
  readonly identity?: { readonly name: string; readonly role: Role };
  /** Who watches, where that is not only for this pool. */
  readonly watch?: Watch;
}

/** A snapshot of a pool: current gauges, and counters since it was created. */
export interface PoolStats extends CorePoolStats {
  /** Statements that were retried because the database was locked. */
  readonly busyRetries: number;
}

/**
 * A pool of SQLite connections that stay open between uses. `R` is the type of its rows: plain
 * objects unless there is a row factory.
 *
 * @example
 * ```ts
 * import { DatabaseSync } from "node:sqlite";
 * import { SQLiteConnectionPool } from "@sqlitepool/pool";
 *
 * const pool = new SQLiteConnectionPool(() => new DatabaseSync("app.db"), { poolSize: 10 });
 * await pool.withConnection(async (conn) => {
 *   await conn.execute("CREATE TABLE IF NOT EXISTS users (id INTEGER PRIMARY KEY, name TEXT)");
 *   await conn.execute("INSERT INTO users (name) VALUES (?)", ["Alice"]);
 * });
 * await pool.close();
 * ```
 */
export class SQLiteConnectionPool<R = Row> {
  readonly #pool: Pool<PhysicalConnection>;
  readonly #rows: RowDefaults<R>;
  readonly #busy: BusyRetry<PhysicalConnection>;
  readonly #line: TransactionLine;
  /** Whether waits for the write lock count in `stats`. */
  readonly #countsLock: boolean;
  readonly #eventLoop: EventLoopYield;
  readonly #clock: Clock;
  readonly #watch: Watch;
  /** What statements that share leases are held to; `undefined` where they do not. */
  readonly #sharing: PipelineLimits | undefined;
  #pipeline: Pipeline | undefined;
  readonly #sharesReads: boolean;
  /** There once a connection has proved to be synchronous. */
  #reads: SharedReads<PhysicalConnection> | undefined;
  /** Settles when it is known whether connections are shared. */
  #loading: Promise<void> | undefined;

  static {
    showOnConsole<SQLiteConnectionPool<unknown>>(this, "SQLiteConnectionPool", (pool) => {
      const { stats } = pool;
      return { state: pool.#pool.state, poolSize: stats.poolSize, ...gauges(stats) };
    });
  }

  /**
   * Creates a pool. Connections are opened on demand, except for `minIdle`.
   *
   * @param factory opens a new connection on each call; may return a promise.
   * @param options see {@linkcode PoolOptions}.
   * @throws {TypeError | RangeError} for an invalid factory or option, which the message names.
   */
  constructor(factory: ConnectionFactory, options?: PoolOptions<R>);
  /**
   * For tests that control time, and for the layers above.
   *
   * @internal
   */
  constructor(factory: ConnectionFactory, options: PoolOptions<R>, internals: PoolInternals);
  constructor(
    factory: ConnectionFactory,
    options: PoolOptions<R> = {},
    internals: PoolInternals = {},
  ) {
    const {
      environment = systemEnvironment,
      turn = new WriteLock(environment),
      explain,
      restore = [],
    } = internals;
    if (typeof factory !== "function") {
      throw new TypeError(
        `The factory must be a function that opens a connection; got ${describeValue(factory)}. ` +
          "Write () => new DatabaseSync(path) instead of the handle itself.",
      );
    }
    const sqlite = resolveSqliteOptions(options);
    this.#rows = new RowDefaults(options.rowFactory);
    this.#busy = new BusyRetry(environment, sqlite.busyTimeoutMs, turn, internals.users);
    this.#countsLock = internals.turn === undefined || internals.users === "writers";
    this.#eventLoop = eventLoopYieldOf(environment.clock);
    this.#sharesReads = internals.sharesReads ?? true;
    const { clock } = environment;
    this.#clock = clock;
    const resolved = resolveOptions(options);
    const context = {
      clock,
      busy: this.#busy,
      eventLoop: this.#eventLoop,
      explain,
      refuseSetting: internals.refuseSetting,
      restore,
      acquisitionTimeoutMs: resolved.acquisitionTimeoutMs,
    };
    const { explainOpen } = internals;
    const setUp = {
      onConnect: options.onConnect,
      explainOpen,
      rows: this.#rows,
      claimsFiles: internals.turn === undefined,
      probes: internals.probes ?? true,
    };
    const watch = this.#watch = internals.watch ?? new Watch(
      clock,
      internals.identity ?? { name: options.name, role: undefined },
      placeOf(factory),
      options,
    );
    const lifecycle = new ConnectionManager(factory, sqlite, context, setUp, watch);
    const pool = this.#pool = new Pool(lifecycle, options, environment);
    this.#line = new TransactionLine(pool, clock, resolved);
    if (factory.pipelines === true) {
      const { queryTimeoutMs = Infinity } = internals;
      const stops = factory.stops === true;
      this.#sharing = { ...resolved, queryTimeoutMs, stops };
    }
  }

  /** Whether `close` was called. New calls are then refused. */
  get closed(): boolean {
    return this.#pool.closed;
  }

  /** Current gauges and counters; cheap enough to read on every scrape. */
  get stats(): PoolStats {
    const stats = this.#pool.stats;
    const busyRetries = this.#busy.retries;
    const waiting = stats.waiting + this.#line.waiting + (this.#pipeline?.waiting ?? 0) +
      (this.#reads?.waiting ?? 0);
    // Pools on one file share its lock, and waits for it are counted in the writing pool.
    if (!this.#countsLock) return { ...stats, waiting, busyRetries };
    const lock = this.#busy.counters;
    return {
      ...stats,
      waiting: waiting + this.#busy.waiting,
      queued: stats.queued + lock.queued,
      waitMs: stats.waitMs + lock.waitMs,
      timeouts: stats.timeouts + lock.timeouts,
      aborts: stats.aborts + lock.aborts,
      busyRetries,
    };
  }

  /**
   * Acquires a connection. Call its `release`, or declare it with `await using`.
   *
   * @param options how to wait, and the row factory of this lease.
   * @returns the connection, which is exclusively yours until it is released.
   * @throws {PoolConnectionAcquireTimeoutError} if no connection became free in time.
   * @throws {PoolConnectionOpenError} if a new connection could not be opened.
   * @throws {PoolOverloadedError} if `maxWaiting` callers are already waiting.
   * @throws {PoolClosedError} after `close`.
   * @throws the reason of `signal`, if it aborts first.
   *
   * @example
   * ```ts
   * import { DatabaseSync } from "node:sqlite";
   * import { SQLiteConnectionPool } from "@sqlitepool/pool";
   *
   * await using pool = new SQLiteConnectionPool(() => new DatabaseSync(":memory:"));
   * await using conn = await pool.connection({ timeoutMs: 1_000 });
   * console.log(await conn.get("SELECT 1 AS one")); // { one: 1 }
   * ```
   */
  connection<T = R>(options: ConnectionOptions<T> = {}): Promise<PooledConnection<T>> {
    try {
      checkCallOptions(options, POOL_CALL_OPTION_NAMES);
    } catch (error) {
      return Promise.reject(error);
    }
    return this.lend(options);
  }

  /**
   * Acquires a connection for a layer above, which has checked the options.
   *
   * @internal
   */
  lend<T = R>(
    options: ConnectionOptions<T>,
    origin?: "new" | "queued",
  ): Promise<LeasedConnection<T>> {
    // Statements called earlier take precedence.
    if (this.#loading !== undefined) {
      const inTurn = (): Promise<LeasedConnection<T>> => this.lend(options, origin);
      return this.#loading.then(inTurn, inTurn);
    }
    this.#reads?.flush();
    const turn = this.#pause();
    if (turn !== undefined) return this.#afterTurn(turn, () => this.lend(options, "queued"));
    const rows = options.rowFactory === undefined
      ? this.#rows as unknown as RowDefaults<T>
      : new RowDefaults(options.rowFactory);
    const pool = this.#pool;
    const use: Use<PhysicalConnection, LeasedConnection<T>> = (resource, calledFrom) =>
      hold(pool.lease(resource, calledFrom), rows);
    return pool.acquire(options, origin, use);
  }

  /**
   * The counters, for a layer above with its own queue for this pool.
   *
   * @internal
   */
  get counters(): WaitCounters {
    return this.#pool.counters;
  }

  /**
   * Who is told of what is done on its connections.
   *
   * @internal
   */
  get watch(): Watch {
    return this.#watch;
  }

  /**
   * What instrumentation adds itself to: the pool with its hooks, and the counters of waits that
   * `stats` adds up.
   *
   * @internal
   */
  get instruments(): { readonly pool: Pool<PhysicalConnection>; readonly waits: WaitCounters[] } {
    const pool = this.#pool;
    return { pool, waits: [pool.counters, ...(this.#countsLock ? [this.#busy.counters] : [])] };
  }

  /**
   * Whether a connection is available at once.
   *
   * @internal
   */
  get isIdle(): boolean {
    return this.#pool.waiting === 0 && (this.#pool.idle > 0 || this.#pool.hasRoom);
  }

  /**
   * Whether callers are waiting for a connection.
   *
   * @internal
   */
  get isAwaited(): boolean {
    return this.#pool.waiting > 0;
  }

  /**
   * Synchronously acquires a connection, if one is idle and nobody is waiting.
   *
   * @internal
   */
  tryLend(): Lease<PhysicalConnection> | undefined {
    this.#reads?.flush();
    return this.#loading === undefined && this.#pool.waiting === 0
      ? this.#pool.tryAcquire()
      : undefined;
  }

  /**
   * Acquires a connection while `fn` runs.
   *
   * @param fn receives the connection, which cannot be used after `fn` has settled.
   * @param options how to wait, and the row factory of this lease.
   * @returns the result of `fn`.
   * @throws the error of `fn`, and the errors of {@linkcode SQLiteConnectionPool.connection}.
   */
  async withConnection<S, T = R>(
    fn: (connection: Connection<T>) => S | PromiseLike<S>,
    options: ConnectionOptions<T> = {},
  ): Promise<S> {
    checkTransactionCallback("withConnection", fn);
    checkCallOptions(options, POOL_CALL_OPTION_NAMES);
    const connection = await this.lend(options);
    try {
      return await fn(connection);
    } finally {
      const released = connection.lease.release();
      if (released !== undefined) await released;
    }
  }

  /**
   * Runs one statement on any connection. Use {@linkcode SQLiteConnectionPool.transaction} for
   * statements that belong together.
   *
   * @param query SQL text or an `sql` query.
   * @param params values by position or by name; none for an `sql` query.
   * @param options how to wait, and the row factory of this call.
   * @returns columns, rows and changes.
   * @throws {SQLiteError} if SQLite rejects the statement, or the text is not exactly one
   *   statement.
   * @throws {TypeError | RangeError} if the parameters do not match the statement.
   * @throws the errors of {@linkcode SQLiteConnectionPool.connection}.
   *
   * @example
   * ```ts
   * import { DatabaseSync } from "node:sqlite";
   * import { sql, SQLiteConnectionPool } from "@sqlitepool/pool";
   *
   * const pool = new SQLiteConnectionPool(() => new DatabaseSync("app.db"));
   * await pool.execute("CREATE TABLE IF NOT EXISTS users (id INTEGER PRIMARY KEY, name TEXT)");
   * const name = "Alice";
   * const { lastInsertRowid } = await pool.execute(sql`INSERT INTO users (name) VALUES (${name})`);
   * console.log(await pool.get("SELECT name FROM users WHERE id = ?", [lastInsertRowid!]));
   * await pool.close();
   * ```
   */
  execute<T = R>(
    query: Query,
    params?: BindParams,
    options?: StatementOptions<T>,
  ): Promise<ResultSet<T>> {
    if (options?.columnTypes !== undefined) return this.#runTyped(query, params, options);
    return this.#run(query, params, options, this.#rows.everyRow(options), wholeResult);
  }

  /**
   * An alias of {@linkcode SQLiteConnectionPool.execute} that marks a statement as a write for
   * readers of the code.
   *
   * @param query SQL text or an `sql` query.
   * @param params values by position or by name.
   * @param options how to wait, and the row factory of this call.
   * @returns columns, rows of RETURNING and changes.
   */
  run<T = R>(
    query: Query,
    params?: BindParams,
    options?: StatementOptions<T>,
  ): Promise<ResultSet<T>> {
    return this.execute(query, params, options);
  }

  /**
   * Runs one statement on any connection and returns all its rows.
   *
   * @param query SQL text or an `sql` query.
   * @param params values by position or by name.
   * @param options how to wait, and the row factory of this call.
   * @returns the rows; an empty array if there are none.
   * @throws the errors of {@linkcode SQLiteConnectionPool.execute}.
   */
  all<T = R>(query: Query, params?: BindParams, options?: ConnectionOptions<T>): Promise<T[]> {
    return this.#run(query, params, options, this.#rows.everyRow(options), allRows);
  }

  /**
   * Runs one statement on any connection and returns its first row.
   *
   * @param query SQL text or an `sql` query.
   * @param params values by position or by name.
   * @param options how to wait, and the row factory of this call.
   * @returns the row; `undefined` if there is none.
   * @throws the errors of {@linkcode SQLiteConnectionPool.execute}.
   */
  get<T = R>(
    query: Query,
    params?: BindParams,
    options?: ConnectionOptions<T>,
  ): Promise<T | undefined> {
    return this.#run(query, params, options, this.#rows.firstRow(options), firstRow);
  }

  /**
   * Runs one statement on any connection and returns its rows as arrays, including columns with
   * equal names.
   *
   * @param query SQL text or an `sql` query.
   * @param params values by position or by name.
   * @param options how to wait for a connection.
   * @returns the values of each row in column order.
   * @throws the errors of {@linkcode SQLiteConnectionPool.execute}.
   */
  values(query: Query, params?: BindParams, options?: AcquireOptions): Promise<SQLiteValue[][]> {
    return this.#run(query, params, options, AS_VALUES, allRows);
  }

  /**
   * Runs one statement on any connection and returns the first value of its first row.
   *
   * @param query SQL text or an `sql` query.
   * @param params values by position or by name.
   * @param options how to wait for a connection.
   * @returns the value; `undefined` if there is no row.
   * @throws the errors of {@linkcode SQLiteConnectionPool.execute}.
   */
  value(
    query: Query,
    params?: BindParams,
    options?: AcquireOptions,
  ): Promise<SQLiteValue | undefined> {
    return this.#run(query, params, options, FIRST_AS_VALUES, firstValue);
  }

  /**
   * Runs `fn` in a transaction on one connection, which is committed when it returns and rolled
   * back when it throws. Immediate and exclusive transactions of a pool run one after the other, and
   * take their connections when their turn has come; with drivers that wait for locks themselves,
   * they take them at once.
   *
   * @param fn receives the connection, which cannot be used after `fn` has settled.
   * @param options the mode of the transaction, how to wait for the turn and the connection, and the
   *   row factory.
   * @returns the result of `fn`, after the commit.
   * @throws the error of `fn`, after the rollback, and the errors of {@linkcode
   *   SQLiteConnectionPool.connection}.
   *
   * @example
   * ```ts
   * import { DatabaseSync } from "node:sqlite";
   * import { SQLiteConnectionPool } from "@sqlitepool/pool";
   *
   * const pool = new SQLiteConnectionPool(() => new DatabaseSync("app.db"));
   * await pool.execute("CREATE TABLE IF NOT EXISTS log (line TEXT)");
   * await pool.transaction(async (tx) => {
   *   await tx.run("INSERT INTO log VALUES (?)", ["both"]);
   *   await tx.run("INSERT INTO log VALUES (?)", ["or none"]);
   * });
   * await pool.close();
   * ```
   */
  async transaction<S, T = R>(
    fn: (connection: Connection<T>) => S | PromiseLike<S>,
    options: TransactionOptions & ConnectionOptions<T> = {},
  ): Promise<S> {
    checkTransactionCallback("transaction", fn);
    checkCallOptions(options, TRANSACTION_OPTION_NAMES);
    const { mode = "immediate", signal } = options;
    beginStatement(mode);
    const transact = (connection: LeasedConnection<T>): Promise<S> =>
      this.#transact(connection, fn, mode, signal);
    // It may only read, and then needs no turn.
    if (mode === "deferred") return await transact(await this.lend(options));
    return await this.#line.inLine(
      options,
      (limits, origin) => this.lend(limits, origin),
      transact,
    );
  }

  /** Makes a transaction on a connection, and gives that back. */
  async #transact<S, T>(
    connection: LeasedConnection<T>,
    fn: (connection: Connection<T>) => S | PromiseLike<S>,
    mode: TransactionMode,
    signal: AbortSignal | undefined,
  ): Promise<S> {
    try {
      const limit = signal && { signal };
      const physical = connection.lease.value;
      if (physical.waitsForLocks) this.#line.bypass();
      if (signal === undefined || physical.driver.interrupt === undefined) {
        return await connection.runTransaction(fn, mode, { limit });
      }
      const { transactInterruptibly } = await import("./interrupting/limited_transaction.ts");
      return await transactInterruptibly(
        physical,
        signal,
        (onBegin) => connection.runTransaction(fn, mode, { limit, onBegin }),
      );
    } finally {
      await connection.release();
    }
  }

  /**
   * Sets the pool size. Excess connections are closed at once if idle, otherwise when they are
   * released.
   *
   * @param poolSize the maximum number of connections, at least 1.
   * @throws {TypeError | RangeError} for anything else.
   */
  resize(poolSize: number): void {
    this.#pool.resize(poolSize);
  }

  /**
   * Closes the pool: waiters are rejected, or served with `drain`; idle connections close at once,
   * and leases may finish until the deadline, when they are closed by force. Every call returns the
   * same promise.
   *
   * @param options the timeout, `operationTimeoutMs` by default, and whether to serve waiters.
   * @returns a promise that resolves when every connection is closed, or was abandoned at the
   *   deadline.
   */
  close(options?: CloseOptions): Promise<void> {
    const pool = this.#pool;
    if (pool.closed) return pool.close(options);
    this.#reads?.flush();
    const closed = pool.close(options);
    // Its options may have been refused.
    if (!pool.closed) return closed;
    const drain = options?.drain === true;
    if (!drain) this.#pipeline?.close();
    this.#line.close(drain);
    // The deadline may have passed.
    if (drain) void closed.then(() => this.#line.close(false));
    return closed;
  }

  /** Closes the pool at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Loaded with the first statement, since most pools do not share connections. */
  async #loadPipeline(limits: PipelineLimits): Promise<void> {
    try {
      const [{ Pipeline }] = await Promise.all([
        import("./pipeline.ts"),
        physicalConnections.load(),
      ]);
      this.#pipeline = new Pipeline(this.#pool, this.#clock, limits);
    } finally {
      this.#loading = undefined;
    }
  }

  #run<T, S>(
    query: Query,
    params: BindParams | undefined,
    wait: AcquireOptions | undefined,
    rows: RowOptions<T>,
    pick: (result: ResultSet<T>) => S,
  ): Promise<S> {
    let sql: string;
    let values: BindParams | undefined;
    try {
      sql = textOf(query);
      values = paramsOf(query, params);
      if (wait !== undefined) checkCallOptions(wait, POOL_CALL_OPTION_NAMES);
      // Unknown before the first connection; the call is then refused once it has one.
      physicalConnections.now?.refuseControl(sql);
    } catch (error) {
      return Promise.reject(error);
    }
    if (this.#sharing === undefined) {
      if (!this.#mayShare(sql)) return this.#runAlone(sql, values, wait, rows, pick);
      const later = physicalConnections.now!.createdLater(rows);
      return this.#reads!.run({ sql, params: takeParams(values), wait, rows: later, pick });
    }
    const pipeline = this.#pipeline;
    if (pipeline === undefined) {
      this.#loading ??= this.#loadPipeline(this.#sharing);
      const taken = takeParams(values);
      const loaded = this.#loading;
      return late(loaded.then(() => this.#run(sql, taken, wait, rows, pick)));
    }
    if (pipeline.takes(sql)) return pipeline.execute(sql, values, wait, rows, pick);
    return this.#runAlone(sql, values, wait, rows, pick);
  }

  async #runTyped<T>(
    query: Query,
    params: BindParams | undefined,
    { columnTypes, ...wait }: StatementOptions<T>,
  ): Promise<ResultSet<T>> {
    const taken = takeParams(paramsOf(query, params));
    return await this.withConnection((connection: Connection<T>) => {
      const sql = textOf(query);
      physicalConnections.now!.refuseControl(sql);
      return connection.execute<T>(sql, taken, { columnTypes });
    }, wait);
  }

  /** Whether a statement runs in a transaction with others. Those who watch see each acquire. */
  #mayShare(sql: string): boolean {
    const reads = this.#reads;
    return reads !== undefined && !this.#pool.closed && !this.#watch.seesStatements &&
      reads.takes(sql);
  }

  #shareReads(): SharedReads<PhysicalConnection> {
    return new physicalConnections.now!.SharedReads(this.#pool, {
      pause: () => this.#pause(),
      runAlone: ({ sql, params, wait, rows, pick }) =>
        this.#start(sql, params, wait, rows, pick, "queued"),
    });
  }

  /** What to wait for before a statement; a thread answers in another turn anyway. */
  #pause(): Promise<void> | undefined {
    return this.#sharing === undefined && !this.#pool.closed ? this.#eventLoop.pause() : undefined;
  }

  /** Runs a statement on an exclusive connection. */
  #runAlone<T, S>(
    sql: string,
    params: BindParams | undefined,
    wait: AcquireOptions | undefined,
    rows: RowOptions<T>,
    pick: (result: ResultSet<T>) => S,
  ): Promise<S> {
    this.#reads?.flush();
    const turn = this.#pause();
    if (turn !== undefined) {
      const taken = takeParams(params);
      return this.#afterTurn(turn, () => this.#start(sql, taken, wait, rows, pick, "queued"));
    }
    try {
      // With an idle connection and a synchronous driver this promise is the only one.
      return Promise.resolve(this.#start(sql, params, wait, rows, pick, "new"));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Makes a call in a later turn of the event loop. */
  async #afterTurn<S>(turn: Promise<void>, call: () => S | Promise<S>): Promise<S> {
    const pool = this.#pool;
    pool.expect();
    try {
      for (let next = turn as typeof turn | undefined; next !== undefined; next = this.#pause()) {
        await next;
      }
      return call();
    } catch (error) {
      throw madeEarlier(error);
    } finally {
      pool.arrived();
    }
  }

  /**
   * Runs a statement: in this very call, if a connection is idle and its driver is synchronous.
   *
   * @param origin "queued" for a call that was made in an earlier turn of the event loop.
   */
  #start<T, S>(
    sql: string,
    params: BindParams | undefined,
    wait: AcquireOptions | undefined,
    rows: RowOptions<T>,
    pick: (result: ResultSet<T>) => S,
    origin: "new" | "queued",
  ): S | Promise<S> {
    const pool = this.#pool;
    const watched = this.#watch.seesStatements;
    const waits = watched || wait?.signal?.aborted === true || (origin === "new" && pool.closed);
    const borrowed = waits ? undefined : pool.tryBorrow();
    if (borrowed !== undefined) return this.#runOn(borrowed, sql, params, rows, pick, wait);
    const taken = takeParams(params);
    const limit = wait && { ...wait, since: this.#clock.now() };
    // Unknown before the first connection.
    const later = watched ? undefined : physicalConnections.now?.createdLater(rows);
    return late(
      later === undefined
        ? pool.acquire(wait, origin).then((lease) =>
          runLeased(lease, sql, taken, rows, pick, limit)
        )
        : pool.acquire(wait, origin, (resource, calledFrom) =>
          // Whoever is to let the event loop run first keeps the connection meanwhile.
          this.#eventLoop.pause() === undefined
            ? this.#runOn(resource, sql, taken, later, pick, limit, calledFrom)
            : runLeased(pool.lease(resource, calledFrom), sql, taken, later, pick, limit)),
    );
  }

  /** Runs a statement on a connection and gives that back: in this very call, if the driver can. */
  #runOn<T, S>(
    borrowed: Resource<PhysicalConnection>,
    sql: string,
    params: BindParams | undefined,
    rows: RowOptions<T>,
    pick: (result: ResultSet<T>) => S,
    limit: CallLimit | undefined,
    calledFrom?: string,
  ): S | Promise<S> {
    const pool = this.#pool;
    const physical = borrowed.value;
    let result: ResultSet<T> | undefined;
    try {
      physicalConnections.now!.refuseControl(sql);
      result = physical.runNow(sql, params, rows);
    } catch (error) {
      void pool.release(borrowed);
      throw error;
    }
    if (result === undefined) {
      const taken = limit && { ...limit };
      return runLeased(pool.lease(borrowed, calledFrom), sql, params, rows, pick, taken);
    }
    if (this.#sharesReads) this.#reads ??= this.#shareReads();
    // What has columns and changes no settings leaves nothing behind.
    if (result.columns.length > 0 && !physical.needsReset) pool.giveBack(borrowed);
    else void pool.release(borrowed);
    return pick(result);
  }
}

function placeOf({ pipelines, stops }: ConnectionFactory): Place {
  if (stops === true) return "process";
  return pipelines === true ? "worker" : "inline";
}

/** A call that may fail later. An async function, so that stacks lead to whoever awaits it. */
async function late<S>(call: Promise<S>): Promise<S> {
  try {
    return await call;
  } catch (error) {
    throw madeEarlier(error);
  }
}

/** Makes the connection of a holder: in this very call, but for the first. */
function hold<T>(
  lease: Lease<PhysicalConnection>,
  rows: RowDefaults<T>,
): LeasedConnection<T> | Promise<LeasedConnection<T>> {
  const held = heldConnections.now;
  return held === undefined ? holdFirst(lease, rows) : new held.LeasedConnection(lease, rows);
}

async function holdFirst<T>(
  lease: Lease<PhysicalConnection>,
  rows: RowDefaults<T>,
): Promise<LeasedConnection<T>> {
  try {
    const { LeasedConnection } = await heldConnections.load();
    return new LeasedConnection(lease, rows);
  } catch (error) {
    await lease.release();
    throw error;
  }
}

/** Runs a statement on a lease and ends it. */
async function runLeased<T, S>(
  lease: Lease<PhysicalConnection>,
  sql: string,
  params: BindParams | undefined,
  rows: RowOptions<T>,
  pick: (result: ResultSet<T>) => S,
  limit: CallLimit | undefined,
): Promise<S> {
  try {
    physicalConnections.now!.refuseControl(sql);
    if (limit !== undefined && lease.value.driver.canInterrupt !== undefined) {
      const taken = takeParams(params);
      const { runInterruptibly } = await import("./interrupting/limited_call.ts");
      const send = (limited: RowOptions<T>): Promise<S> =>
        lease.value.run(lease, sql, taken, limited, pick);
      return await runInterruptibly(lease, sql, rows, limit, send);
    }
    return await lease.value.run(lease, sql, params, rows, pick);
  } finally {
    await lease.release();
  }
}
