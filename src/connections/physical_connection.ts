/**
 * One connection of a pool, and the one way to run a statement on it.
 *
 * @module
 */

import type { DriverConnection } from "../driver/connection.ts";
import { takeParams } from "../sqlite/bind/take_params.ts";
import { SQLiteError } from "../sqlite/errors.ts";
import type { BindParams, ResultSet, RowOptions } from "../sqlite/types.ts";
import { executeAtomically, executeAtomicallySync } from "./atomic_statement.ts";
import { type BusyRetry, isBusy, type WaitLimit } from "./locking/busy_retry.ts";
import { inCallersContext } from "../platform/async_context.ts";
import { withCallersStack } from "../platform/callers_stack.ts";
import { Activity, graceOf } from "./activity.ts";
import { explainStaleSnapshot } from "./errors.ts";
import type { Holder } from "./holder.ts";
import type { ConnectionContext } from "./connection_context.ts";
import { AS_VALUES } from "./query.ts";
import { classify } from "../sqlite/classify.ts";
import { closeInterrupting } from "./interrupting/keep_interrupting.ts";
import { WatchedConnection } from "./observation/watched_connection.ts";
export { refuseControl } from "./errors.ts";
export { SharedReads } from "./locking/shared_reads.ts";

/** A connection with more work in progress takes no more: another may be free earlier. */
const FULL_MS = 2;

/** Row options for later: a row factory of the user runs in the async context of this call. */
export function createdLater<R>(rows: RowOptions<R>): RowOptions<R> {
  const { rowFactory } = rows;
  if (rowFactory === undefined || rowFactory === AS_VALUES.rowFactory as unknown) return rows;
  return { ...rows, rowFactory: inCallersContext(rowFactory) };
}

/** A pooled connection: a driver's connection and its current state. */
export class PhysicalConnection extends WatchedConnection<PhysicalConnection> {
  readonly driver: DriverConnection;
  readonly context: ConnectionContext<PhysicalConnection>;
  readonly #busy: BusyRetry<PhysicalConnection>;
  readonly #inThread: boolean;
  readonly activity: Activity;
  #settings: "as set up" | "changed" = "as set up";
  #lastFailure: unknown = undefined;

  constructor(driver: DriverConnection, context: ConnectionContext<PhysicalConnection>) {
    super();
    this.driver = driver;
    this.context = context;
    this.#busy = context.busy;
    this.activity = new Activity(context.clock);
    this.#inThread = driver.backlogMs !== undefined;
  }

  /** The last statement error, which may have ended a transaction. */
  get lastFailure(): unknown {
    return this.#lastFailure;
  }

  /** Whether settings must be restored before the next holder gets it. */
  get needsReset(): boolean {
    return this.#settings === "changed" && this.context.restore.length > 0;
  }

  /** Whether the driver waits for locks itself. */
  get waitsForLocks(): boolean {
    return this.driver.executeSync === undefined && this.driver.waitsForLocks !== false;
  }

  /**
   * Whether another call can be sent before those in progress have settled. Without a thread each
   * call ends before the next.
   */
  get hasRoom(): boolean {
    const { backlogMs } = this.driver;
    return backlogMs !== undefined && backlogMs < FULL_MS;
  }

  /**
   * Adds an explanation to a driver error.
   *
   * @param late whether it was created without the caller on the stack.
   */
  explain(error: unknown, late: boolean = false): unknown {
    // Errors of user callbacks are not changed.
    const ours = late && error instanceof SQLiteError;
    const explained = explainStaleSnapshot(ours ? withCallersStack(error) : error);
    return this.context.explain === undefined ? explained : this.context.explain(explained);
  }

