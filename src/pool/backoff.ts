/**
 * Decides when to retry after a failure.
 *
 * @module
 */

import type { Environment, Timer } from "../platform/clock.ts";

const FIRST_DELAY_MS = 100;
const LAST_DELAY_MS = 30_000;

/** Doubling delays with jitter; at most one retry is pending at a time. */
export class Backoff {
  readonly #environment: Environment;
  #timer: Timer = undefined;
  #delayMs = 0;
  #state: "ready" | "waiting" = "ready";

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  get waiting(): boolean {
    return this.#state === "waiting";
  }

  /** Calls back after the next delay, unless a retry is already pending. */
  retry(callback: () => void): void {
    if (this.waiting) return;
    this.#state = "waiting";
    this.#delayMs = Math.min(Math.max(FIRST_DELAY_MS, this.#delayMs * 2), LAST_DELAY_MS);
    const { clock, random } = this.#environment;
    // Half of the delay is random, so that many pools on one failing disk do not retry in step.
    const delayMs = this.#delayMs * (0.5 + random() / 2);
    this.#timer = clock.schedule(
      () => {
        this.#state = "ready";
        callback();
      },
      delayMs,
      "lets process exit",
    );
  }

  /** Resets the delays after a success. */
  reset(): void {
    this.#delayMs = 0;
  }

  cancel(): void {
    this.#environment.clock.cancel(this.#timer);
    this.#state = "ready";
  }
}
