/**
 * Yields to the event loop.
 *
 * Awaiting a resolved promise does not yield to the event loop: timers, sockets and signals wait
 * until the chain of such promises ends. With synchronous drivers every call returns one, so a busy
 * program would starve its event loop although no single statement is slow.
 *
 * @module
 */

import type { Clock } from "./clock.ts";

/** How long statements may run back to back before the event loop gets a turn. */
const LONGEST_MS = 2;

/** The clock is read every few calls, because reading it costs a tenth of a fast query. */
const CALLS_PER_LOOK = 8;

/** Tells callers when to wait for the next turn of the event loop. */
export class EventLoopYield {
  readonly #clock: Clock;
  #calls = 0;
  #turn: "new" | "in use" = "new";
  #usedSince = 0;
  #nextTurn: Promise<void> | undefined = undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Returns a promise to await before continuing; `undefined` if there is no need to yield. */
  pause(): Promise<void> | undefined {
    if (this.#nextTurn !== undefined) return this.#nextTurn;
    this.#calls += 1;
    if (this.#calls % CALLS_PER_LOOK !== 0) return undefined;
    return this.#look();
  }

  #look(): Promise<void> | undefined {
    const now = this.#clock.now();
    if (this.#turn === "new") {
      this.#turn = "in use";
      this.#usedSince = now;
      this.#clock.nextTurn(() => this.#turn = "new");
    } else if (now - this.#usedSince > LONGEST_MS) {
      this.#nextTurn = new Promise((resolve) => {
        this.#clock.nextTurn(() => {
          this.#nextTurn = undefined;
          resolve();
        });
      });
    }
    return this.#nextTurn;
  }
}

const breathers = new WeakMap<Clock, EventLoopYield>();

/** The instance shared by everything on this thread. */
export function eventLoopYieldOf(clock: Clock): EventLoopYield {
  let breather = breathers.get(clock);
  if (breather === undefined) breathers.set(clock, breather = new EventLoopYield(clock));
  return breather;
}
