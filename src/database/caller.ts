/**
 * Somebody who waits alone, not in a queue.
 *
 * @module
 */

import type { Clock, Timer } from "../pool/clock.ts";
import { Waiter } from "../pool/waiters.ts";

/** A waiter with a deadline of its own. */
export class Caller<T> extends Waiter<T> {
  readonly #clock: Clock;
  #timer: Timer = undefined;

  constructor(clock: Clock) {
    super(clock.now());
    this.#clock = clock;
  }

  /** Fails with what `error` makes, unless the wait is over by then. */
  limit(timeoutMs: number, error: () => Error): void {
    if (timeoutMs === Infinity) return;
    // Somebody waits for this answer: the process must live until it comes.
    this.#timer = this.#clock.schedule(
      () => this.fail(error()),
      timeoutMs,
      "keeps process alive",
    );
  }

  override accept(value: T): boolean {
    this.#clock.cancel(this.#timer);
    return super.accept(value);
  }

  override fail(error: unknown): boolean {
    this.#clock.cancel(this.#timer);
    return super.fail(error);
  }
}
