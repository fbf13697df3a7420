/**
 * Watches reads that hold their snapshot for long: the WAL cannot be cut back meanwhile.
 *
 * @module
 */

import type { Clock } from "../platform/clock.ts";

/** Reports a read that takes longer than allowed, and tells when such a read has ended. */
export class ReadWatch {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #onLong: () => void;
  readonly #onLongEnded: () => void;

  constructor(clock: Clock, limitMs: number, onLong: () => void, onLongEnded: () => void) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#onLong = onLong;
    this.#onLongEnded = onLongEnded;
  }

  /** A read begins. Call what this returns when it ends. */
  begin(): () => void {
    if (this.#limitMs === Infinity) return () => {};
    let state: "short" | "long" = "short";
    const timer = this.#clock.schedule(
      () => {
        state = "long";
        this.#onLong();
      },
      this.#limitMs,
      "lets process exit",
    );
    return () => {
      this.#clock.cancel(timer);
      if (state === "long") this.#onLongEnded();
    };
  }
}
