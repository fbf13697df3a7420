/**
 * Statements that need a connection for themselves only: on connections that take many calls at
 * once, they need not wait for each other's answers.
 *
 * A lease is shared by such statements for as long as there are any. Work is spread by time, not
 * by number: a connection takes hundreds of point reads, but nothing behind a slow statement.
 *
 * @module
 */

import type { Clock } from "../platform/clock.ts";
import { PoolConnectionAcquireTimeoutError } from "../pool/errors.ts";
import type { Lease } from "../pool/lease.ts";
import type { AcquireOptions } from "../pool/options.ts";
import type { Pool } from "../pool/pool.ts";
import { poolIsClosed } from "../pool/errors.ts";
import { WaitQueue } from "../pool/wait_queue.ts";
import type { BindParams, ResultSet, RowOptions } from "../sqlite/types.ts";
import { statementTooSlow, withDeadline } from "../pool/deadline.ts";
import { takeParams } from "../sqlite/bind/take_params.ts";
import type { Holder } from "./holder.ts";
import { GRACE_MS, type PhysicalConnection } from "./physical_connection.ts";
import { classify } from "../sqlite/classify.ts";

/** With less work than this a connection is not busy: another one would gain nothing. */
const SPREAD_MS = 0.2;

/** A lease that statements share. */
class SharedLease implements Holder<PhysicalConnection> {
  readonly lease: Lease<PhysicalConnection>;
  /** How many make use of it. */
  underWay = 0;
  /** A fresh one was waited for in turn; a used one goes back when somebody else waits. */
  phase: "fresh" | "used" = "fresh";
  readonly #onSettled: (shared: SharedLease) => void;

  constructor(lease: Lease<PhysicalConnection>, onSettled: (shared: SharedLease) => void) {
    this.lease = lease;
    this.#onSettled = onSettled;
  }

  get active(): boolean {
    return this.lease.active;
  }

  get value(): PhysicalConnection {
    return this.lease.value;
  }

  settled(): void {
    this.#onSettled(this);
  }
}

/** What a caller wants to know, and how it waits. */
export interface PipelineLimits {
  readonly acquisitionTimeoutMs: number;
  readonly maxWaiting: number;
  /** For a statement itself, where the caller does not say. */
  readonly queryTimeoutMs: number;
}

/** Runs single statements on shared leases of a pool. */
export class Pipeline {
  readonly #pool: Pool<PhysicalConnection>;
  readonly #clock: Clock;
  readonly #limits: PipelineLimits;
  /** Leases that take more statements. */
  readonly #shared = new Set<SharedLease>();
  readonly #waiters: WaitQueue<SharedLease>;
  /** Leases that have been asked for. */
  #asked = 0;

