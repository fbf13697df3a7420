/**
 * One write of a group, and its caller.
 *
 * @module
 */

import { telling, type Watch } from "../../connections/observation/watch.ts";
import type { WriteReport } from "../../connections/observation/write_report.ts";
import { outcomeOfStopped } from "../../connections/transaction.ts";
import type { Clock, Timer } from "../../platform/clock.ts";
import { withCallersStack } from "../../platform/callers_stack.ts";
import { listenForAbort } from "../../pool/abort.ts";
import {
  callTooSlow,
  KILL_GRACE_MS,
  KILLED_MS,
  OUTCOME_GRACE_MS,
  outcomeUnknown,
  statementTooSlow,
} from "../../pool/deadline.ts";
import { OutcomeUnknownError, SQLitePoolError } from "../../pool/errors.ts";
import type { Waiter } from "../../pool/wait_queue.ts";
import { SQLiteError } from "../../sqlite/errors.ts";
import type { BindParams, ResultSet, RowOptions } from "../../sqlite/types.ts";

/** A copied statement, unaffected by later changes of the caller. */
export interface PreparedStatement {
  readonly sql: string;
  readonly params: BindParams | undefined;
  readonly rows: RowOptions<unknown>;
}

/** The result of a write; a batch has one result per statement. */
export type WriteResult = ResultSet<unknown> | readonly ResultSet<unknown>[];

/** How the caller of a write waits. */
export interface WriteLimits {
  readonly signal: AbortSignal | undefined;
  /** The maximum wait for its turn, in milliseconds. */
  readonly waitMs: number;
  /** The maximum wait for its outcome since the call, in milliseconds. */
  readonly limitMs: number;
}

/** One statement. */
export interface SingleWrite extends WriteLimits, PreparedStatement {
  readonly statements?: undefined;
}

/** Several statements: all of them take effect, or none. */
export interface BatchWrite extends WriteLimits {
  readonly statements: readonly PreparedStatement[];
}

/** A write with copied parameters, since it runs later. */
export type WriteCall = SingleWrite | BatchWrite;

/** A write in the queue or in progress. */
export class QueuedWrite {
  readonly call: WriteCall;
  readonly caller: Waiter<WriteResult>;
  /** What those who watch are told. */
  readonly report: WriteReport | undefined;
  readonly #clock: Clock;
  #phase: "queued" | "sent" | "committed" = "queued";
  #stop: (() => boolean) | undefined = undefined;
  /** Ends the wait for an outcome that does not arrive. */
  #timer: Timer = undefined;
  #stopListening: (() => void) | undefined = undefined;
  /** Why the caller gave up, if the write was stopped for that. */
  #stopped: { readonly reason: unknown } | undefined = undefined;

  constructor(
    call: WriteCall,
    caller: Waiter<WriteResult>,
    clock: Clock,
    watch: Watch | undefined,
  ) {
    this.call = call;
    this.caller = caller;
    this.#clock = clock;
    this.report = watch && reportOf(watch, call, caller.promise);
  }

  /** Whether it is waiting, has been started, or waits only for the disk. */
  get phase(): "queued" | "sent" | "committed" {
    return this.#phase;
  }

  /** Whether it need not be run (again). */
  get isDone(): boolean {
    return this.#phase === "committed" || this.caller.settled;
  }

