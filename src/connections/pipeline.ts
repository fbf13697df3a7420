/**
 * Pipelines single statements on connections that take many calls at once, so that they do not wait
 * for each other's replies.
 *
 * Such statements share leases. Work is distributed by time, not by number: a connection takes
 * hundreds of point reads, but nothing behind a slow statement.
 *
 * @module
 */

import type { Clock } from "../platform/clock.ts";
import { labelled, PoolConnectionAcquireTimeoutError } from "../pool/errors.ts";
import type { AcquireOptions } from "../pool/options.ts";
import type { Lease } from "../pool/lease.ts";
import type { Pool } from "../pool/pool.ts";
import { poolIsClosed } from "../pool/errors.ts";
import { WaitQueue } from "../pool/wait_queue.ts";
import type { BindParams, ResultSet, RowOptions } from "../sqlite/types.ts";
import { statementStopped, statementTooSlow, withDeadline } from "../pool/deadline.ts";
import { takeParams } from "../sqlite/bind/take_params.ts";
import { graceOf } from "./activity.ts";
import type { PhysicalConnection } from "./physical_connection.ts";
import { backlogOf, hasRoom, type PipelineCall, SharedLease } from "./pipeline/shared_lease.ts";
import { classify } from "../sqlite/classify.ts";
import { outcomeOfStopped } from "./transaction.ts";
import { ConnectionLostError } from "../driver/errors.ts";

/** A connection with less work than this is not busy, so another one would gain nothing. */
const SPREAD_MS = 0.2;

/** What a caller selects, and how it waits. */
export interface PipelineLimits {
  readonly name: string | undefined;
  readonly acquisitionTimeoutMs: number;
  readonly maxWaiting: number;
  /** The default limit for a statement. */
  readonly queryTimeoutMs: number;
  /** Whether ending a connection stops what runs there. */
  readonly stops: boolean;
}

/** Runs single statements on shared leases of a pool. */
export class Pipeline {
  readonly #pool: Pool<PhysicalConnection>;
  readonly #clock: Clock;
  readonly #limits: PipelineLimits;
  /** Leases that accept more statements. */
  readonly #shared = new Set<SharedLease>();
  readonly #waiters: WaitQueue<SharedLease>;
  /** Leases that have been requested. */
  #asked = 0;

