/**
 * The activity on a connection, which must end before the next holder gets it.
 *
 * @module
 */

import type { DriverConnection } from "../driver/connection.ts";
import type { Clock } from "../platform/clock.ts";
import { KILL_GRACE_MS } from "../pool/deadline.ts";
import { SQLitePoolError } from "../pool/errors.ts";

/** A cursor that a holder may forget to close. */
export interface OpenCursor {
  return?(): PromiseLike<unknown>;
}

/** How long a statement may continue after its lease has ended: about the cost of a new thread. */
const GRACE_MS = 50;

/** The same for a connection: where its end stops the statement, a new process is ready. */
export function graceOf(driver: DriverConnection): number {
  return driver.stop === undefined ? GRACE_MS : KILL_GRACE_MS;
}

/** Unsettled calls and open cursors. */
export class Activity {
  readonly cursors: Set<OpenCursor> = new Set();
  readonly #clock: Clock;
  /** Calls in the driver. */
  #underWay = 0;
  /** Calls that wait for the event loop or a lock and have not reached the driver yet. */
  #waiting = 0;
  /** Calls that found the database locked and are sent again. */
  #again = 0;
  /**
   * Settles when the calls have ended that others must not overtake: those that wait for a lock,
   * and those in several steps, such as a statement with its own savepoint, which would undo those
   * that are sent in between.
   */
  #ahead: Promise<void> | undefined = undefined;
  /** Called when the last call in the driver settles. */
  #onIdle: (() => void) | undefined = undefined;
  /** Called when all calls that were sent have settled. */
  readonly #onQuiet: (() => void)[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether there are unsettled calls. */
  get isBusy(): boolean {
    return this.#underWay + this.#waiting > 0;
  }

  /** Whether `settle` has anything to wait for. */
  get isUnsettled(): boolean {
    return this.#underWay > 0 || this.cursors.size > 0;
  }

  /** Records that a call reaches the driver. */
  begin(): void {
    this.#underWay += 1;
  }

  /** Records that the driver has settled a call. */
  end(): void {
    this.#underWay -= 1;
    if (this.#underWay === 0) this.#onIdle?.();
    this.#announceQuiet();
  }

  /**
   * Counts a call that has not reached the driver yet. It is refused later if its holder has left.
   */
  async wait<S>(call: Promise<S>): Promise<S> {
    this.#waiting += 1;
    try {
      return await call;
    } finally {
      this.#waiting -= 1;
    }
  }

  /**
   * Settles when the call ahead has ended, which nobody may overtake; `undefined` if there is none.
   * Check again afterwards: the next one may be such a call too.
   */
  get ahead(): Promise<void> | undefined {
    return this.#ahead;
  }

  /** Holds back all later statements until a call has ended. */
  goAhead<S>(call: Promise<S>): Promise<S> {
    const end = (): void => {
      if (this.#ahead === ended) this.#ahead = undefined;
    };
    const both = this.#ahead === undefined ? call : Promise.allSettled([this.#ahead, call]);
    const ended = this.#ahead = both.then(end, end);
    return call;
  }

  /** Counts a call that found the database locked, and holds back all later statements. */
  async sendAgain<S>(call: Promise<S>): Promise<S> {
    this.#again += 1;
    try {
      return await this.wait(this.goAhead(call));
    } finally {
      this.#again -= 1;
      this.#announceQuiet();
    }
  }

  /** Whether all calls that were sent have settled. */
  get isQuiet(): boolean {
    return this.#underWay + this.#again === 0;
  }

  /**
   * Makes a call when all that were sent have settled, and holds back all later ones: for one that
   * must not come between the steps of another, or before one that is sent again.
   */
  whenQuiet<S>(call: () => Promise<S>): Promise<S> {
    return this.isQuiet ? call() : this.wait(this.goAhead(this.#untilQuiet().then(call)));
  }

  async #untilQuiet(): Promise<void> {
    while (!this.isQuiet) await new Promise<void>((resolve) => this.#onQuiet.push(resolve));
  }

  #announceQuiet(): void {
    if (this.#onQuiet.length === 0 || !this.isQuiet) return;
    for (const resolve of this.#onQuiet.splice(0)) resolve();
  }

  /** Closes all cursors and waits for the calls in the driver. */
  async settle(): Promise<void> {
    await Promise.allSettled([...this.cursors].map((cursor) => cursor.return?.()));
    this.cursors.clear();
    if (this.#underWay === 0) return;
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
    this.#onIdle = undefined;
  }

  /** The same within a time limit, after which it rejects. */
  settleWithin(timeoutMs: number): Promise<void> {
    const clock = this.#clock;
    return new Promise((resolve, reject) => {
      const giveUp = (): void => reject(new SQLitePoolError("a statement of the lease runs on"));
      const timer = clock.schedule(giveUp, timeoutMs, "keeps process alive");
      void this.settle().then(() => {
        clock.cancel(timer);
        resolve();
      });
    });
  }
}
