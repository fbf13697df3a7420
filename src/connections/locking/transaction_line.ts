/**
 * The line in which transactions of one pool wait for their turn to write before they take a
 * connection.
 *
 * If they waited with a connection, they would keep it from readers. And each transaction would run
 * on another connection than the one before, whose changes make the page cache of its own useless.
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

/** Lets transactions take connections one by one, first come, first served. */
export class TransactionLine {
  readonly #pool: Pool<PhysicalConnection>;
  readonly #clock: Clock;
  readonly #options: ResolvedPoolOptions;
  readonly #waiters: WaitQueue<void>;
  #state: "free" | "taken" | "not needed" = "free";
  /** Whether those who wait are served after the pool was closed. */
  #drains = false;

  constructor(pool: Pool<PhysicalConnection>, clock: Clock, options: ResolvedPoolOptions) {
    this.#pool = pool;
    this.#clock = clock;
    this.#options = options;
    this.#waiters = new WaitQueue(clock, {
      name: options.name,
      counters: pool.counters,
      maxWaiting: options.maxWaiting,
      onExpire: ({ timeoutMs }) => hadNoTurn(options.name, timeoutMs),
    });
  }

  /** How many transactions wait. */
  get waiting(): number {
    return this.#waiters.size;
  }

  /**
   * Makes a call when all earlier ones have ended.
   *
   * @param limits how long the caller waits.
   * @param call takes a connection within what is left of the limits, and gives it back.
   */
  async inLine<L extends AcquireOptions, S>(
    limits: L,
    call: (limits: L, origin: "new" | "queued") => Promise<S>,
  ): Promise<S> {
    if (this.#state === "not needed" || this.#pool.closed) return await call(limits, "new");
    if (this.#state === "free") this.#state = "taken";
    else return await this.#inTurn(limits, call);
    try {
      return await call(limits, "new");
    } finally {
      this.#leave();
    }
  }

  /** Lets everybody go: the connections wait for the lock by themselves. */
  dissolve(): void {
    this.#state = "not needed";
    this.#waiters.acceptAll(() => true, undefined);
  }

  /**
   * Rejects those who wait, or announces them to a pool that serves them before it closes.
   *
   * @param drain whether they are served.
   */
  close(drain: boolean): void {
    if (!drain) return this.#waiters.failAll(() => poolIsClosed(this.#options.name));
    this.#drains = true;
    for (let waiting = this.waiting; waiting > 0; waiting--) this.#pool.expect();
  }

  async #inTurn<L extends AcquireOptions, S>(
    limits: L,
    call: (limits: L, origin: "new" | "queued") => Promise<S>,
  ): Promise<S> {
    checkAcquireOptions(limits);
    const { signal, timeoutMs = this.#options.acquisitionTimeoutMs } = limits;
    const deadline = this.#clock.now() + timeoutMs;
    let called: Promise<S>;
    try {
      await this.#waiters.wait({ signal, timeoutMs }, undefined).promise;
      const restMs = Math.max(0, deadline - this.#clock.now());
      called = call({ ...limits, timeoutMs: restMs }, "queued");
    } finally {
      if (this.#drains) this.#pool.arrived();
    }
    try {
      return await called;
    } finally {
      this.#leave();
    }
  }

  #leave(): void {
    if (this.#state === "not needed") return;
    const next = this.#waiters.first;
    if (next === undefined) this.#state = "free";
    else next.accept();
  }
}

function hadNoTurn(name: string | undefined, timeoutMs: number): Error {
  const message =
    `No turn for a transaction within ${timeoutMs} ms: transactions of a pool that may write run one ` +
    "after the other. Keep them short, do not begin one inside another (the connection that the " +
    "callback receives has transaction()), or raise acquisitionTimeoutMs.";
  return new PoolConnectionAcquireTimeoutError(labelled(name, message));
}
