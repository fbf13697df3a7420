/**
 * Waiting for a lock without blocking the thread.
 *
 * A synchronous driver that waits for a lock blocks the event loop, and with it a lock holder on
 * the same thread, so nothing happens until the wait ends. Its own busy timeout is therefore
 * disabled, and statements that find the database locked are retried here.
 *
 * @module
 */

import { listenForAbort } from "../../pool/abort.ts";
import type { WaitCounters } from "../../pool/stats.ts";
import type { Environment } from "../../platform/clock.ts";
import { SQLiteError } from "../../sqlite/errors.ts";
import * as resultCode from "../../sqlite/result_codes.ts";
import type { WriteLock } from "./write_lock.ts";

/**
 * Frequent enough to find the lock free in a gap (see `LockTenure`), and random, so that retries do
 * not synchronize with a holder. A retry costs about 10 us, with its timer 50 us.
 */
const POLL_MS: readonly number[] = [1, 2];

/** Whether retrying the same statement can help. */
export function isBusy(error: unknown): boolean {
  // A busy snapshot stays busy until its transaction is restarted.
  return error instanceof SQLiteError && error.code === "SQLITE_BUSY" &&
    error.extendedCode !== "SQLITE_BUSY_SNAPSHOT";
}

/** When a caller stops waiting for the lock, if before `busyTimeoutMs`. */
export interface WaitLimit {
  /** Aborts the wait with its reason. */
  readonly signal?: AbortSignal;
  /** A time of the clock. */
  readonly deadline?: number;
  /**
   * Creates the error for the deadline. Default: the error of the locked database.
   *
   * @param cause the last error of the statement, if it has run.
   */
  readonly timedOut?: (cause?: unknown) => Error;
}

/** When polling ends, regardless of the limit's origin. */
interface PollLimit {
  readonly signal: AbortSignal | undefined;
  readonly deadline: number;
  readonly timedOut: (cause: unknown) => Error;
}

/** Whether the connections of a pool write; readers need no turn. */
export type LockUsers = "writers" | "anybody";

const NO_LIMIT: WaitLimit = {};

/** Runs statements that may find the database locked. `H` identifies a connection. */
export class BusyRetry<H extends object> {
  readonly #environment: Environment;
  readonly #timeoutMs: number;
  readonly #turn: WriteLock<H>;
  readonly #users: LockUsers;
  #retries = 0;

  /**
   * @param timeoutMs how long a statement is retried before it fails.
   * @param turn shared by all writers of one file.
   * @param users who uses the connections.
   */
  constructor(
    environment: Environment,
    timeoutMs: number,
    turn: WriteLock<H>,
    users: LockUsers = "anybody",
  ) {
    this.#environment = environment;
    this.#timeoutMs = timeoutMs;
    this.#turn = turn;
    this.#users = users;
  }

  /** How often statements were retried. */
  get retries(): number {
    return this.#retries;
  }

  /** How many callers of this process are waiting for the lock. */
  get waiting(): number {
    return this.#turn.waiting;
  }

  /** The wait counters, shared by all pools on one file. */
  get counters(): Readonly<WaitCounters> {
    return this.#turn.counters;
  }

  isHeldBy(holder: H): boolean {
    return this.#turn.isHeldBy(holder);
  }

  /**
   * Whether a statement may run before it waits for a turn. Those of writers must take the turn while
   * other processes also want the lock: otherwise they would take the lock when they have to wait.
   */
  mayRun(holder: H): boolean {
    return this.#users !== "writers" || this.#turn.alone || this.#turn.tryTake(holder);
  }

  /** Takes the turn synchronously, if possible. */
  tryTake(holder: H): boolean {
    return this.#turn.tryTake(holder);
  }

  leave(holder: H): void {
    this.#turn.leave(holder);
  }

  /**
   * Waits for the holder's turn, then retries until it succeeds or the wait ends. The holder keeps
   * the turn until it calls {@linkcode BusyRetry.leave}, even if this rejects.
   *
   * @param attempt throws or rejects with the driver's error. Once called it is always awaited,
   *   because only its own outcome shows whether it has taken effect.
   * @param limit an earlier end of the wait than `busyTimeoutMs`.
   * @param turn whether to wait for the turn first, or to do without one that is not free.
   */
  async inTurn<R>(
    holder: H,
    attempt: () => R | Promise<R>,
    limit: WaitLimit = NO_LIMIT,
    turn: "first" | "with or without" = "first",
  ): Promise<R> {
    const { signal } = limit;
    if (signal?.aborted) {
      this.#turn.counters.aborts += 1;
      throw signal.reason;
    }
    const calledAt = this.#environment.clock.now();
    const limitMs = Math.max(0, (limit.deadline ?? Infinity) - calledAt);
    const timeoutMs = Math.min(this.#timeoutMs, limitMs);
    const timeoutError = (cause?: unknown): Error => {
      const callers = limitMs < this.#timeoutMs ? limit.timedOut?.(cause) : undefined;
      return callers ?? this.#lockedTooLong(cause);
    };
    if (turn === "first") await this.#turn.take(holder, { signal, timeoutMs }, timeoutError);
    else this.#turn.tryTake(holder);
    try {
      return await attempt();
    } catch (error) {
      if (!isBusy(error)) throw error;
      return await this.#poll(holder, attempt, error, {
        signal,
        deadline: calledAt + timeoutMs,
        timedOut: timeoutError,
      });
    }
  }

  /** Retries after a first error. */
  async #poll<R>(
    holder: H,
    attempt: () => R | Promise<R>,
    firstError: unknown,
    { signal, deadline, timedOut }: PollLimit,
  ): Promise<R> {
    const turn = this.#turn;
    const { clock } = this.#environment;
    const since = clock.now();
    turn.polling += 1;
    turn.counters.queued += 1;
    try {
      for (let error = firstError;;) {
        // Outside its turn it may have met one of this process.
        if (turn.isHeldBy(holder)) turn.metOthers();
        if (clock.now() >= deadline) {
          turn.counters.timeouts += 1;
          throw timedOut(error);
        }
        await this.#pause(deadline, signal);
        if (signal?.aborted) {
          turn.counters.aborts += 1;
          throw signal.reason;
        }
        this.#retries += 1;
        try {
          const result = await attempt();
          const waitMs = clock.now() - since;
          turn.counters.waitMs += waitMs;
          turn.counters.onServed?.(waitMs);
          return result;
        } catch (failure) {
          if (!isBusy(failure)) throw failure;
          error = failure;
        }
      }
    } finally {
      turn.polling -= 1;
    }
  }

  #pause(deadline: number, signal: AbortSignal | undefined): Promise<void> {
    const { clock, random } = this.#environment;
    const pollMs = POLL_MS[Math.floor(random() * POLL_MS.length)];
    const delayMs = Math.max(0, Math.min(pollMs, deadline - clock.now()));
    return new Promise((resolve) => {
      let stopListening: (() => void) | undefined = undefined;
      const end = (): void => {
        stopListening?.();
        clock.cancel(timer);
        resolve();
      };
      const timer = clock.schedule(end, delayMs, "keeps process alive");
      if (signal !== undefined) stopListening = listenForAbort(signal, end);
    });
  }

  #lockedTooLong(cause?: unknown): SQLiteError {
    return new SQLiteError(
      `The database was locked for ${this.#timeoutMs} ms. Keep write transactions short, do not ` +
        "wait inside one for another connection, or raise busyTimeoutMs.",
      resultCode.BUSY,
      { cause },
    );
  }
}
