/**
 * Interactive transactions and leased connections: a stream each, from a pool.
 *
 * @module
 */

import type { Clock, Environment } from "../platform/clock.ts";
import { withDeadline } from "../pool/deadline.ts";
import { QueryTimeoutError } from "../pool/errors.ts";
import type { CloseOptions } from "../pool/options.ts";
import { SQLiteError } from "../sqlite/errors.ts";
import { AsyncDriverConnection } from "../driver/async_connection.ts";
import { beginStatement, type Connection } from "../connections/connection.ts";
import { type PoolStats, SQLiteConnectionPool } from "../connections/connection_pool.ts";
import type { LeasedConnection } from "../connections/leased_connection.ts";
import type { Role } from "../connections/observation/operation.ts";
import type { Watch } from "../connections/observation/watch.ts";
import { type Query, RowDefaults, textOf } from "../connections/query.ts";
import type { DatabaseConnectionOptions, WriteOptions } from "../database/database.ts";
import { checkRetries } from "../database/database_errors.ts";
import { LentConnection } from "../database/lent_connection.ts";
import type { AcquireOptions } from "../pool/options.ts";
import type { RowFactory, StatementDescription } from "../sqlite/types.ts";
import { runInside } from "../platform/reentrancy.ts";
import type { Cluster } from "./cluster.ts";
import type { Position } from "./position.ts";
import { callTooSlow } from "./hrana/errors.ts";
import type { ResolvedRemoteOptions } from "./options.ts";
import { Stream } from "./stream.ts";

/** Runs callbacks in transactions on the primary, and lends connections to it. */
export class Transactions<R> {
  readonly #pool: SQLiteConnectionPool<R>;
  readonly #watches: Readonly<Record<Role, Watch>>;
  readonly #rowFactory: RowFactory<R> | undefined;
  readonly #clock: Clock;
  readonly #queryTimeoutMs: number;

  constructor(
    cluster: Cluster,
    options: ResolvedRemoteOptions<R>,
    environment: Environment,
    watches: Readonly<Record<Role, Watch>>,
  ) {
    const { clock } = environment;
    const { intMode, busyTimeoutMs, queryTimeoutMs, rowFactory, name } = options;
    const { acquisitionTimeoutMs, operationTimeoutMs, maxTransactions, trackLeases } = options;
    this.#clock = clock;
    this.#queryTimeoutMs = queryTimeoutMs;
    this.#watches = watches;
    this.#rowFactory = rowFactory;
    const timeoutMs = queryTimeoutMs;
    this.#pool = new SQLiteConnectionPool<R>(
      () =>
        new AsyncDriverConnection(
          new Stream(cluster, { intMode, timeoutMs, busyTimeoutMs, clock }),
          { intMode },
        ),
      {
        ...(name !== undefined && { name }),
        poolSize: maxTransactions,
        trackLeases,
        rowFactory,
        intMode,
        acquisitionTimeoutMs,
        operationTimeoutMs,
        // A stream begins with its transaction: there is nothing to check before.
        validateAfterIdleMs: Infinity,
      },
      { environment, probes: false, watch: watches.writer },
    );
  }

  get stats(): PoolStats {
    return this.#pool.stats;
  }

  /** The pool of streams, for instrumentation. */
  get pool(): SQLiteConnectionPool<R> {
    return this.#pool;
  }

  /** Runs `fn` in a transaction; commits when it returns. */
  async write<S>(
    owner: object,
    position: Position,
    fn: (tx: Connection<R>) => S | PromiseLike<S>,
    options: WriteOptions,
  ): Promise<S> {
    const { mode = "immediate", retries = 0 } = options;
    beginStatement(mode);
    checkRetries(retries);
    return await this.#lend(position, "write", options, async (connection) => {
      for (let attempt = 0;; attempt++) {
        try {
          return await connection.runTransaction((tx) => runInside(owner, () => fn(tx)), mode);
        } catch (error) {
          const isStale = error instanceof SQLiteError && error.code === "SQLITE_BUSY";
          if (attempt >= retries || mode !== "deferred" || !isStale) throw error;
        }
      }
    });
  }

  /** Runs `fn` on one snapshot. */
  async read<S>(
    position: Position,
    fn: (snapshot: Connection<R>) => S | PromiseLike<S>,
    options: WriteOptions,
  ): Promise<S> {
    return await this.#lend(
      position,
      "read",
      options,
      (connection) =>
        connection.runTransaction(async (snapshot) => {
          // BEGIN DEFERRED alone reads nothing, so it would pin nothing either.
          await snapshot.ask("SELECT 1 FROM sqlite_schema LIMIT 1");
          return fn(snapshot);
        }, "deferred"),
    );
  }

  /** Describes a statement without running it. */
  async describe(
    position: Position,
    query: Query,
    options: AcquireOptions,
  ): Promise<StatementDescription> {
    const sql = textOf(query);
    return await this.#lend(position, "read", options, (connection) => connection.describe(sql));
  }

  /** Lends a connection, which keeps its stream until it is released. */
  async connection<T>(
    owner: object,
    position: Position,
    { write = false, rowFactory, ...wait }: DatabaseConnectionOptions<T>,
  ): Promise<LentStream<T>> {
    const connection = await this.#pool.lend(wait);
    const stream = connection.raw as Stream;
    // A strong reference would keep a dropped lease from being garbage-collected.
    const lease = new WeakRef(connection.lease);
    const access = write ? "write" : "read";
    stream.lend({ position, access, isLeased: () => lease.deref()?.active === true });
    connection.lease.value.watch = this.#watches[write ? "writer" : "reader"];
    const makeRow = rowFactory ?? this.#rowFactory as unknown as RowFactory<T> | undefined;
    return new LentStream(connection.lease, new RowDefaults(makeRow), {
      defaultMode: write ? "immediate" : "deferred",
      blocks: write ? owner : undefined,
      onBegin: () => () => {},
      keepsData: false,
    });
  }

  close(options: CloseOptions): Promise<void> {
    return this.#pool.close(options);
  }

  async #lend<S>(
    position: Position,
    access: "read" | "write",
    { signal, timeoutMs }: WriteOptions,
    use: (connection: LeasedConnection<R>) => Promise<S>,
  ): Promise<S> {
    const connection = await this.#pool.lend<R>({ signal, timeoutMs });
    const stream = connection.raw as Stream;
    stream.lend({ position, access });
    connection.lease.value.watch = this.#watches[access === "write" ? "writer" : "reader"];
    let state = "under way" as "under way" | "settled";
    const tooLate = (ms: number): Error =>
      stream.isCommitting ? callTooSlow(ms, "write") : new QueryTimeoutError(
        `The call took longer than ${ms} ms. What it had begun was rolled back.`,
      );
    try {
      const limit = { signal, timeoutMs: timeoutMs ?? this.#queryTimeoutMs };
      return await withDeadline(this.#clock, limit, async () => {
        try {
          return await use(connection);
        } finally {
          state = "settled";
        }
      }, { tooLate });
    } finally {
      if (state === "under way") stream.abort();
      const released = connection.release();
      // Whoever gave up does not wait for what has yet to be undone.
      if (state === "settled") await released;
    }
  }
}

/** A connection that a caller has leased. */
class LentStream<R> extends LentConnection<R> {
  override release(): Promise<void> {
    this.#leave();
    return super.release();
  }

  override discard(): Promise<void> {
    this.#leave();
    return super.discard();
  }

  /** Closes the stream before the next holder gets it. */
  #leave(): void {
    if (this.lease.active) (this.raw as Stream).leave();
  }
}
