/**
 * Whose turn it is to write.
 *
 * SQLite has one writer at a time and no queue: connections that poll for its lock overtake each
 * other, and some starve. Connections of one pool take turns here, first come, first served, and
 * only the one whose turn it is competes with other processes.
 *
 * @module
 */

import type { Clock, Environment } from "../platform/clock.ts";
import { Waiter, WaitQueue } from "../pool/wait_queue.ts";

/** Who waits for the turn. */
interface Candidate<H> {
  readonly holder: H;
  readonly timeoutError: () => Error;
}

/** A first-in-first-out lock. `H` is whatever identifies a holder. */
export class WriteLock<H extends object> {
  readonly #clock: Clock;
  readonly #queue: WaitQueue<void>;
  readonly #candidates = new Map<Waiter<void>, Candidate<H>>();
  #holder: H | undefined = undefined;

  constructor({ clock }: Environment) {
    this.#clock = clock;
    this.#queue = new WaitQueue(clock, (waiter) => {
      const { timeoutError } = this.#candidates.get(waiter)!;
      this.#queue.remove(waiter);
      this.#candidates.delete(waiter);
      waiter.fail(timeoutError());
    });
  }

  isHeldBy(holder: H): boolean {
    return this.#holder === holder;
  }

  /** Takes the turn in this very call if it is free or already the caller's. */
  tryTake(holder: H): boolean {
    this.#holder ??= holder;
    return this.#holder === holder;
  }

  /** Waits for the turn. Rejects with what `timeoutError` makes when the time is up. */
  take(holder: H, timeoutMs: number, timeoutError: () => Error): Promise<void> {
    if (this.tryTake(holder)) return Promise.resolve();
    const waiter = new Waiter<void>(this.#clock.now());
    this.#candidates.set(waiter, { holder, timeoutError });
    this.#queue.push(waiter);
    this.#queue.limit(waiter, timeoutMs);
    return waiter.promise;
  }

  /** Passes the turn on. Does nothing when it is not the caller's. */
  leave(holder: H): void {
    if (this.#holder !== holder) return;
    const next = this.#queue.shift();
    this.#holder = next && this.#candidates.get(next)?.holder;
    if (next === undefined) return;
    this.#candidates.delete(next);
    next.accept();
  }
}
