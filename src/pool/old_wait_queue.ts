/**
 * The wait queue as it was before it had duties, for those who have not been converted yet. Use
 * {@linkcode WaitQueue} of `wait_queue.ts`.
 *
 * @module
 */

import type { Clock, Timer } from "../platform/clock.ts";

/** One waiting caller. It settles exactly once; whoever comes second is refused. */
export class Waiter<T> {
  /** Settles with what was handed over, or with the error that ended the wait. */
  readonly promise: Promise<T>;
  readonly since: number;
  /** The stack of the call that waits, when leases are tracked. */
  readonly calledFrom: string | undefined;
  /** Neighbours in the queue; only {@linkcode WaitQueue} touches them. */
  previous: Waiter<T> | undefined = undefined;
  next: Waiter<T> | undefined = undefined;
  /** How long it waits at most, and until when; the queue watches over that. */
  timeoutMs: number = Infinity;
  deadline: number = Infinity;

  #state: "waiting" | "served" | "failed" = "waiting";
  #resolve!: (value: T) => void;
  #reject!: (error: unknown) => void;
  #signal: AbortSignal | undefined = undefined;
  #onAbort: (() => void) | undefined = undefined;

  constructor(since: number, calledFrom?: string) {
    this.since = since;
    this.calledFrom = calledFrom;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  get waiting(): boolean {
    return this.#state === "waiting";
  }

  /** Hands a value over. False when the wait is over already: the value is still the giver's. */
  accept(value: T): boolean {
    if (!this.#settle("served")) return false;
    this.#resolve(value);
    return true;
  }

  /** Ends the wait with an error. False when it is over already. */
  fail(error: unknown): boolean {
    if (!this.#settle("failed")) return false;
    this.#reject(error);
    return true;
  }

  /** Calls back once when the signal aborts and the wait is still on. */
  onAbort(signal: AbortSignal, callback: () => void): void {
    this.#signal = signal;
    this.#onAbort = callback;
    signal.addEventListener("abort", callback);
  }

  #settle(state: "served" | "failed"): boolean {
    if (this.#state !== "waiting") return false;
    this.#state = state;
    if (this.#onAbort !== undefined) this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#signal = this.#onAbort = undefined;
    return true;
  }
}

/**
 * First in, first out. A linked list, because a waiter that gives up leaves from the middle, and
 * ten thousand of them must not cost ten thousand searches.
 */
export class WaitQueue<T> {
  readonly #clock: Clock;
  readonly #expire: (waiter: Waiter<T>) => void;
  #head: Waiter<T> | undefined = undefined;
  #tail: Waiter<T> | undefined = undefined;
  #size = 0;
  #timer: Timer = undefined;
  #timerDueAt = Infinity;

  /** @param expire is given each waiter whose deadline has come. */
  constructor(clock: Clock, expire: (waiter: Waiter<T>) => void) {
    this.#clock = clock;
    this.#expire = expire;
  }

  get size(): number {
    return this.#size;
  }

  push(waiter: Waiter<T>): void {
    waiter.previous = this.#tail;
    if (this.#tail === undefined) this.#head = waiter;
    else this.#tail.next = waiter;
    this.#tail = waiter;
    this.#size += 1;
  }

  /** Takes the one that has waited longest. */
  shift(): Waiter<T> | undefined {
    const waiter = this.#head;
    if (waiter !== undefined) this.remove(waiter);
    return waiter;
  }

  /** Takes a waiter out; it must be in this queue. */
  remove(waiter: Waiter<T>): void {
    if (waiter.previous === undefined) this.#head = waiter.next;
    else waiter.previous.next = waiter.next;
    if (waiter.next === undefined) this.#tail = waiter.previous;
    else waiter.next.previous = waiter.previous;
    waiter.previous = waiter.next = undefined;
    this.#size -= 1;
    if (this.#size === 0 && this.#timerDueAt < Infinity) {
      this.#clock.cancel(this.#timer);
      this.#timerDueAt = Infinity;
    }
  }

  /** Sets how long a waiter in the queue waits at most. */
  limit(waiter: Waiter<T>, timeoutMs: number): void {
    waiter.timeoutMs = timeoutMs;
    waiter.deadline = waiter.since + timeoutMs;
    this.#lookAgainBy(waiter.deadline);
  }

  // One timer for all: whoever comes later, and as patient, has a later deadline. Ten thousand
  // timers would cost more than all the rest, on some runtimes ten times as much.
  #lookAgainBy(due: number): void {
    if (due >= this.#timerDueAt) return;
    const clock = this.#clock;
    clock.cancel(this.#timer);
    this.#timerDueAt = due;
    // The caller's deadline is work: without it a script that forgot a release would end
    // silently instead of with the error that explains it.
    this.#timer = clock.schedule(() => this.#sweep(), due - clock.now(), "keeps process alive");
  }

  #sweep(): void {
    this.#timerDueAt = Infinity;
    const now = this.#clock.now();
    let next = Infinity;
    for (let w = this.#head; w !== undefined;) {
      const after = w.next;
      if (w.deadline <= now) this.#expire(w);
      else if (w.deadline < next) next = w.deadline;
      w = after;
    }
    this.#lookAgainBy(next);
  }
}
