/**
 * Callers that wait for their turn, in order of arrival.
 *
 * Every wait in the library is one of these. A queue owes each waiter the same duties: a deadline,
 * a signal, a place in the statistics, a bound on how many may wait, and exactly one outcome.
 *
 * @module
 */

import type { Clock, Timer } from "../platform/clock.ts";
import { listenForAbort } from "./abort.ts";
import { overloaded } from "./errors.ts";
import type { WaitCounters } from "./stats.ts";

/** How one caller waits. */
export interface Wait {
  /** Ends the wait with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** How long the caller waits at most, in milliseconds. */
  readonly timeoutMs: number;
}

/** What distinguishes one queue from another. */
export interface WaitQueueOptions<T, D> {
  /** What is counted; queues that wait for the same thing share it. */
  readonly counters: WaitCounters;
  /** Makes the error for a waiter whose deadline has passed. */
  readonly onExpire: (waiter: Waiter<T, D>) => unknown;
  /** Makes the error for a waiter whose signal has aborted; without it that is the reason. */
  readonly onAbort?: (waiter: Waiter<T, D>, reason: unknown) => unknown;
  /** How many may wait; those beyond are refused. Default: `Infinity`. */
  readonly maxWaiting?: number;
  /** How many of those in the queue are about to be served, and do not count against it. */
  readonly aboutToBeServed?: () => number;
}

/** One waiting caller. Settles exactly once; later attempts return false. */
export class Waiter<T, D = undefined> {
  /** Settles with what was handed over, or with the error that ended the wait. */
  readonly promise: Promise<T>;
  readonly since: number;
  /** What the queue's owner knows about this caller. */
  readonly details: D;
  /** Place in the queue and limits: only {@linkcode WaitQueue} touches these. */
  queue: WaitQueue<T, D> | undefined = undefined;
  previous: Waiter<T, D> | undefined = undefined;
  next: Waiter<T, D> | undefined = undefined;
  timeoutMs: number = Infinity;
  deadline: number = Infinity;
  stopListening: (() => void) | undefined = undefined;

  #settled: "no" | "yes" = "no";
  #resolve!: (value: T) => void;
  #reject!: (error: unknown) => void;

