/**
 * The activity on a connection, which must end before the next holder gets it.
 *
 * @module
 */

import type { Clock } from "../platform/clock.ts";
import { SQLitePoolError } from "../pool/errors.ts";

/** A cursor that a holder may forget to close. */
export interface OpenCursor {
  return?(): PromiseLike<unknown>;
}

/** Unsettled calls and open cursors. */
export class Activity {
  readonly cursors: Set<OpenCursor> = new Set();
  readonly #clock: Clock;
  /** Calls in the driver. */
  #underWay = 0;
  /** Calls that wait for the event loop or a lock and have not reached the driver yet. */
  #waiting = 0;
  /**
   * Settles when a call in several steps has ended, such as a statement with its own savepoint:
   * statements sent in between would be rolled back with it.
   */
  #alone: Promise<unknown> | undefined = undefined;
  /** Called when the last call in the driver settles. */
  #onIdle: (() => void) | undefined = undefined;

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

  /** Whether a call in several steps holds the connection exclusively. */
  get isReserved(): boolean {
    return this.#alone !== undefined;
  }

  /** Holds back all statements until a call in several steps has ended. */
  keepAlone<S>(call: Promise<S>): Promise<S> {
    const over: Promise<unknown> = this.#alone = call.then(() => {}, () => {}).then(() => {
      if (this.#alone === over) this.#alone = undefined;
    });
    return call;
  }

  /**
   * Waits for the call that holds the connection exclusively. Check again afterwards: the first
   * waiter may be such a call too.
   */
  async untilShared(): Promise<void> {
    await this.wait(Promise.resolve(this.#alone));
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
