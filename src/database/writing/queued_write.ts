/**
 * One write of a group, and its caller.
 *
 * @module
 */

import type { Clock, Timer } from "../../platform/clock.ts";
import { withCallersStack } from "../../platform/callers_stack.ts";
import { listenForAbort } from "../../pool/abort.ts";
import {
  callTooSlow,
  OUTCOME_GRACE_MS,
  outcomeUnknown,
  statementTooSlow,
} from "../../pool/deadline.ts";
import { OutcomeUnknownError, SQLitePoolError } from "../../pool/errors.ts";
import type { Waiter } from "../../pool/wait_queue.ts";
import { SQLiteError } from "../../sqlite/errors.ts";
import type { BindParams, ResultSet, RowOptions } from "../../sqlite/types.ts";

/** A statement as it will run, whatever the caller does with its parts meanwhile. */
export interface PreparedStatement {
  readonly sql: string;
  readonly params: BindParams | undefined;
}

/** What a write gave back: a batch has a result for each statement. */
export type WriteResult = ResultSet<unknown> | readonly ResultSet<unknown>[];

/** How the caller of a write waits. */
export interface WriteLimits {
  readonly signal: AbortSignal | undefined;
  /** Longest wait for its turn, in milliseconds. */
  readonly waitMs: number;
  /** Longest wait for its outcome, from the call on, in milliseconds. */
  readonly limitMs: number;
}

/** One statement. */
export interface SingleWrite extends WriteLimits, PreparedStatement {
  readonly rows: RowOptions<unknown>;
  readonly statements?: undefined;
}

/** Several statements: all of them take effect, or none. */
export interface BatchWrite extends WriteLimits {
  readonly rows: RowOptions<unknown>;
  readonly statements: readonly PreparedStatement[];
}

/** What to write. Parameters are taken already: the write runs later. */
export type WriteCall = SingleWrite | BatchWrite;

/** A write in the queue, and later on its way. */
export class QueuedWrite {
  readonly call: WriteCall;
  readonly caller: Waiter<WriteResult>;
  readonly #clock: Clock;
  #phase: "queued" | "sent" = "queued";
  /** Ends the wait for an outcome that does not come. */
  #timer: Timer = undefined;
  #stopListening: (() => void) | undefined = undefined;

  constructor(call: WriteCall, caller: Waiter<WriteResult>, clock: Clock) {
    this.call = call;
    this.caller = caller;
    this.#clock = clock;
  }

  /** Whether it waits for its turn, or has been run. */
  get phase(): "queued" | "sent" {
    return this.#phase;
  }

  /** From now on only the outcome counts. False when the caller has given up before. */
  send(): boolean {
    if (this.#phase === "sent") return !this.caller.settled;
    if (!this.caller.take()) return false;
    this.#phase = "sent";
    const { signal, limitMs } = this.call;
    if (limitMs < Infinity) {
      const restMs = Math.max(0, this.caller.since + limitMs - this.#clock.now());
      this.#giveUpAfter(restMs, () => statementTooSlow(limitMs));
    }
    if (signal !== undefined) {
      this.#stopListening = listenForAbort(signal, () => this.#giveUpAfter(0, () => signal.reason));
    }
    return true;
  }

  /**
   * For a write of several steps, which can be called off between two of them.
   *
   * @throws why its caller waits no longer.
   */
  expectWanted(): void {
    const { signal, limitMs } = this.call;
    signal?.throwIfAborted();
    if (limitMs === Infinity) return;
    if (this.#clock.now() - this.caller.since >= limitMs) throw callTooSlow(limitMs);
  }

  /** Tells the caller how the write went. */
  answer(result: WriteResult): void {
    this.#stopWaiting();
    this.caller.accept(result);
  }

  /** Tells the caller why the write has left nothing, or that nobody knows. */
  refuse(error: unknown): void {
    this.#stopWaiting();
    this.caller.fail(error);
  }

  /** A caller who gives up is kept waiting a little, for an outcome that may be near. */
  #giveUpAfter(delayMs: number, reason: () => unknown): void {
    this.#clock.cancel(this.#timer);
    const giveUp = (): void => this.refuse(outcomeUnknown(reason()));
    this.#timer = this.#clock.schedule(giveUp, delayMs + OUTCOME_GRACE_MS, "lets process exit");
  }

  #stopWaiting(): void {
    if (this.#timer !== undefined) this.#clock.cancel(this.#timer);
    this.#stopListening?.();
  }
}

/** An async function, so that the stack of an error leads to whoever awaits it. */
export async function answerOf(caller: Waiter<WriteResult>): Promise<WriteResult> {
  try {
    return await caller.promise;
  } catch (error) {
    // Errors of the user's row factory are left as they are.
    const ours = error instanceof SQLiteError || error instanceof SQLitePoolError;
    throw ours ? withCallersStack(error) : error;
  }
}

/** Callers who fail together get an error each: its stack is to lead to them. */
export function ownCopy(error: unknown): unknown {
  if (error instanceof SQLiteError) {
    return new SQLiteError(error.message, error.rawCode, { cause: error.cause });
  }
  if (error instanceof OutcomeUnknownError) {
    return new OutcomeUnknownError(error.message, { cause: error.cause });
  }
  return error;
}
