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

/** When a caller stops waiting for the lock, should that be before `busyTimeoutMs` is over. */
export interface WaitLimit {
  /** Ends the wait with its reason. */
  readonly signal?: AbortSignal;
  /** A time of the clock. */
  readonly deadline?: number;
  /**
   * Makes the error for the deadline; without it the error is that of a locked database.
   *
   * @param cause the last error of the statement, if it was tried.
   */
  readonly timedOut?: (cause?: unknown) => Error;
}

const NO_LIMIT: WaitLimit = {};

/** Runs statements that may find the database locked. `H` identifies a connection. */
export class BusyRetry<H extends object> {
  readonly #environment: Environment;
  readonly #timeoutMs: number;
  readonly #turn: WriteLock<H>;
  #retries = 0;
  #waiting = 0;
  #timeouts = 0;
  #aborts = 0;

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

  /** How many wait at the moment, for their turn or for another process. */
  get waiting(): number {
    return this.#waiting;
  }

  /** How many waits have ended at their deadline. */
  get timeouts(): number {
    return this.#timeouts;
  }

  /** How many waits have ended with their signal. */
  get aborts(): number {
    return this.#aborts;
  }

  isHeldBy(holder: H): boolean {
    return this.#turn.isHeldBy(holder);
  }

  leave(holder: H): void {
    this.#turn.leave(holder);
  }

  /**
   * Waits for the holder's turn, then tries until it works or the wait has to end. The turn stays
   * with the holder until it calls {@linkcode BusyRetry.leave}, also when this rejects.
   *
   * @param attempt throws, or rejects with, what the driver throws. Once called it is waited for:
   *   only its own outcome tells whether it has taken effect.
   * @param limit ends the wait before `busyTimeoutMs` does.
   */
  async inTurn<R>(
    holder: H,
    attempt: () => R | Promise<R>,
    limit: WaitLimit = NO_LIMIT,
  ): Promise<R> {
    const { clock } = this.#environment;
    const { signal } = limit;
    const lockDeadline = clock.now() + this.#timeoutMs;
    const deadline = Math.min(lockDeadline, limit.deadline ?? Infinity);
    const refusal = (reason: "timeout" | "abort", cause?: unknown): unknown => {
      if (reason === "abort") {
        this.#aborts += 1;
        return signal!.reason;
      }
      this.#timeouts += 1;
      const isCallersLimit = limit.timedOut !== undefined && deadline < lockDeadline;
      return isCallersLimit ? limit.timedOut(cause) : this.#timeoutError(cause);
    };
    const turn = this.#turn.take(holder, { signal, deadline, refusal });
    if (turn !== undefined) await this.#counted(turn);
    for (let round = 0;; round++) {
      try {
        return await attempt();
      } catch (error) {
        if (!isBusy(error)) throw error;
        if (signal?.aborted) throw refusal("abort");
        if (clock.now() >= deadline) throw refusal("timeout", error);
      }
      await this.#counted(this.#pause(round, deadline, signal));
      if (signal?.aborted) throw refusal("abort");
      this.#retries += 1;
    }
  }

  async #counted(wait: Promise<void>): Promise<void> {
    this.#waiting += 1;
    try {
      await wait;
    } finally {
      this.#waiting -= 1;
    }
  }

  #pause(round: number, deadline: number, signal: AbortSignal | undefined): Promise<void> {
    const { clock, random } = this.#environment;
    const longest = DELAYS_MS[Math.min(round, DELAYS_MS.length - 1)];
    const delayMs = Math.min(longest * (0.5 + random() / 2), deadline - clock.now());
    return new Promise((resolve) => {
      const end = (): void => {
        signal?.removeEventListener("abort", end);
        clock.cancel(timer);
        resolve();
      };
      const timer = clock.schedule(end, Math.max(0, delayMs), "keeps process alive");
      signal?.addEventListener("abort", end);
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
