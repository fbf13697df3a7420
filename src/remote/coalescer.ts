/**
 * Calls that meet travel together: what comes while a request is under way goes with the next.
 *
 * @module
 */

import type { Clock } from "../platform/clock.ts";

/** How calls are put together. */
export interface CoalescerOptions<J> {
  readonly clock: Clock;
  /** Most calls in one request. */
  readonly most: number;
  /** Requests under way, beyond which calls wait for one to end. */
  readonly flights: () => number;
  /** As many requests as that may be under way all the same, once calls have waited too long. */
  readonly mostFlights: number;
  /** Whether a call may travel with the ones before it. */
  readonly joins: (job: J) => boolean;
  /** Sends calls, and settles them. Never rejects. */
  readonly send: (jobs: J[]) => Promise<void>;
}

/** With a server far away it takes too long to wait for the request before. */
const PATIENCE_MS = 5;

/** Puts calls together. */
export class Coalescer<J> {
  readonly #options: CoalescerOptions<J>;
  #waiting: J[] = [];
  #flights = 0;
  #turn: "free" | "pending" = "free";
  #impatient: unknown = undefined;

  constructor(options: CoalescerOptions<J>) {
    this.#options = options;
  }

  /** Calls that have not been sent. */
  get waiting(): number {
    return this.#waiting.length;
  }

  add(job: J): void {
    this.#waiting.push(job);
    this.#dispatchSoon();
  }

  /** Takes out the calls that have not been sent. */
  clear(): J[] {
    const jobs = this.#waiting;
    this.#waiting = [];
    return jobs;
  }

  /** After the callers of this turn, and those who go on with the answers that just came. */
  #dispatchSoon(): void {
    if (this.#turn === "pending") return;
    const { clock, flights, mostFlights } = this.#options;
    if (this.#flights < flights()) {
      this.#turn = "pending";
      clock.nextTurn(() => {
        this.#turn = "free";
        while (this.#waiting.length > 0 && this.#flights < flights()) this.#dispatch();
        if (this.#waiting.length > 0) this.#dispatchSoon();
      });
    } else if (this.#impatient === undefined && this.#flights < mostFlights) {
      this.#impatient = clock.schedule(
        () => {
          this.#impatient = undefined;
          if (this.#waiting.length > 0 && this.#flights < mostFlights) this.#dispatch();
          if (this.#waiting.length > 0) this.#dispatchSoon();
        },
        PATIENCE_MS,
        "keeps process alive",
      );
    }
  }

  #dispatch(): void {
    const { most, joins, send } = this.#options;
    let count = 1;
    while (count < most && count < this.#waiting.length && joins(this.#waiting[count])) count += 1;
    if (!joins(this.#waiting[0])) count = 1;
    const jobs = this.#waiting.splice(0, count);
    this.#flights += 1;
    void send(jobs).then(() => {
      this.#flights -= 1;
      if (this.#waiting.length === 0 && this.#impatient !== undefined) {
        this.#options.clock.cancel(this.#impatient);
        this.#impatient = undefined;
      }
      if (this.#waiting.length > 0) this.#dispatchSoon();
    });
  }
}
