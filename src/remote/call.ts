/**
 * Calls that wait for a server, and the requests they travel in.
 *
 * @module
 */

import { withCallersStack } from "../platform/callers_stack.ts";
import type { Clock } from "../platform/clock.ts";
import { SQLitePoolError } from "../pool/errors.ts";
import type { WaitCounters } from "../pool/stats.ts";
import { type Wait, type Waiter, WaitQueue } from "../pool/wait_queue.ts";
import { SQLiteError, withStatement } from "../sqlite/errors.ts";
import { callTooSlow } from "./hrana/errors.ts";

/** What is known of a call while it waits. */
export interface CallState {
  readonly writes: boolean;
  /** Called when it is sent, or sent again. */
  readonly onSent: (() => void) | undefined;
  /** The request it travels in. */
  flight: Flight | undefined;
}

/** Somebody's call. */
export type Call = Waiter<unknown, CallState>;

/** A request under way; given up when nobody waits for it any longer. */
export class Flight {
  readonly #control = new AbortController();
  readonly #calls: readonly Call[];

  constructor(calls: readonly Call[]) {
    this.#calls = calls;
    for (const { details } of calls) {
      details.flight = this;
      details.onSent?.();
    }
  }

  get signal(): AbortSignal {
    return this.#control.signal;
  }

  /** One of its callers is about to leave. */
  leave(call: Call): void {
    if (this.#calls.every((other) => other === call || !other.waiting)) this.#control.abort();
  }
}

/** Everybody who waits for an answer, each with a deadline. */
export class Calls {
  readonly #waiting: WaitQueue<unknown, CallState>;

  constructor(clock: Clock, counters: WaitCounters) {
    this.#waiting = new WaitQueue(clock, {
      counters,
      onExpire: (call) => {
        const error = callTooSlow(call.timeoutMs, stateOf(call));
        call.details.flight?.leave(call);
        return error;
      },
      onAbort: (call, reason) => {
        call.details.flight?.leave(call);
        return reason;
      },
    });
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** Begins to wait. */
  begin(writes: boolean, wait: Wait, onSent?: () => void): Call {
    return this.#waiting.wait(wait, { writes, onSent, flight: undefined });
  }

  /** Settles when nobody waits any longer. */
  async settled(): Promise<void> {
    for (let call = this.#waiting.first; call !== undefined; call = this.#waiting.first) {
      await call.promise.catch(() => {});
    }
  }

  /** Ends every call. */
  failAll(makeError: (call: Call) => unknown): void {
    for (let call = this.#waiting.first; call !== undefined; call = this.#waiting.first) {
      call.details.flight?.leave(call);
      call.fail(makeError(call));
    }
  }
}

/**
 * What the caller gets. Errors lead to its line and have the text of the statement.
 *
 * @param sql the statement; without it there are several, and errors have their own.
 */
export async function outcomeOf<T>(call: Call, sql?: string): Promise<T> {
  try {
    return await call.promise as T;
  } catch (error) {
    const isOurs = error instanceof SQLiteError || error instanceof SQLitePoolError;
    if (isOurs) withCallersStack(error);
    throw sql === undefined ? error : withStatement(error, sql);
  }
}

/** How much of a call may have happened. */
export function stateOf({ details: { flight, writes } }: Call): "waiting" | "read" | "write" {
  if (flight === undefined) return "waiting";
  return writes ? "write" : "read";
}