  /**
   * Runs one statement synchronously, if the driver can. Nobody is told of it.
   *
   * @param atomic whether the changes of a failed statement must be undone; unnecessary if the
   *   caller rolls back the whole transaction.
   * @returns its result; `undefined` if nothing has run and `run` must be used instead.
   * @throws the driver's error, explained.
   */
  runNow<R>(
    sql: string,
    params: BindParams | undefined,
    rows: RowOptions<R>,
    atomic?: boolean,
  ): ResultSet<R> | undefined {
    const { driver } = this;
    if (driver.executeSync === undefined) return undefined;
    const kind = classify(sql);
    if (kind.setting !== undefined) this.expectChanges(sql);
    if (!this.#busy.mayRun(this)) return undefined;
    try {
      const result = atomic ?? kind.atomic
        ? executeAtomicallySync(driver, sql, params, rows)
        : driver.executeSync(sql, params, rows);
      this.leaveTurn();
      return result;
    } catch (error) {
      if (isBusy(error)) return undefined;
      this.leaveTurn();
      throw this.failed(error);
    }
  }

  /**
   * Runs one statement for a holder and selects from its result, telling nobody: the execution path
   * of all statements. It yields to the event loop, keeps the connection from being handed on,
   * waits for a locked database, explains errors and passes on the turn to write.
   *
   * With a synchronous driver the statement has completed when this returns, unless the event loop
   * needs a turn or the database is locked.
   */
  runOwn<R, S>(
    holder: Holder<PhysicalConnection>,
    sql: string,
    params: BindParams | undefined,
    rows: RowOptions<R>,
    pick: (result: ResultSet<R>) => S,
    atomic: boolean = classify(sql).atomic,
  ): Promise<S> {
    const pause = this.activity.ahead ?? this.pauseBeforeCall();
    if (pause !== undefined) {
      const taken = takeParams(params);
      return this.activity.wait(
        pause.then(() => holder.value.runOwn(holder, sql, taken, rows, pick, atomic)),
      );
    }
    if (this.driver.executeSync === undefined) {
      // A savepoint would undo, and COMMIT leave out, an earlier statement that is sent again.
      const waits = !this.activity.isQuiet && (atomic || classify(sql).control !== undefined);
      if (!waits) return this.#runAsync(holder, sql, params, rows, pick, atomic);
      const taken = takeParams(params);
      const run = (): Promise<S> => holder.value.#runAsync(holder, sql, taken, rows, pick, atomic);
      return this.activity.whenQuiet(run);
    }
    let result: ResultSet<R> | undefined;
    try {
      result = this.runNow(sql, params, rows, atomic);
    } catch (error) {
      return Promise.reject(error);
    }
    if (result !== undefined) return Promise.resolve(pick(result));
    const taken = takeParams(params);
    return this.inTurn(() => this.#attempt(holder, sql, taken, rows, pick, atomic));
  }

  async #runAsync<R, S>(
    holder: Holder<PhysicalConnection>,
    sql: string,
    params: BindParams | undefined,
    rows: RowOptions<R>,
    pick: (result: ResultSet<R>) => S,
    atomic: boolean,
  ): Promise<S> {
    // It may be sent later, or again.
    const taken = takeParams(params);
    try {
      if (this.waitsForLocks || this.#busy.mayRun(this)) {
        const send = (): Promise<ResultSet<R>> => {
          const sent = this.#send(holder, sql, taken, rows, atomic);
          return atomic ? this.activity.goAhead(sent) : sent;
        };
        const inOrder = holder.guarded === true && this.driver.executeInTransaction === undefined;
        this.activity.begin();
        try {
          return pick(await (inOrder ? holder.inOrder!(send) : send()));
        } catch (error) {
          if (this.waitsForLocks || !isBusy(error)) throw this.failed(error, true);
        } finally {
          this.activity.end();
          this.leaveTurn();
        }
      }
      return await this.inTurn(() => this.#attempt(holder, sql, taken, rows, pick, atomic));
    } finally {
      holder.settled?.();
    }
  }

  /** Sends a statement to an asynchronous driver. */
  #send<R>(
    holder: Holder<PhysicalConnection>,
    sql: string,
    params: BindParams | undefined,
    rows: RowOptions<R>,
    atomic: boolean,
  ): Promise<ResultSet<R>> {
    const { driver } = this;
    if (classify(sql).setting !== undefined) this.expectChanges(sql);
    const guarded = holder.guarded === true && driver.executeInTransaction !== undefined;
    if (atomic) return executeAtomically(driver, guarded, sql, params, rows);
    return guarded
      ? driver.executeInTransaction!(sql, params, rows)
      : driver.execute(sql, params, rows);
  }

  /** Runs a statement that had to wait. */
  async #attempt<R, S>(
    holder: Holder<PhysicalConnection>,
    sql: string,
    params: BindParams | undefined,
    rows: RowOptions<R>,
    pick: (result: ResultSet<R>) => S,
    atomic: boolean,
  ): Promise<S> {
    // The holder may have released the connection by now.
    const { driver } = holder.value;
    if (driver.executeSync === undefined) {
      return pick(await this.track(this.#send(holder, sql, params, rows, atomic)));
    }
    if (atomic) return pick(executeAtomicallySync(driver, sql, params, rows));
    return pick(driver.executeSync(sql, params, rows));
  }

  /** Records a failure and returns the explained error. */
  failed(error: unknown, late: boolean = false): unknown {
    return this.#lastFailure = this.explain(error, late);
  }

  /** Takes the turn to write synchronously, if it is free. */
  tryTakeTurn(): boolean {
    return this.#busy.tryTake(this);
  }

  /**
   * Runs an attempt in this connection's turn to write, retrying while the database is locked.
   * Later statements wait for it.
   *
   * @param limit an earlier end of the wait than `busyTimeoutMs`.
   */
  inTurn<S>(attempt: () => S | Promise<S>, limit?: WaitLimit): Promise<S> {
    return this.activity.sendAgain(this.#inTurn(attempt, limit));
  }

  async #inTurn<S>(attempt: () => S | Promise<S>, limit?: WaitLimit): Promise<S> {
    try {
      // Whoever has the turn may be waiting for the lock of this transaction.
      const now = this.driver.inTransaction;
      return await this.#busy.inTurn(this, attempt, limit, now ? "with or without" : "first");
    } catch (error) {
      throw this.failed(error, true);
    } finally {
      this.leaveTurn();
    }
  }

  /** Rolls back the open transaction; does nothing outside one. */
  async rollback(): Promise<void> {
    if (this.driver.inTransaction) await this.track(this.driver.rollback());
    this.leaveTurn();
  }

  /** Passes on the turn to write if this connection is outside a transaction. */
  leaveTurn(): void {
    // A lost connection gives up its turn when it is closed.
    if (!this.#busy.isHeldBy(this) || this.driver.isLost === true) return;
    if (!this.driver.inTransaction) this.#busy.leave(this);
  }

  /**
   * Returns what to await before the next statement: nothing for a thread, whose reply takes a turn
   * of the event loop anyway.
   */
  pauseBeforeCall(): Promise<void> | undefined {
    return this.#inThread ? undefined : this.pause();
  }

  /** Returns what to await before the next row; see {@linkcode EventLoopYield}. */
  pause(): Promise<void> | undefined {
    return this.context.eventLoop.pause();
  }

  /** Keeps the connection from being handed on until a call in the driver has settled. */
  async track<S>(call: Promise<S>): Promise<S> {
    this.activity.begin();
    try {
      return await call;
    } finally {
      this.activity.end();
      this.leaveTurn();
    }
  }

  /** Records that SQL text may change settings. Throws if its owner allows none of them. */
  expectChanges(sql: string): void {
    this.context.refuseSetting?.(sql);
    this.#settings = "changed";
  }

  /** From now on changes to its settings are undone. */
  markSetUp(): void {
    this.#settings = "as set up";
  }

  /** Resets the connection for its next holder; synchronous if there is nothing to do. */
  reset(): void | Promise<void> {
    return this.activity.isUnsettled ? this.#cleanUp() : this.#endTransaction();
  }

  #endTransaction(): void | Promise<void> {
    this.#lastFailure = undefined;
    const { inTransaction, inTransactionIsCertain } = this.driver;
    const clean = inTransactionIsCertain && !inTransaction;
    if (clean && !this.needsReset) return this.#busy.leave(this);
    return this.#rollBackAndRestore(clean);
  }

  async #rollBackAndRestore(clean: boolean): Promise<void> {
    if (!clean) await this.driver.rollback();
    this.#busy.leave(this);
    if (!this.needsReset) return;
    for (const statement of this.context.restore) await this.driver.execute(statement);
    this.#settings = "as set up";
  }

  async #cleanUp(): Promise<void> {
    // A connection that can be replaced while its statement continues is not awaited for long.
    if (this.driver.abandon === undefined) await this.activity.settle();
    else await this.activity.settleWithin(graceOf(this.driver));
    await this.#endTransaction();
  }

  /** Closes the connection in any state and gives up its turn. */
  close(): void | Promise<void> {
    this.#busy.leave(this);
    this.onClose?.();
    const { driver } = this;
    const busy = this.activity.isUnsettled || (driver.backlogMs ?? 0) > 0;
    if (busy && driver.abandon !== undefined) return driver.abandon();
    return busy ? closeInterrupting(driver, this.context.clock) : driver.close();
  }
}
