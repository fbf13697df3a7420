/**
 * Runs one step of a resource's life (open, check, reset, close) under a time limit.
 *
 * @module
 */

import type { Clock } from "../platform/clock.ts";
import { isPromiseLike } from "../platform/promise_like.ts";
import { SQLitePoolError } from "./errors.ts";

/** How a step ended. */
export type Outcome<R> =
  | { readonly ok: true; readonly value: R }
  | { readonly ok: false; readonly error: unknown };

/** What a step is called in errors, and how long it may take. */
export interface StepLimit {
  readonly clock: Clock;
  readonly name: string;
  readonly timeoutMs: number;
}

/** A step exceeded its limit: the cause of another error. */
export class StepTimeoutError extends SQLitePoolError {
  override readonly name: string = "StepTimeoutError";

  constructor(step: string, timeoutMs: number) {
    super(`${step} took longer than ${timeoutMs} ms (operationTimeoutMs)`);
  }
}

/**
 * Reports the outcome of a promise exactly once: when it settles or when the time limit expires,
 * whichever is first. A later result goes to `late`; a later error is dropped.
 *
 * @returns a function that ends the wait at once as a failure.
 */
export function awaitStep<R>(
  { clock, name, timeoutMs }: StepLimit,
  promise: PromiseLike<R>,
  done: (outcome: Outcome<R>) => void,
  late: (value: R) => void = () => {},
): () => void {
  let state: "running" | "over" = "running";
  const finish = (outcome: Outcome<R>): void => {
    state = "over";
    clock.cancel(timer);
    done(outcome);
  };
  const timer = clock.schedule(
    () => finish({ ok: false, error: new StepTimeoutError(name, timeoutMs) }),
    timeoutMs,
    "keeps process alive",
  );
  Promise.resolve(promise).then(
    (value) => state === "running" ? finish({ ok: true, value }) : late(value),
    (error) => {
      if (state === "running") finish({ ok: false, error });
    },
  );
  return () => {
    if (state === "running") finish({ ok: false, error: new Error(`${name} was abandoned`) });
  };
}

/**
 * Runs a step and reports its outcome, synchronously if the step is synchronous.
 *
 * @returns a function that ends the wait at once, if there is one.
 */
export function runStep<R>(
  limit: StepLimit,
  step: () => R | PromiseLike<R>,
  done: (outcome: Outcome<R>) => void,
  late?: (value: R) => void,
): (() => void) | undefined {
  let result: R | PromiseLike<R>;
  try {
    result = step();
  } catch (error) {
    done({ ok: false, error });
    return undefined;
  }
  if (isPromiseLike(result)) return awaitStep(limit, result, done, late);
  done({ ok: true, value: result });
  return undefined;
}
