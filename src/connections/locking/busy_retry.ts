/**
 * Waiting for a lock without blocking the thread.
 *
 * A synchronous driver that waits for a lock stops the event loop, and with it whoever holds the
 * lock on the same thread: nothing can happen until the wait is over. So its own waiting is
 * switched off, and a statement that found the database locked is tried again from here.
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
 * Often enough to find the lock free when its holder stays away (see `LockTenure`), and by chance,
 * so that nobody keeps step with a holder. A try costs about 10 us, with its timer 50 us.
 */
const POLL_MS: readonly number[] = [1, 2];

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

/** When polling ends, whoever set the limit. */
interface PollLimit {
  readonly signal: AbortSignal | undefined;
  readonly deadline: number;
  readonly timedOut: (cause: unknown) => Error;
}

/** Whether the connections of a pool are there to write; those of a mere reader need no turn. */
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
   * @param timeoutMs how long a statement is tried again before its error stands.
   * @param turn shared by all who write to one file.
   * @param users what the connections are for.
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

  /** How often a statement was tried again. */
  get retries(): number {
    return this.#retries;
  }

  /** How many of this process wait for the lock at the moment. */
  get waiting(): number {
    return this.#turn.waiting;
  }

  /** What their waiting has come to; the same for all pools on one file. */
  get counters(): Readonly<WaitCounters> {
    return this.#turn.counters;
  }

  isHeldBy(holder: H): boolean {
    return this.#turn.isHeldBy(holder);
  }

  /**
   * Whether each statement has to take the turn: a writer's, while other processes want the lock
   * too. By itself it would take the lock whenever they have to wait.
   */
  get needsTurn(): boolean {
    return this.#users === "writers" && !this.#turn.alone;
  }

  /** Takes the turn in this very call, if that is possible. */
  tryTake(holder: H): boolean {
    return this.#turn.tryTake(holder);
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
    const turn = this.#turn.take(holder, { signal, timeoutMs }, timeoutError);
    if (turn !== undefined) await turn;
    try {
      return await attempt();
    } catch (error) {
      if (!isBusy(error)) throw error;
      return await this.#poll(attempt, error, {
        signal,
        deadline: calledAt + timeoutMs,
        timedOut: timeoutError,
      });
    }
  }

  /** Tries again and again after a first error. */
  async #poll<R>(
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
        turn.metOthers();
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
          turn.counters.waitMs += clock.now() - since;
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