  constructor(since: number, details: D) {
    this.since = since;
    this.details = details;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Whether it is in the queue: neither taken, nor served, nor failed. */
  get waiting(): boolean {
    return this.queue !== undefined;
  }

  /** Whether the caller has an outcome. */
  get settled(): boolean {
    return this.#settled === "yes";
  }

  /**
   * Ends the wait but not the call, for callers whose work begins now: deadline and signal of the
   * queue do not apply any more. False when the wait is over.
   */
  take(now?: number): boolean {
    if (this.queue === undefined) return false;
    this.queue.serve(this, now);
    return true;
  }

  /** Hands a value over. False when the caller has an outcome: the value is still the giver's. */
  accept(value: T, now?: number): boolean {
    if (this.#settled === "yes") return false;
    this.#settled = "yes";
    this.queue?.serve(this, now);
    this.#resolve(value);
    return true;
  }

  /** Ends the call with an error. False when it has an outcome. */
  fail(error: unknown): boolean {
    if (this.#settled === "yes") return false;
    this.#settled = "yes";
    this.queue?.remove(this);
    this.#reject(error);
    return true;
  }
}

/**
 * First in, first out. A linked list, because a waiter that gives up leaves from the middle, and
 * ten thousand of them must not cost ten thousand searches.
 */
export class WaitQueue<T, D = undefined> {
  readonly #clock: Clock;
  readonly #options: WaitQueueOptions<T, D>;
  #head: Waiter<T, D> | undefined = undefined;
  #tail: Waiter<T, D> | undefined = undefined;
  #size = 0;
  #timer: Timer = undefined;
  #timerDueAt = Infinity;

  constructor(clock: Clock, options: WaitQueueOptions<T, D>) {
    this.#clock = clock;
    this.#options = options;
  }

  get size(): number {
    return this.#size;
  }

  /** Who has waited longest. It leaves the queue by `take`, `accept` or `fail`. */
  get first(): Waiter<T, D> | undefined {
    return this.#head;
  }

  /**
   * Queues a caller.
   *
   * @param wait The caller's signal and deadline.
   * @param details What the owner has to know when the caller's turn comes.
   * @param supply Starts whatever the caller waits for. A caller that is served within it has not
   *   waited, and is not counted.
   * @returns The waiter. It has failed when its signal has aborted or too many wait.
   */
  wait(wait: Wait, details: D, supply?: () => void): Waiter<T, D> {
    const { signal, timeoutMs } = wait;
    const waiter = new Waiter<T, D>(this.#clock.now(), details);
    if (signal?.aborted) {
      this.#abort(waiter, signal);
      return waiter;
    }
    const { maxWaiting = Infinity, aboutToBeServed } = this.#options;
    if (this.#size >= maxWaiting + (aboutToBeServed?.() ?? 0)) {
      waiter.fail(overloaded(maxWaiting));
      return waiter;
    }
    waiter.timeoutMs = timeoutMs;
    waiter.deadline = waiter.since + timeoutMs;
    this.#append(waiter);
    supply?.();
    if (!waiter.waiting) return waiter;
    this.#options.counters.queued += 1;
    this.#lookAgainBy(waiter.deadline);
    if (signal !== undefined) this.#listen(waiter, signal);
    return waiter;
  }

  /** Hands the same value to all of those who are meant, in their order. */
  acceptAll(isMeant: (waiter: Waiter<T, D>) => boolean, value: T): void {
    for (let w = this.#head; w !== undefined;) {
      const { next } = w;
      if (isMeant(w)) w.accept(value);
      w = next;
    }
  }

  /** Ends every wait, each with an error of its own. */
  failAll(makeError: () => unknown): void {
    for (let w = this.#head; w !== undefined; w = this.#head) w.fail(makeError());
  }

  /** Takes a waiter out because its turn has come. Only {@linkcode Waiter} calls this. */
  serve(waiter: Waiter<T, D>, now: number = this.#clock.now()): void {
    this.#options.counters.waitMs += now - waiter.since;
    this.remove(waiter);
  }

  /** Takes a waiter out, which must be in this queue. Only {@linkcode Waiter} calls this. */
  remove(waiter: Waiter<T, D>): void {
    if (waiter.previous === undefined) this.#head = waiter.next;
    else waiter.previous.next = waiter.next;
    if (waiter.next === undefined) this.#tail = waiter.previous;
    else waiter.next.previous = waiter.previous;
    waiter.previous = waiter.next = waiter.queue = undefined;
    this.#size -= 1;
    if (this.#size === 0 && this.#timerDueAt < Infinity) {
      this.#clock.cancel(this.#timer);
      this.#timerDueAt = Infinity;
    }
    waiter.stopListening?.();
  }

  #append(waiter: Waiter<T, D>): void {
    waiter.queue = this;
    waiter.previous = this.#tail;
    if (this.#tail === undefined) this.#head = waiter;
    else this.#tail.next = waiter;
    this.#tail = waiter;
    this.#size += 1;
  }

  #listen(waiter: Waiter<T, D>, signal: AbortSignal): void {
    try {
      waiter.stopListening = listenForAbort(signal, () => this.#abort(waiter, signal));
      // `supply` runs the user's code: if that aborted the signal, no event comes any more.
      if (signal.aborted) this.#abort(waiter, signal);
    } catch (error) {
      // A signal of the user's own making.
      waiter.fail(error);
    }
  }

  #abort(waiter: Waiter<T, D>, { reason }: AbortSignal): void {
    if (waiter.settled) return;
    this.#options.counters.aborts += 1;
    const { onAbort } = this.#options;
    failWith(waiter, () => onAbort === undefined ? reason : onAbort(waiter, reason));
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
    const expired: Waiter<T, D>[] = [];
    let next = Infinity;
    for (let w = this.#head; w !== undefined; w = w.next) {
      if (w.deadline <= now) expired.push(w);
      else if (w.deadline < next) next = w.deadline;
    }
    this.#lookAgainBy(next);
    for (const waiter of expired) {
      if (!waiter.waiting) continue;
      this.#options.counters.timeouts += 1;
      failWith(waiter, () => this.#options.onExpire(waiter));
    }
  }
}

/** Whatever goes wrong with the wording is this waiter's outcome, and nobody else's. */
function failWith<T, D>(waiter: Waiter<T, D>, makeError: () => unknown): void {
  let error: unknown;
  try {
    error = makeError();
  } catch (failure) {
    error = failure;
  }
  waiter.fail(error);
}
