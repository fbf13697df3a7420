/**
 * The line in which transactions of one pool wait for their turn to write before they take a
 * connection.
 *
 * If they waited with a connection, they would keep it from readers. And each transaction would run
 * on another connection than the one before it, whose commit invalidates the page cache there.
 *
 * @module
 */

import type { Clock } from "../../platform/clock.ts";
import { labelled, PoolConnectionAcquireTimeoutError, poolIsClosed } from "../../pool/errors.ts";
import {
  type AcquireOptions,
  checkAcquireOptions,
  type ResolvedPoolOptions,
} from "../../pool/options.ts";
import type { Pool } from "../../pool/pool.ts";
import { WaitQueue } from "../../pool/wait_queue.ts";
import type { PhysicalConnection } from "../physical_connection.ts";

/** A transaction in the line. */
interface Member {
  /** Whether the pool counts it among its own waiters, and closes only after them. */
  isAnnounced: boolean;
}

/** Lets transactions take connections one by one, first come, first served. */
export class TransactionLine {
  readonly #pool: Pool<PhysicalConnection>;
  readonly #clock: Clock;
  readonly #options: ResolvedPoolOptions;
  readonly #waiters: WaitQueue<void>;
  /** Those that wait for their turn or for their connection. */
  readonly #members = new Set<Member>();
  #state: "free" | "taken" | "bypassed" = "free";

  constructor(pool: Pool<PhysicalConnection>, clock: Clock, options: ResolvedPoolOptions) {
    this.#pool = pool;
    this.#clock = clock;
    this.#options = options;
    this.#waiters = new WaitQueue(clock, {
      name: options.name,
      counters: pool.counters,
      maxWaiting: options.maxWaiting,
      // They wait for their turn only, not for a connection.
      aboutToBeServed: () => pool.available,
      onExpire: ({ timeoutMs }) => hadNoTurn(options.name, timeoutMs),
    });
  }

  /** How many transactions wait that the pool does not count. */
  get waiting(): number {
    const [first] = this.#members;
    return first?.isAnnounced === true ? 0 : this.#waiters.size;
  }

  /**
   * Takes a connection when all earlier transactions have ended, and makes a transaction on it.
   *
   * @param options how long to wait, for the turn and the connection together.
   * @param lend takes a connection.
   * @param use makes the transaction, and gives the connection back.
   */
  async inLine<O extends AcquireOptions, C, S>(
    options: O,
    lend: (options: O, origin: "new" | "queued") => Promise<C>,
    use: (connection: C) => Promise<S>,
  ): Promise<S> {
    // The queue of a pool with one connection is a line already.
    const isNeeded = this.#state !== "bypassed" && this.#pool.poolSize > 1 && !this.#pool.closed;
    if (!isNeeded) return await use(await lend(options, "new"));
    if (this.#state === "free") {
      this.#state = "taken";
      return await this.#leaveAfter(async () => await use(await lend(options, "new")));
    }
    // The caller may change them while it waits.
    const taken = { ...options };
    const member: Member = { isAnnounced: false };
    this.#members.add(member);
    try {
      const restMs = await this.#turn(taken);
      return await this.#leaveAfter(async () => {
        const connection = await this.#inTime(
          taken,
          lend({ ...taken, timeoutMs: restMs }, "queued"),
        );
        this.#hasArrived(member);
        return await use(connection);
      });
    } finally {
      this.#hasArrived(member);
    }
  }

  /** Lets everybody go: the connections wait for the lock by themselves. */
  bypass(): void {
    this.#state = "bypassed";
    this.#waiters.acceptAll(() => true, undefined);
  }

  /**
   * Rejects those who wait, or announces them to a pool that serves them before it closes.
   *
   * @param drain whether they are served.
   */
  close(drain: boolean): void {
    if (!drain) return this.#waiters.failAll(() => poolIsClosed(this.#options.name));
    for (const member of this.#members) {
      member.isAnnounced = true;
      this.#pool.expect();
    }
  }

  /** Waits for the turn. Returns what is left of the time to wait for a connection. */
  async #turn(options: AcquireOptions): Promise<number> {
    checkAcquireOptions(options);
    const { signal, timeoutMs = this.#options.acquisitionTimeoutMs } = options;
    const deadline = this.#clock.now() + timeoutMs;
    await this.#waiters.wait({ signal, timeoutMs }, undefined).promise;
    return Math.max(0, deadline - this.#clock.now());
  }

  /** A caller knows the time it had in all, and nothing of the rest. */
  async #inTime<C>(
    { timeoutMs = this.#options.acquisitionTimeoutMs }: AcquireOptions,
    lending: Promise<C>,
  ): Promise<C> {
    try {
      return await lending;
    } catch (error) {
      if (!(error instanceof PoolConnectionAcquireTimeoutError)) throw error;
      throw hadNoTurn(this.#options.name, timeoutMs, error);
    }
  }

  async #leaveAfter<S>(work: () => Promise<S>): Promise<S> {
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  #hasArrived(member: Member): void {
    if (this.#members.delete(member) && member.isAnnounced) this.#pool.arrived();
  }

  #leave(): void {
    if (this.#state === "bypassed") return;
    const next = this.#waiters.first;
    if (next === undefined) this.#state = "free";
    else next.accept();
  }
}

function hadNoTurn(name: string | undefined, timeoutMs: number, cause?: Error): Error {
  const message =
    `No turn to write within ${timeoutMs} ms: the immediate and exclusive transactions of a pool run ` +
    "one after the other, and each waits for a connection too. Keep them short, do not begin one " +
    "inside another (the connection that the callback receives has transaction()), release every " +
    "connection you acquire, or raise acquisitionTimeoutMs.";
  return new PoolConnectionAcquireTimeoutError(labelled(name, message), cause && { cause });
}
