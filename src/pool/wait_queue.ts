/**
 * A first-in, first-out queue of waiting callers.
 *
 * Every wait in the library uses this queue. Each waiter has a deadline, a signal, an entry in the
 * statistics, a limit on how many may wait, and exactly one outcome.
 *
 * @module
 */

import type { Clock, Timer } from "../platform/clock.ts";
import { listenForAbort } from "./abort.ts";
import { overloaded } from "./errors.ts";
import type { WaitCounters } from "./stats.ts";

/** How one caller waits. */
export interface Wait {
  /** Aborts the wait with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** The maximum wait in milliseconds. */
  readonly timeoutMs: number;
}

/** How queues differ. */
export interface WaitQueueOptions<T, D> {
  /** What errors call the pool or database that is waited for. */
  readonly name?: string | undefined;
  /** The counters; queues for the same resources share them. */
  readonly counters: WaitCounters;
  /** Creates the error for a waiter that has timed out. */
  readonly onExpire: (waiter: Waiter<T, D>) => unknown;
  /** Creates the error for a waiter whose signal has aborted. Default: the signal's reason. */
  readonly onAbort?: (waiter: Waiter<T, D>, reason: unknown) => unknown;
  /** How many callers may wait; further ones are refused. Default: `Infinity`. */
  readonly maxWaiting?: number;
  /** How many queued callers are about to be served and do not count towards `maxWaiting`. */
  readonly aboutToBeServed?: () => number;
}

/** One waiting caller. Settles exactly once; later attempts return false. */
export class Waiter<T, D = undefined> {
  /** Settles with the value handed over, or with the error that ended the wait. */
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
  readonly #resolve: (value: T) => void;
  readonly #reject: (error: unknown) => void;

  constructor(since: number, details: D) {
    this.since = since;
    this.details = details;
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.promise = promise;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** Whether it is still in the queue. */
  get waiting(): boolean {
    return this.queue !== undefined;
  }

  /** Whether the caller has an outcome. */
  get settled(): boolean {
    return this.#settled === "yes";
  }

  /**
   * Ends the wait but not the call, because the caller's work begins now: the queue's deadline and
   * signal no longer apply. Returns false if the wait is already over.
   */
  take(now?: number): boolean {
    if (this.queue === undefined) return false;
    this.queue.serve(this, now);
    return true;
  }

  /**
   * Hands a value over. Returns false if the caller already has an outcome; the value then still
   * belongs to the giver.
   */
  accept(value: T, now?: number): boolean {
    if (this.#settled === "yes") return false;
    this.#settled = "yes";
    this.queue?.serve(this, now);
    this.#resolve(value);
    return true;
  }

  /** Fails the call with an error. Returns false if it already has an outcome. */
  fail(error: unknown): boolean {
    if (this.#settled === "yes") return false;
    this.#settled = "yes";
    this.queue?.remove(this);
    this.#reject(error);
    return true;
  }
}

/**
 * A linked list, because a waiter that gives up leaves from the middle, and ten thousand of them
 * must not cost ten thousand searches.
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

  /** The caller that has waited longest. It leaves the queue by `take`, `accept` or `fail`. */
  get first(): Waiter<T, D> | undefined {
    return this.#head;
  }

  /**
   * Queues a caller.
   *
   * @param wait The caller's signal and deadline.
   * @param details What the owner needs when the caller's turn comes.
   * @param supply Starts to supply what the caller waits for. A caller that is served during this
   *   call has not waited and is not counted.
   * @param watched Whether its deadline is watched from now on; otherwise from the next call of
   *   `watchDeadlines`, for a caller that is nearly always served before any timer could fire.
   * @returns The waiter. It has already failed if its signal was aborted or too many callers wait.
   */
  wait(wait: Wait, details: D, supply?: () => void, watched: boolean = true): Waiter<T, D> {
    const { signal, timeoutMs } = wait;
    const waiter = new Waiter<T, D>(this.#clock.now(), details);
    if (signal?.aborted) {
      this.#abort(waiter, signal);
      return waiter;
    }
    const { name, maxWaiting = Infinity, aboutToBeServed } = this.#options;
    if (this.#size >= maxWaiting + (aboutToBeServed?.() ?? 0)) {
      waiter.fail(overloaded(name, maxWaiting));
      return waiter;
    }
    waiter.timeoutMs = timeoutMs;
    waiter.deadline = waiter.since + timeoutMs;
    this.#append(waiter);
    supply?.();
    if (!waiter.waiting) return waiter;
    this.#options.counters.queued += 1;
    if (watched) this.#lookAgainBy(waiter.deadline);
    if (signal !== undefined) this.#listen(waiter, signal);
    return waiter;
  }

  /** Watches the deadlines of all waiters. */
  watchDeadlines(): void {
    let first = Infinity;
    for (let w = this.#head; w !== undefined; w = w.next) first = Math.min(first, w.deadline);
    this.#lookAgainBy(first);
  }

  /** Hands the same value to all matching waiters, in order. */
  acceptAll(isMeant: (waiter: Waiter<T, D>) => boolean, value: T): void {
    for (let w = this.#head; w !== undefined;) {
      const { next } = w;
      if (isMeant(w)) w.accept(value);
      w = next;
    }
  }

  /** Fails every waiter, each with its own error. */
  failAll(makeError: () => unknown): void {
    for (let w = this.#head; w !== undefined; w = this.#head) w.fail(makeError());
  }

  /** Removes a waiter whose turn has come. Only {@linkcode Waiter} calls this. */
  serve(waiter: Waiter<T, D>, now: number = this.#clock.now()): void {
    const { counters } = this.#options;
    const waitMs = now - waiter.since;
    counters.waitMs += waitMs;
    counters.onServed?.(waitMs);
    this.remove(waiter);
  }

  /** Removes a waiter, which must be in this queue. Only {@linkcode Waiter} calls this. */
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
      // `supply` runs user code: if that aborted the signal, no event follows.
      if (signal.aborted) this.#abort(waiter, signal);
    } catch (error) {
      // A user-defined signal may misbehave.
      waiter.fail(error);
    }
  }

  #abort(waiter: Waiter<T, D>, { reason }: AbortSignal): void {
    if (waiter.settled) return;
    this.#options.counters.aborts += 1;
    const { onAbort } = this.#options;
    failWith(waiter, () => onAbort === undefined ? reason : onAbort(waiter, reason));
  }

  // One timer serves all: later callers with the same timeout have later deadlines. Ten thousand
  // timers would cost more than everything else, on some runtimes ten times as much.
  #lookAgainBy(due: number): void {
    if (due >= this.#timerDueAt) return;
    const clock = this.#clock;
    clock.cancel(this.#timer);
    this.#timerDueAt = due;
    // A pending deadline keeps the process alive: otherwise a script that forgot a release would
    // exit silently instead of showing the error that explains it.
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

/** An error while creating the error affects this waiter only. */
function failWith<T, D>(waiter: Waiter<T, D>, makeError: () => unknown): void {
  let error: unknown;
  try {
    error = makeError();
  } catch (failure) {
    error = failure;
  }
  waiter.fail(error);
}