  constructor(pool: Pool<PhysicalConnection>, clock: Clock, limits: PipelineLimits) {
    this.#pool = pool;
    this.#clock = clock;
    this.#limits = limits;
    this.#waiters = new WaitQueue(clock, {
      name: limits.name,
      counters: pool.counters,
      maxWaiting: limits.maxWaiting,
      onExpire: ({ timeoutMs }) => stayedBusy(limits.name, timeoutMs),
    });
  }

  /** How many callers are waiting beyond those in the pool's queue. */
  get waiting(): number {
    return this.#waiters.size - this.#asked;
  }

  /**
   * Whether a statement may run between those of other callers, because it is a single step and
   * changes no setting.
   */
  takes(sql: string): boolean {
    const { atomic, setting } = classify(sql);
    return !atomic && setting === undefined;
  }

  /**
   * Runs one statement and selects from its result.
   *
   * @throws {QueryTimeoutError} if `timeoutMs` expires during a read.
   * @throws {OutcomeUnknownError} if the caller gave up and the outcome of a write did not arrive
   *   in time.
   * @throws {PoolConnectionAcquireTimeoutError} if no connection was free in time.
   */
  execute<T, S>(
    sql: string,
    params: BindParams | undefined,
    wait: AcquireOptions | undefined,
    rows: RowOptions<T>,
    pick: (result: ResultSet<T>) => S,
  ): Promise<S> {
    const { stops, queryTimeoutMs } = this.#limits;
    const writes = classify(sql).writes;
    // Stopped for its caller, it must not take writes of others with it.
    if (stops && writes) return this.#executeApart(sql, takeParams(params), wait ?? {}, rows, pick);
    const limited = wait?.signal !== undefined || wait?.timeoutMs !== undefined ||
      queryTimeoutMs < Infinity;
    if (!limited && !stops) {
      const shared = this.#leaseWithRoom();
      if (shared !== undefined) return this.#send(shared, sql, params, rows, pick);
    }
    // Copied, since the caller may change its parameters in the meantime.
    const taken = takeParams(params);
    const call: PipelineCall<T, S> = {
      ...{ sql, params: taken, rows, pick, shared: undefined, state: "under way" },
    };
    if (limited) return this.#executeLimited(wait ?? {}, call, writes);
    const shared = this.#leaseWithRoom();
    return shared === undefined
      ? this.#wait(undefined).then((free) => this.#run(free, call))
      : this.#run(shared, call);
  }

  /** Rejects waiting callers. */
  close(): void {
    this.#waiters.failAll(() => poolIsClosed(this.#limits.name));
  }

  async #executeLimited<T, S>(
    { signal, timeoutMs }: AcquireOptions,
    call: PipelineCall<T, S>,
    writes: boolean,
  ): Promise<S> {
    if (signal?.aborted) throw signal.reason;
    const startedAt = this.#clock.now();
    const shared = this.#leaseWithRoom() ?? await this.#wait({ signal, timeoutMs });
    const { whole, restMs } = this.#restOf(timeoutMs, startedAt);
    const tooSlow = this.#limits.stops ? statementStopped : statementTooSlow;
    try {
      return await withDeadline(
        this.#clock,
        { signal, timeoutMs: restMs },
        () => this.#run(shared, call).finally(() => call.state = "answered"),
        // Once sent, a write may take effect even if nobody waits for it.
        { tooLate: () => tooSlow(whole), isPastRecall: () => writes },
      );
    } catch (error) {
      if (call.state === "under way") this.#suspect(call.shared!);
      call.state = "given up";
      throw error;
    }
  }

  /** Runs a statement on an exclusive connection, which is stopped when the caller gives up. */
  async #executeApart<T, S>(
    sql: string,
    params: BindParams | undefined,
    { signal, timeoutMs }: AcquireOptions,
    rows: RowOptions<T>,
    pick: (result: ResultSet<T>) => S,
  ): Promise<S> {
    const startedAt = this.#clock.now();
    const lease = await this.#pool.acquire({ signal, timeoutMs });
    const { whole, restMs } = this.#restOf(timeoutMs, startedAt);
    const { driver } = lease.value;
    const kill = driver.stop?.bind(driver);
    try {
      return await withDeadline(
        this.#clock,
        { signal, timeoutMs: restMs },
        () => lease.value.run(lease, sql, params, rows, pick),
        {
          tooLate: () => statementStopped(whole),
          isPastRecall: () => true,
          kill,
          explainKilled: outcomeOfStopped,
        },
      );
    } finally {
      await lease.release();
    }
  }

  /** How long a statement may take that has waited for its connection. */
  #restOf(timeoutMs: number | undefined, startedAt: number): { whole: number; restMs: number } {
    const restMs = timeoutMs === undefined
      ? this.#limits.queryTimeoutMs
      : Math.max(0, startedAt + timeoutMs - this.#clock.now());
    return { whole: timeoutMs ?? restMs, restMs };
  }

  /**
   * Sends a call. If the connection is stopped for another caller, a read runs again on another
   * one.
   */
  #run<T, S>(shared: SharedLease, call: PipelineCall<T, S>): Promise<S> {
    call.shared = shared;
    const { sql, params, rows, pick } = call;
    const sent = this.#send(shared, sql, params, rows, pick);
    if (!this.#limits.stops) return sent;
    const { driver } = shared.lease.value;
    return sent.catch((error) => {
      const isVictim = error instanceof ConnectionLostError && driver.wasStopped === true;
      if (!isVictim || call.state === "given up" || !classify(sql).reads) throw error;
      return this.#wait(undefined).then((free) => this.#run(free, call));
    });
  }

  #send<T, S>(
    shared: SharedLease,
    sql: string,
    params: BindParams | undefined,
    rows: RowOptions<T>,
    pick: (result: ResultSet<T>) => S,
  ): Promise<S> {
    let physical: PhysicalConnection;
    try {
      physical = shared.value;
    } catch (error) {
      this.#shared.delete(shared);
      return Promise.reject(error);
    }
    shared.underWay += 1;
    return physical.run(shared, sql, params, rows, pick);
  }

  #answered(shared: SharedLease): void {
    shared.phase = "used";
    // Waiting callers must not get a lost connection.
    if (shared.active && shared.value.driver.isLost) this.#shared.delete(shared);
    this.#leave(shared);
  }

  /** Ends one use of a lease, which is returned when nobody uses it. */
  #leave(shared: SharedLease): void {
    shared.underWay -= 1;
    if (this.#waiters.size > 0) this.#serve();
    if (shared.underWay > 0) return;
    this.#shared.delete(shared);
    void shared.lease.release();
  }

  /** Returns a lease that can take one more statement now. */
  #leaseWithRoom(): SharedLease | undefined {
    if (this.#waiters.size > 0 || this.#othersWait()) return undefined;
    const best = this.#leastBusy();
    if (best !== undefined && backlogOf(best) < SPREAD_MS) return best;
    const idle = this.#pool.tryAcquire();
    if (idle !== undefined) return this.#share(idle);
    if (best === undefined || !hasRoom(best)) return undefined;
    if (this.#asked === 0 && this.#pool.hasRoom) this.#ask();
    return best;
  }

  /** Whether an earlier caller is waiting for an exclusive connection. */
  #othersWait(): boolean {
    return this.#pool.waiting > this.#asked;
  }

  /** Returns the lease to use next, if any. */
  #leastBusy(): SharedLease | undefined {
    const othersWait = this.#othersWait();
    let best: SharedLease | undefined;
    for (const shared of this.#shared) {
      if (othersWait && shared.phase === "used") continue;
      if (best === undefined || backlogOf(shared) < backlogOf(best)) best = shared;
    }
    return best;
  }

  #share(lease: Lease<PhysicalConnection>): SharedLease {
    const shared = new SharedLease(lease, (settled) => this.#answered(settled));
    this.#shared.add(shared);
    return shared;
  }

  #wait(limits: AcquireOptions | undefined): Promise<SharedLease> {
    if (this.#pool.closed) return Promise.reject(poolIsClosed(this.#limits.name));
    const { signal, timeoutMs = this.#limits.acquisitionTimeoutMs } = limits ?? {};
    return this.#waiters.wait({ signal, timeoutMs }, undefined, () => this.#askForMore()).promise;
  }

  /** Requests leases while the pool has more, otherwise the next one to become free. */
  #askForMore(): void {
    if (this.#asked >= this.#waiters.size) return;
    if (this.#asked === 0 || this.#pool.hasRoom) this.#ask();
  }

  #ask(): void {
    this.#asked += 1;
    // Callers that wait here have their own deadlines.
    this.#pool.acquire({ timeoutMs: Infinity }, "queued").then(
      (lease) => {
        this.#asked -= 1;
        const shared = this.#share(lease);
        shared.underWay += 1;
        this.#leave(shared);
      },
      (error) => {
        this.#asked -= 1;
        this.#waiters.first?.fail(error);
        this.#askForMore();
      },
    );
  }

  /** Gives a lease with capacity to the first waiter, or requests one if there is none. */
  #serve(): void {
    const best = this.#leastBusy();
    if (best === undefined || (best.underWay > 0 && !hasRoom(best))) {
      return this.#askForMore();
    }
    const waiter = this.#waiters.first;
    if (waiter === undefined) return;
    // The lease must stay until the statement is sent a moment later, when it counts in the
    // backlog; the next one waits for that.
    best.underWay += 1;
    const sent = (): void => this.#leave(best);
    waiter.promise.then(sent, sent);
    waiter.accept(best);
  }

  /** Nothing is sent behind a statement whose caller has given up until it has settled. */
  #suspect(shared: SharedLease): void {
    this.#shared.delete(shared);
    if (!shared.active) return;
    const graceMs = graceOf(shared.value.driver);
    this.#clock.schedule(() => this.#giveUp(shared), graceMs, "lets process exit");
    this.#askForMore();
  }

  /** Waits for a connection that cannot be replaced. */
  #giveUp({ lease, underWay }: SharedLease): void {
    if (underWay === 0 || !lease.active) return;
    if (lease.value.driver.abandon !== undefined) lease.discard();
  }
}

function stayedBusy(name: string | undefined, timeoutMs: number): Error {
  const message =
    `No connection was free for a statement within ${timeoutMs} ms. Release every connection ` +
    "you acquire, make slow statements faster, or raise poolSize (readers) or " +
    "acquisitionTimeoutMs.";
  return new PoolConnectionAcquireTimeoutError(labelled(name, message));
}