  /**
   * Starts the write: from now on only the outcome counts. Returns false if the caller has given
   * up.
   *
   * @param stop stops it when the caller gives up; returns false if it cannot be stopped now. The
   *   write is then refused, soon.
   */
  send(stop?: () => boolean): boolean {
    this.#stop = stop;
    if (this.isStopped) {
      this.giveUp();
      return false;
    }
    if (this.#phase !== "queued") return !this.caller.settled;
    if (!this.caller.take()) return false;
    this.#phase = "sent";
    const { signal, limitMs } = this.call;
    if (limitMs < Infinity) {
      const restMs = Math.max(0, this.caller.since + limitMs - this.#clock.now());
      this.#giveUpAfter(restMs, () => stop ? callTooSlow(limitMs) : statementTooSlow(limitMs));
    }
    if (signal !== undefined) {
      this.#stopListening = listenForAbort(signal, () => this.#giveUpAfter(0, () => signal.reason));
    }
    return true;
  }

  /**
   * Checks a write of several steps, which can be cancelled between them.
   *
   * @throws the reason why its caller has stopped waiting.
   */
  expectWanted(): void {
    const { signal, limitMs } = this.call;
    signal?.throwIfAborted();
    if (limitMs === Infinity) return;
    if (this.#clock.now() - this.caller.since >= limitMs) throw callTooSlow(limitMs);
  }

  /**
   * Settles the call of a write that is committed.
   *
   * @param durable what to wait for first.
   */
  committed(result: WriteResult, durable: Promise<void> | undefined): void {
    this.#phase = "committed";
    if (durable === undefined) this.#answer(result);
    else durable.then(() => this.#answer(result), (error) => this.refuse(ownCopy(error)));
  }

  #answer(result: WriteResult): void {
    this.#stopWaiting();
    this.caller.accept(result);
  }

  /** Rejects the call with the reason why nothing was written, or that the outcome is unknown. */
  refuse(error: unknown): void {
    this.#stopWaiting();
    const { reason } = this.#stopped ?? {};
    this.caller.fail(this.#stopped === undefined ? error : outcomeOfStopped(error, reason));
  }

  /** Rejects the call of a write that was stopped before it was committed. */
  giveUp(): void {
    this.#stopWaiting();
    this.caller.fail(this.#stopped?.reason);
  }

  /** Whether its caller gave up, so that it must not run again. */
  get isStopped(): boolean {
    return this.#stopped !== undefined;
  }

  /** A caller that gives up waits a little longer for an outcome that may be near. */
  #giveUpAfter(delayMs: number, reason: () => unknown): void {
    this.#clock.cancel(this.#timer);
    const giveUp = (): void => this.refuse(outcomeUnknown(reason()));
    const later = (callback: () => void, ms: number): void =>
      void (this.#timer = this.#clock.schedule(callback, ms, "lets process exit"));
    if (this.#stop === undefined) return later(giveUp, delayMs + OUTCOME_GRACE_MS);
    later(() => {
      if (this.#stop?.() !== true) return later(giveUp, OUTCOME_GRACE_MS - KILL_GRACE_MS);
      this.#stopped = { reason: reason() };
      later(giveUp, KILLED_MS);
    }, delayMs + KILL_GRACE_MS);
  }

  #stopWaiting(): void {
    if (this.#timer !== undefined) this.#clock.cancel(this.#timer);
    this.#stopListening?.();
  }
}

function reportOf(watch: Watch, call: WriteCall, outcome: Promise<unknown>): WriteReport {
  const { WriteReport } = telling.now!;
  const { statements } = call;
  if (statements === undefined) return new WriteReport(watch, [call.sql], undefined, outcome);
  return new WriteReport(watch, statements.map(({ sql }) => sql), "BEGIN IMMEDIATE", outcome);
}

/** An async function, so that the stack of an error leads to its caller. */
export async function answerOf(caller: Waiter<WriteResult>): Promise<WriteResult> {
  try {
    return await caller.promise;
  } catch (error) {
    // Errors of the user's row factory are not changed.
    const ours = error instanceof SQLiteError || error instanceof SQLitePoolError;
    throw ours ? withCallersStack(error) : error;
  }
}

/** Callers that fail together each get their own error, whose stack leads to them. */
export function ownCopy(error: unknown): unknown {
  if (error instanceof SQLiteError) {
    return new SQLiteError(error.message, error.rawCode, { cause: error.cause });
  }
  if (error instanceof OutcomeUnknownError) {
    return new OutcomeUnknownError(error.message, { cause: error.cause });
  }
  return error;
}
