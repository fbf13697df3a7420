/**
 * Whose turn it is to write.
 *
 * SQLite has one writer at a time and no queue: connections that poll for its lock overtake each
 * other, and some starve. Connections of one pool take turns here, first come, first served, and
 * only the one whose turn it is competes with other processes.
 *
 * @module
 */

import type { Environment } from "../pool/clock.ts";
import { Waiter, WaiterQueue } from "../pool/waiters.ts";

/** A first-in-first-out lock. `H` is whatever identifies a holder. */
export class WriteTurn<H extends object> {
  readonly #environment: Environment;
  readonly #queue = new WaiterQueue<void>();
  readonly #wanted = new Map<Waiter<void>, H>();
  #holder: H | undefined = undefined;

  constructor(environment: Environment) {
    this.#environment = environment;
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
    const { clock } = this.#environment;
    const waiter = new Waiter<void>(clock.now());
    this.#queue.push(waiter);
    this.#wanted.set(waiter, holder);
    waiter.onDeadline(clock, timeoutMs, () => {
      this.#queue.remove(waiter);
      this.#wanted.delete(waiter);
      waiter.fail(timeoutError());
    });
    return waiter.promise;
  }

  /** Passes the turn on. Does nothing when it is not the caller's. */
  leave(holder: H): void {
    if (this.#holder !== holder) return;
    const next = this.#queue.shift();
    if (next === undefined) {
      this.#holder = undefined;
      return;
    }
    this.#holder = this.#wanted.get(next);
    this.#wanted.delete(next);
    next.accept();
  }
}
