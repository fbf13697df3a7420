/**
 * Ends a caller's wait before the work is over.
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

/** What else there is to know when a caller stops waiting. */
export interface GivingUp {
  /** Makes the error for the deadline. */
  readonly tooLate?: (timeoutMs: number) => Error;
  /** Whether the work can no longer be called off: only its own outcome counts then. */
  readonly isPastRecall?: () => boolean;
  /** Leaves the work, or calls it off if it can be, in the moment in which the caller is told. */
  readonly onGiveUp?: () => void;
}

/**
 * How long a caller who has given up is kept waiting for the outcome of what cannot be called off
 * any more, in milliseconds: longer than a commit on a healthy disk takes.
 */
export const OUTCOME_GRACE_MS = 100;

/**
 * Runs `work` and settles with it, or with the signal's reason or a {@linkcode QueryTimeoutError}
 * if that comes first. Work that cannot be called off any more is waited for a little longer.
 *
 * @throws {OutcomeUnknownError} the work could not be called off, and its outcome did not come in
 *   time. `cause` is the signal's reason or the {@linkcode QueryTimeoutError}.
 */
export function withDeadline<T>(
  clock: Clock,
  { signal, timeoutMs = Infinity }: Deadline,
  work: () => Promise<T>,
  { tooLate = callTooSlow, isPastRecall, onGiveUp }: GivingUp = {},
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
    const giveUp = (reason: unknown): void => {
      if (state === "over") return;
      if (isPastRecall?.() === true) {
        later(() => {
          if (state === "over") return;
          end(() => reject(outcomeUnknown(reason)));
          onGiveUp?.();
        }, OUTCOME_GRACE_MS);
        return;
      }
      end(() => reject(reason));
      onGiveUp?.();
    };
    const stopListening = signal && listenForAbort(signal, () => giveUp(signal.reason));
    if (timeoutMs !== Infinity) later(() => giveUp(tooLate(timeoutMs)), timeoutMs);
    work().then((result) => end(() => resolve(result)), (error) => end(() => reject(error)));
  });
}

/** The error for work that was under way when its caller gave up. */
export function outcomeUnknown(reason: unknown): OutcomeUnknownError {
  return new OutcomeUnknownError(
    "The caller stopped waiting while the work was under way: it may have taken effect. Read the " +
      "data before you try again.",
    { cause: reason },
  );
}

/** The error for a call that was called off. */
export function callTooSlow(timeoutMs: number): QueryTimeoutError {
  return new QueryTimeoutError(
    `The call took longer than ${timeoutMs} ms. What it had begun was rolled back.`,
  );
}

/** The error for a statement in a thread, which nobody can interrupt. */
export function statementTooSlow(timeoutMs: number): QueryTimeoutError {
  return new QueryTimeoutError(
    `The statement took longer than ${timeoutMs} ms. It runs to its end in its thread, which the ` +
      "pool replaces.",
  );
}