  constructor(pool: Pool<PhysicalConnection>, clock: Clock, limits: PipelineLimits) {
    this.#pool = pool;
    this.#clock = clock;
    this.#limits = limits;
    this.#waiters = new WaitQueue(clock, {
      counters: pool.counters,
      maxWaiting: limits.maxWaiting,
      onExpire: ({ timeoutMs }) => stayedBusy(timeoutMs),
    });
  }

  /** How many more wait than the pool knows of. */
  get waiting(): number {
    return this.#waiters.size - this.#asked;
  }

  /** Whether a statement may run between those of others: it takes one step and changes no setting. */
  takes(sql: string): boolean {
    const { atomic, setting } = classify(sql);
    return !atomic && setting === undefined;
  }

  /**
   * Runs one statement and picks from its result.
   *
   * @throws {QueryTimeoutError} when `timeoutMs` is over while it reads.
   * @throws {OutcomeUnknownError} its caller gave up, and the outcome of a write did not come soon.
   * @throws {PoolConnectionAcquireTimeoutError} when no connection had time for it.
   */
  execute<T, S>(
    sql: string,
    params: BindParams | undefined,
    wait: AcquireOptions | undefined,
    rows: RowOptions<T>,
    pick: (result: ResultSet<T>) => S,
  ): Promise<S> {
    const limited = wait?.signal !== undefined || wait?.timeoutMs !== undefined ||
      this.#limits.queryTimeoutMs < Infinity;
    if (!limited) {
      const shared = this.#leaseWithRoom();
      if (shared !== undefined) return this.#send(shared, sql, params, rows, pick);
    }
    // What the caller does with its parameters meanwhile changes nothing.
    const taken = takeParams(params);
    const send = (shared: SharedLease): Promise<S> => this.#send(shared, sql, taken, rows, pick);
    if (!limited) return this.#wait(undefined).then(send);
    return this.#executeLimited(wait ?? {}, send, classify(sql).writes);
  }

  /** Refuses those who wait. */
  close(): void {
    this.#waiters.failAll(poolIsClosed);
  }

  async #executeLimited<S>(
    { signal, timeoutMs }: AcquireOptions,
    send: (shared: SharedLease) => Promise<S>,
    writes: boolean,
  ): Promise<S> {
    if (signal?.aborted) throw signal.reason;
    const startedAt = this.#clock.now();
    const shared = this.#leaseWithRoom() ?? await this.#wait({ signal, timeoutMs });
    const restMs = timeoutMs === undefined
      ? this.#limits.queryTimeoutMs
      : Math.max(0, startedAt + timeoutMs - this.#clock.now());
    const whole = timeoutMs ?? restMs;
    let state = "under way" as "under way" | "answered";
    try {
      return await withDeadline(
        this.#clock,
        { signal, timeoutMs: restMs },
        () => send(shared).finally(() => state = "answered"),
        // Once sent, a write may take effect, whoever waits for it.
        { tooLate: () => statementTooSlow(whole), isPastRecall: () => writes },
      );
    } catch (error) {
      if (state === "under way") this.#suspect(shared);
      throw error;
    }
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
    // Nobody who waits is to get a connection that is gone.
    if (shared.active && shared.value.driver.isLost) this.#shared.delete(shared);
    this.#leave(shared);
  }

  /** One fewer makes use of a lease. It is given back when nobody does. */
  #leave(shared: SharedLease): void {
    shared.underWay -= 1;
    if (this.#waiters.size > 0) this.#serve();
    if (shared.underWay > 0) return;
    this.#shared.delete(shared);
    void shared.lease.release();
  }

  /** A lease that may take one more statement now. */
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

  /** Whether somebody waits for a connection of their own, who came before. */
  #othersWait(): boolean {
    return this.#pool.waiting > this.#asked;
  }

  /** The lease to use next, if any may be used. */
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
    if (this.#pool.closed) return Promise.reject(poolIsClosed());
    const { signal, timeoutMs = this.#limits.acquisitionTimeoutMs } = limits ?? {};
    return this.#waiters.wait({ signal, timeoutMs }, undefined, () => this.#askForMore()).promise;
  }

  /** Asks for leases as long as there may be more of them; otherwise for the next to be free. */
  #askForMore(): void {
    if (this.#asked >= this.#waiters.size) return;
    if (this.#asked === 0 || this.#pool.hasRoom) this.#ask();
  }

  #ask(): void {
    this.#asked += 1;
    // Who waits here has a deadline of their own.
    this.#pool.acquire({ timeoutMs: Infinity }).then(
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

  /** Gives a lease with room to the first who waits, or asks for one where there is none. */
  #serve(): void {
    const best = this.#leastBusy();
    if (best === undefined || (best.underWay > 0 && !hasRoom(best))) {
      return this.#askForMore();
    }
    const waiter = this.#waiters.first;
    if (waiter === undefined) return;
    // The lease must still be there when the statement is sent, which is a moment later. What it
    // adds to the backlog shows then: the next one waits for that.
    best.underWay += 1;
    const sent = (): void => this.#leave(best);
    waiter.promise.then(sent, sent);
    waiter.accept(best);
  }

  /** Nothing follows a statement whose caller has given up, until it shows to be harmless. */
  #suspect(shared: SharedLease): void {
    this.#shared.delete(shared);
    this.#clock.schedule(() => this.#giveUp(shared), GRACE_MS, "lets process exit");
    this.#askForMore();
  }

  /** A connection that cannot be replaced is waited for. */
  #giveUp({ lease, underWay }: SharedLease): void {
    if (underWay === 0 || !lease.active) return;
    if (lease.value.driver.abandon !== undefined) lease.discard();
  }
}

function backlogOf({ lease }: SharedLease): number {
  return lease.active ? lease.value.driver.backlogMs ?? Infinity : Infinity;
}

function hasRoom({ lease }: SharedLease): boolean {
  return lease.active && lease.value.hasRoom;
}

function stayedBusy(timeoutMs: number): Error {
  return new PoolConnectionAcquireTimeoutError(
    `No connection had time for a statement within ${timeoutMs} ms. Release every connection ` +
      "you acquire, make slow statements faster, or raise poolSize (readers) or " +
      "acquisitionTimeoutMs.",
  );
}
