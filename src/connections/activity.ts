/**
 * What is going on on a connection, which must be over before the next holder gets it.
 *
 * @module
 */

import type { Clock } from "../platform/clock.ts";
import { SQLitePoolError } from "../pool/errors.ts";

/** A cursor that a holder may forget to close. */
export interface OpenCursor {
  return?(): PromiseLike<unknown>;
}

/** Calls that have not settled, and cursors that are open. */
export class Activity {
  readonly cursors: Set<OpenCursor> = new Set();
  readonly #clock: Clock;
  /** Calls in the driver. */
  #underWay = 0;
  /** Calls that wait for the event loop or for a lock, and have yet to reach the driver. */
  #waiting = 0;
  /**
   * Settles when a call in several steps is over, a statement with a savepoint of its own, say: what
   * was sent meanwhile would be undone with it.
   */
  #alone: Promise<unknown> | undefined = undefined;
  /** Called when the last call in the driver settles. */
  #onIdle: (() => void) | undefined = undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether there are calls that have not settled. */
  get isBusy(): boolean {
    return this.#underWay + this.#waiting > 0;
  }

  /** Whether there is anything for `settle` to wait for. */
  get isUnsettled(): boolean {
    return this.#underWay > 0 || this.cursors.size > 0;
  }

  /** A call reaches the driver. */
  begin(): void {
    this.#underWay += 1;
  }

  /** The driver has answered a call. */
  end(): void {
    this.#underWay -= 1;
    if (this.#underWay === 0) this.#onIdle?.();
  }

  /** Counts a call that is on its way to the driver. A holder that has left it is refused there. */
  async wait<S>(call: Promise<S>): Promise<S> {
    this.#waiting += 1;
    try {
      return await call;
    } finally {
      this.#waiting -= 1;
    }
  }

  /** Whether a call in several steps has the connection for itself. */
  get isReserved(): boolean {
    return this.#alone !== undefined;
  }

  /** Lets nothing be sent before a call in several steps is over. */
  keepAlone<S>(call: Promise<S>): Promise<S> {
    const over: Promise<unknown> = this.#alone = call.then(() => {}, () => {}).then(() => {
      if (this.#alone === over) this.#alone = undefined;
    });
    return call;
  }

  /**
   * Waits for the call that has the connection for itself. Ask again afterwards: of those who wait,
   * the first may be such a call too.
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

  /** The same within a time. Rejects when it is over. */
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
