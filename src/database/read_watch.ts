/**
 * Watches for reads that hold their snapshot for long, during which the WAL cannot be truncated.
 *
 * @module
 */

import type { Clock } from "../platform/clock.ts";

/** Reports a read that takes longer than allowed, and its end. */
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

  /** Begins a read. Call the returned function when it ends. */
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
