/**
 * Interactive transactions: a stream each, from a pool.
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
import type { WriteOptions } from "../database/database.ts";
import { checkRetries } from "../database/database_errors.ts";
import { runInside } from "../platform/reentrancy.ts";
import type { Cluster } from "./cluster.ts";
import type { Position } from "./position.ts";
import { callTooSlow } from "./hrana/errors.ts";
import type { ResolvedRemoteOptions } from "./options.ts";
import { Stream } from "./stream.ts";

/** Runs callbacks in transactions on the primary. */
export class Transactions<R> {
  readonly #pool: SQLiteConnectionPool<R>;
  readonly #clock: Clock;
  readonly #queryTimeoutMs: number;

  constructor(cluster: Cluster, options: ResolvedRemoteOptions<R>, environment: Environment) {
    const { clock } = environment;
    const { intMode, busyTimeoutMs, queryTimeoutMs, rowFactory } = options;
    const { acquisitionTimeoutMs, operationTimeoutMs, maxTransactions } = options;
    this.#clock = clock;
    this.#queryTimeoutMs = queryTimeoutMs;
    const now = (): number => clock.now();
    const timeoutMs = queryTimeoutMs;
    this.#pool = new SQLiteConnectionPool<R>(
      () =>
        new AsyncDriverConnection(
          new Stream(cluster, { intMode, timeoutMs, busyTimeoutMs, now }),
          { intMode },
        ),
      {
        poolSize: maxTransactions,
        rowFactory,
        intMode,
        acquisitionTimeoutMs,
        operationTimeoutMs,
        // A stream begins with its transaction: there is nothing to check before.
        validateAfterIdleMs: Infinity,
      },
      { environment, probes: false },
    );
  }

  get stats(): PoolStats {
    return this.#pool.stats;
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
          return await connection.transaction((tx) => runInside(owner, () => fn(tx)), { mode });
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
        connection.transaction(async (snapshot) => {
          // BEGIN DEFERRED alone reads nothing, so it would pin nothing either.
          await snapshot.values("SELECT 1 FROM sqlite_schema LIMIT 1");
          return fn(snapshot);
        }, { mode: "deferred" }),
    );
  }

  close(options: CloseOptions): Promise<void> {
    return this.#pool.close(options);
  }

  async #lend<S>(
    position: Position,
    access: "read" | "write",
    { signal, timeoutMs }: WriteOptions,
    use: (connection: Connection<R>) => Promise<S>,
  ): Promise<S> {
    const connection = await this.#pool.connection({ signal, timeoutMs });
    const stream = connection.raw as Stream;
    stream.lend(position, access);
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
