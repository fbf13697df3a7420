/**
 * Whose turn it is to write.
 *
 * SQLite has one writer at a time and no queue: connections that poll for its lock overtake each
 * other, and some starve. Connections of one process take turns here, first come, first served,
 * and only the one whose turn it is competes with other processes.
 *
 * @module
 */

import type { Clock, Environment } from "../platform/clock.ts";
import { Waiter, WaitQueue } from "../pool/old_wait_queue.ts";

/** When somebody stops waiting for the turn. */
export interface TurnWait {
  readonly signal: AbortSignal | undefined;
  /** A time of the clock. */
  readonly deadline: number;
  /** Called when the wait ends without the turn; makes the error it ends with. */
  readonly refusal: (reason: "timeout" | "abort") => unknown;
}

/** Who waits for the turn. */
interface Candidate<H> {
  readonly holder: H;
  readonly wait: TurnWait;
}

/** A first-in-first-out lock. `H` is whatever identifies a holder. */
export class WriteLock<H extends object> {
  readonly #clock: Clock;
  readonly #queue: WaitQueue<void>;
  readonly #candidates = new Map<Waiter<void>, Candidate<H>>();
  #holder: H | undefined = undefined;

  constructor({ clock }: Environment) {
    this.#clock = clock;
    this.#queue = new WaitQueue(clock, (waiter) => this.#refuse(waiter, "timeout"));
  }

  isHeldBy(holder: H): boolean {
    return this.#holder === holder;
  }

  /** Takes the turn in this very call if it is free or already the caller's. */
  tryTake(holder: H): boolean {
    this.#holder ??= holder;
    return this.#holder === holder;
  }

  /** Waits for the turn; `undefined` when it is the caller's at once. */
  take(holder: H, wait: TurnWait): Promise<void> | undefined {
    if (this.tryTake(holder)) return undefined;
    const { signal, deadline } = wait;
    const waiter = new Waiter<void>(this.#clock.now());
    this.#candidates.set(waiter, { holder, wait });
    this.#queue.push(waiter);
    if (deadline < Infinity) this.#queue.limit(waiter, Math.max(0, deadline - waiter.since));
    if (signal?.aborted) this.#refuse(waiter, "abort");
    else if (signal) waiter.onAbort(signal, () => this.#refuse(waiter, "abort"));
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

  #refuse(waiter: Waiter<void>, reason: "timeout" | "abort"): void {
    const { wait } = this.#candidates.get(waiter)!;
    this.#queue.remove(waiter);
    this.#candidates.delete(waiter);
    waiter.fail(wait.refusal(reason));
  }
}
