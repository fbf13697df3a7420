/**
 * Waiting for a lock without blocking the thread.
 *
 * A synchronous driver that waits for a lock stops the event loop, and with it whoever holds the
 * lock on the same thread: nothing can happen until the wait is over. So its own waiting is
 * switched off, and a statement that found the database locked is tried again from here.
 *
 * @module
 */

import type { Environment } from "../platform/clock.ts";
import { SQLiteError } from "../sqlite/errors.ts";
import * as resultCode from "../sqlite/result_codes.ts";
import type { WriteLock } from "./write_lock.ts";

/** The last one repeats; SQLite's own busy handler climbs much like this. */
const DELAYS_MS: readonly number[] = [1, 2, 5, 10, 15, 20, 25, 50, 100];

/** Whether trying the same statement again can help. */
export function isBusy(error: unknown): boolean {
  // A busy snapshot stays busy until its transaction starts over.
  return error instanceof SQLiteError && error.code === "SQLITE_BUSY" &&
    error.extendedCode !== "SQLITE_BUSY_SNAPSHOT";
}

/** Runs statements that may find the database locked. `H` identifies a connection. */
export class BusyRetry<H extends object> {
  readonly #environment: Environment;
  readonly #timeoutMs: number;
  readonly #turn: WriteLock<H>;
  #retries = 0;

  /**
   * @param timeoutMs how long a statement is tried again before its error stands.
   * @param turn shared by all who write to one file.
   */
  constructor(environment: Environment, timeoutMs: number, turn: WriteLock<H>) {
    this.#environment = environment;
    this.#timeoutMs = timeoutMs;
    this.#turn = turn;
  }

  /** How often a statement was tried again. */
  get retries(): number {
    return this.#retries;
  }

  isHeldBy(holder: H): boolean {
    return this.#turn.isHeldBy(holder);
  }

  leave(holder: H): void {
    this.#turn.leave(holder);
  }

  /**
   * Waits for the holder's turn, then tries until it works or the time is up. The turn stays with
   * the holder until it calls {@linkcode BusyRetry.leave}.
   *
   * @param attempt throws, or rejects with, what the driver throws.
   */
  async inTurn<R>(holder: H, attempt: () => R | Promise<R>): Promise<R> {
    const { clock } = this.#environment;
    const deadline = clock.now() + this.#timeoutMs;
    await this.#turn.take(holder, this.#timeoutMs, () => this.#timeoutError());
    for (let round = 0;; round++) {
      try {
        return await attempt();
      } catch (error) {
        if (!isBusy(error)) throw error;
        if (clock.now() >= deadline) throw this.#timeoutError(error);
      }
      await this.#pause(round, deadline);
      this.#retries += 1;
    }
  }

  #pause(round: number, deadline: number): Promise<void> {
    const { clock, random } = this.#environment;
    const longest = DELAYS_MS[Math.min(round, DELAYS_MS.length - 1)];
    const delayMs = Math.min(longest * (0.5 + random() / 2), deadline - clock.now());
    return new Promise((resolve) => {
      clock.schedule(resolve, Math.max(0, delayMs), "keeps process alive");
    });
  }

  #timeoutError(cause?: unknown): SQLiteError {
    return new SQLiteError(
      `The database was locked for ${this.#timeoutMs} ms. Keep write transactions short, do not ` +
        "wait inside one for another connection, or raise busyTimeoutMs.",
      resultCode.BUSY,
      { cause },
    );
  }
}
