/**
 * Lets a caller stop waiting before the work has finished.
 *
 * @module
 */

import type { Clock, Timer } from "../platform/clock.ts";
import { listenForAbort } from "./abort.ts";
import { OutcomeUnknownError, QueryTimeoutError } from "./errors.ts";

/** When a caller stops waiting. */
export interface Deadline {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

/** What happens to the work when its caller stops waiting. */
export interface GivingUp {
  /** Creates the error for an expired deadline. */
  readonly tooLate?: (timeoutMs: number) => Error;
  /** Starts to stop the work, whose own outcome then has the grace period to arrive. */
  readonly stop?: (reason: unknown) => void;
  /** Whether the work can no longer be cancelled, so that only its own outcome counts. */
  readonly isPastRecall?: () => boolean;
  /**
   * Kills the process of the work, after a commit in progress, and lets its caller wait for the
   * outcome, which then comes soon. For work that may have taken effect.
   */
  readonly kill?: () => void;
  /** Explains the failure of work that was killed to a caller that gave up for a reason. */
  readonly explainKilled?: (error: unknown, reason: unknown) => unknown;
  /** Abandons the work, cancelling it if possible, at the moment the caller is told. */
  readonly onGiveUp?: () => void;
}

/**
 * How long, in milliseconds, a caller that has given up still waits for the outcome of work that
 * can no longer be cancelled. Longer than a commit takes on a healthy disk.
 */
export const OUTCOME_GRACE_MS = 100;

/**
 * The same for work that is being stopped. Longer, because its outcome is then known, and comes at
 * once unless it waits for a lock or a slow disk.
 */
const STOP_GRACE_MS = 1_000;

/**
 * How long, in milliseconds, work goes on after its caller has given up, before it is killed at the
 * cost of a process. Most aborted statements end by themselves within it.
 */
export const KILL_GRACE_MS = 5;

/** How long, in milliseconds, a process may take to end once it was killed. It has no choice. */
export const KILLED_MS = 5_000;

/**
 * Runs `work` and settles with it, or with the signal's reason or a {@linkcode QueryTimeoutError}
 * if that comes first. Work that can no longer be cancelled gets a short grace period.
 *
 * @throws {OutcomeUnknownError} when the work could not be cancelled and did not settle within the
 *   grace period. `cause` is the signal's reason or the {@linkcode QueryTimeoutError}.
 */
export function withDeadline<T>(
  clock: Clock,
  { signal, timeoutMs = Infinity }: Deadline,
  work: () => Promise<T>,
  { tooLate = callTooSlow, stop, isPastRecall, onGiveUp, kill, explainKilled }: GivingUp = {},
): Promise<T> {
  if (signal === undefined && timeoutMs === Infinity) return work();
  if (signal?.aborted) {
    onGiveUp?.();
    return Promise.reject(signal.reason);
  }
  return new Promise((resolve, reject) => {
    let state: "waiting" | "over" = "waiting";
    const timers: Timer[] = [];
    const later = (callback: () => void, delayMs: number): void =>
      void timers.push(clock.schedule(callback, delayMs, "keeps process alive"));
    const end = (settle: () => void): void => {
      if (state === "over") return;
      state = "over";
      for (const timer of timers) clock.cancel(timer);
      stopListening?.();
      settle();
    };
    let explain = (error: unknown): unknown => error;
    const giveUp = (reason: unknown): void => {
      if (state === "over") return;
      if (kill !== undefined) {
        explain = (error) => explainKilled === undefined ? error : explainKilled(error, reason);
        later(kill, KILL_GRACE_MS);
        later(() => end(() => reject(outcomeUnknown(reason))), KILL_GRACE_MS + KILLED_MS);
        return;
      }
      const unknown = isPastRecall?.() === true;
      if (unknown || stop !== undefined) {
        stop?.(reason);
        later(() => {
          if (state === "over") return;
          end(() => reject(unknown ? outcomeUnknown(reason) : reason));
          onGiveUp?.();
        }, unknown && stop !== undefined ? STOP_GRACE_MS : OUTCOME_GRACE_MS);
        return;
      }
      end(() => reject(reason));
      onGiveUp?.();
    };
    const stopListening = signal && listenForAbort(signal, () => giveUp(signal.reason));
    if (timeoutMs !== Infinity) later(() => giveUp(tooLate(timeoutMs)), timeoutMs);
    work().then(
      (result) => end(() => resolve(result)),
      (error) => end(() => reject(explain(error))),
    );
  });
}

/** The error for work that was in progress when its caller gave up. */
export function outcomeUnknown(reason: unknown): OutcomeUnknownError {
  return new OutcomeUnknownError(
    "The caller stopped waiting while the work was in progress: it may have taken effect. Read the " +
      "data before you retry.",
    { cause: reason },
  );
}

/** The error for a call that was cancelled. */
export function callTooSlow(timeoutMs: number): QueryTimeoutError {
  return new QueryTimeoutError(
    `The call took longer than ${timeoutMs} ms. Its changes were rolled back.`,
  );
}

/** The error for a statement that was interrupted, or is about to be. */
export function statementInterrupted(timeoutMs: number): QueryTimeoutError {
  return new QueryTimeoutError(
    `The statement took longer than ${timeoutMs} ms and was interrupted. It changed nothing.`,
  );
}

/** The error for a statement in a thread, which cannot be interrupted. */
export function statementTooSlow(timeoutMs: number): QueryTimeoutError {
  return new QueryTimeoutError(
    `The statement took longer than ${timeoutMs} ms. It continues in its thread, which the pool ` +
      "replaces.",
  );
}

/** The error for a statement in a process, which is stopped. */
export function statementStopped(timeoutMs: number): QueryTimeoutError {
  return new QueryTimeoutError(
    `The statement took longer than ${timeoutMs} ms. It was stopped with its process, which the ` +
      "pool replaces; what it had written was rolled back.",
  );
}
