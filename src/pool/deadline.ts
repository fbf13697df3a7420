/**
 * Ends a caller's wait before the work is over.
 *
 * @module
 */

import type { Clock } from "../platform/clock.ts";
import { listenForAbort } from "./abort.ts";
import { QueryTimeoutError } from "./errors.ts";

/** When a caller stops waiting. */
export interface Deadline {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

/**
 * Runs `work` and settles with it, or with the signal's reason or a {@linkcode QueryTimeoutError}
 * if that comes first. No driver can interrupt a running statement: the work goes on by itself,
 * and what it still does must not matter to anybody.
 */
export function withDeadline<T>(
  clock: Clock,
  { signal, timeoutMs = Infinity }: Deadline,
  work: () => Promise<T>,
  tooLate: (timeoutMs: number) => Error = callTooSlow,
): Promise<T> {
  if (signal === undefined && timeoutMs === Infinity) return work();
  if (signal?.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      stopWaiting();
      reject(error);
    };
    const timer = timeoutMs === Infinity
      ? undefined
      : clock.schedule(() => fail(tooLate(timeoutMs)), timeoutMs, "keeps process alive");
    const stopListening = signal && listenForAbort(signal, () => fail(signal.reason));
    const stopWaiting = (): void => {
      clock.cancel(timer);
      stopListening?.();
    };
    work().then((result) => {
      stopWaiting();
      resolve(result);
    }, fail);
  });
}

function callTooSlow(timeoutMs: number): QueryTimeoutError {
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
