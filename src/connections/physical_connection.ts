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
import { withCallersStack } from "../platform/callers_stack.ts";
import { Activity } from "./activity.ts";
import { controlNeedsLease, explainStaleSnapshot } from "./errors.ts";
import type { Holder } from "./holder.ts";
import type { ConnectionContext } from "./connection_context.ts";
import { classify } from "../sqlite/classify.ts";

/** How long a statement may run on when its lease has ended: about what a new thread costs. */
export const GRACE_MS = 50;

/** With more work than this under way a connection takes no more: another may be free earlier. */
const FULL_MS = 2;

/** Refuses SQL text that begins, divides or ends a transaction, where nobody holds a connection. */
export function refuseControl(sql: string): void {
  const { control } = classify(sql);
  if (control !== undefined) throw controlNeedsLease(control);
}

/** What the pool pools: a driver's connection, and what its present holder has left open on it. */
export class PhysicalConnection {
  readonly driver: DriverConnection;
  readonly context: ConnectionContext<PhysicalConnection>;
  readonly #busy: BusyRetry<PhysicalConnection>;
  readonly #inThread: boolean;
  /** What is going on on it. */
  readonly activity: Activity;
  #settings: "as set up" | "changed" = "as set up";
  #lastFailure: unknown = undefined;

  constructor(driver: DriverConnection, context: ConnectionContext<PhysicalConnection>) {
    this.driver = driver;
    this.context = context;
    this.#busy = context.busy;
    this.activity = new Activity(context.clock);
    this.#inThread = driver.backlogMs !== undefined;
  }

  /** The last error of a statement, which may have ended a transaction. */
  get lastFailure(): unknown {
    return this.#lastFailure;
  }

  /** Whether settings have to be put back before the next holder gets it. */
  get needsReset(): boolean {
    return this.#settings === "changed" && this.context.restore.length > 0;
  }

  /**
   * Whether a statement may run in this very call. Inside a transaction it may: to wait for whoever
   * has the turn, and waits for the lock of this transaction, would take for ever.
   */
  #mayRunNow(): boolean {
    return !this.#busy.needsTurn || this.driver.inTransaction || this.#busy.tryTake(this);
  }

  /** Whether the driver waits for locks in its own way. */
  get waitsForLocks(): boolean {
    return this.driver.executeSync === undefined && this.driver.waitsForLocks !== false;
  }

  /**
   * Whether one more call costs less than to wait for those under way. Without a thread each call
   * is over before the next.
   */
  get hasRoom(): boolean {
    const { backlogMs } = this.driver;
    return backlogMs !== undefined && backlogMs < FULL_MS;
  }

  /**
   * Puts an error of the driver into words that help.
   *
   * @param late whether no line of the caller was on the stack when it was made.
   */
  explain(error: unknown, late: boolean = false): unknown {
    // Errors of the user's callbacks are left as they are.
    const ours = late && error instanceof SQLiteError;
    const explained = explainStaleSnapshot(ours ? withCallersStack(error) : error);
    return this.context.explain === undefined ? explained : this.context.explain(explained);
  }

  /**
   * Runs one statement in this very call, where the driver can.
   *
   * @param atomic whether what a failing statement did must be undone; whoever rolls the whole
   *   transaction back then does not need it.
   * @returns its result; `undefined` when it has to be waited for, with `run`: nothing has happened.
   * @throws what the driver throws, explained.
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
    if (kind.setting !== undefined) this.#settings = "changed";
    if (!this.#mayRunNow()) return undefined;
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
   * Runs one statement for a holder and picks from its result: the one way there is. It lets the
   * event loop run, keeps the connection from being handed on meanwhile, waits for a locked
   * database, explains errors, and lets the next one write.
   *
   * With a synchronous driver it is done when this returns, unless the event loop needs its turn or
   * the database is locked.
   */
  run<R, S>(
    holder: Holder<PhysicalConnection>,
    sql: string,
    params: BindParams | undefined,
    rows: RowOptions<R>,
    pick: (result: ResultSet<R>) => S,
    atomic: boolean = classify(sql).atomic,
  ): Promise<S> {
    const pause = this.pauseBeforeCall();
    if (pause !== undefined) {
      const taken = takeParams(params);
      return this.activity.wait(
        pause.then(() => holder.value.run(holder, sql, taken, rows, pick, atomic)),
      );
    }
    if (this.driver.executeSync === undefined) {
      return this.#runAsync(holder, sql, params, rows, pick, atomic);
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
      while (this.activity.isReserved) await this.activity.untilShared();
      // The holder's time may be over by now.
      const { driver } = holder.value;
      if (this.waitsForLocks || this.#mayRunNow()) {
        const send = (): Promise<ResultSet<R>> => this.#send(holder, sql, taken, rows, atomic);
        const inOrder = holder.guarded === true && driver.executeInTransaction === undefined;
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
    if (classify(sql).setting !== undefined) this.#settings = "changed";
    const guarded = holder.guarded === true && driver.executeInTransaction !== undefined;
    if (atomic) {
      return this.activity.keepAlone(executeAtomically(driver, guarded, sql, params, rows));
    }
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
    while (this.activity.isReserved) await this.activity.untilShared();
    const { driver } = holder.value;
    if (driver.executeSync === undefined) {
      return pick(await this.track(this.#send(holder, sql, params, rows, atomic)));
    }
    if (atomic) return pick(executeAtomicallySync(driver, sql, params, rows));
    return pick(driver.executeSync(sql, params, rows));
  }

  /** Takes note of a failure; returns the error in words that help. */
  failed(error: unknown, late: boolean = false): unknown {
    return this.#lastFailure = this.explain(error, late);
  }

  /** Takes the turn to write in this very call, if it is free. */
  tryTakeTurn(): boolean {
    return this.#busy.tryTake(this);
  }

  /**
   * Tries something when it is this connection's turn to write, until the database is not locked.
   *
   * @param limit ends the wait before `busyTimeoutMs` does.
   */
  inTurn<S>(attempt: () => S | Promise<S>, limit?: WaitLimit): Promise<S> {
    return this.activity.wait(this.#inTurn(attempt, limit));
  }

  async #inTurn<S>(attempt: () => S | Promise<S>, limit?: WaitLimit): Promise<S> {
    try {
      return await this.#busy.inTurn(this, attempt, limit);
    } catch (error) {
      throw this.failed(error, true);
    } finally {
      this.leaveTurn();
    }
  }

  /** Rolls the open transaction back; does nothing outside one. */
  async rollback(): Promise<void> {
    if (this.driver.inTransaction) await this.track(this.driver.rollback());
    this.leaveTurn();
  }

  /** Lets the next one write when this connection is outside a transaction. */
  leaveTurn(): void {
    // A lost connection gives its turn up when it is closed.
    if (!this.#busy.isHeldBy(this) || this.driver.isLost === true) return;
    if (!this.driver.inTransaction) this.#busy.leave(this);
  }

  /**
   * What to wait for before the next statement: nothing where a thread runs it, whose answer takes
   * a turn of the event loop in any case.
   */
  pauseBeforeCall(): Promise<void> | undefined {
    return this.#inThread ? undefined : this.pause();
  }

  /** What to wait for before the next row; see {@linkcode EventLoopYield}. */
  pause(): Promise<void> | undefined {
    return this.context.eventLoop.pause();
  }

  /** Keeps the connection from being handed on before a call in the driver has settled. */
  async track<S>(call: Promise<S>): Promise<S> {
    this.activity.begin();
    try {
      return await call;
    } finally {
      this.activity.end();
      this.leaveTurn();
    }
  }

  /** Something runs that the pool cannot look into: it may change settings. */
  expectChanges(): void {
    this.#settings = "changed";
  }

  /** From now on changes of its settings are undone. */
  markSetUp(): void {
    this.#settings = "as set up";
  }

  /** Makes the connection clean for its next holder; synchronous if there is nothing to clean. */
  reset(): void | Promise<void> {
    if (this.activity.isUnsettled) return this.#cleanUp();
    return this.#endTransaction();
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
    // A connection that can be replaced while its statement runs on is not waited for long.
    if (this.driver.abandon === undefined) await this.activity.settle();
    else await this.activity.settleWithin(GRACE_MS);
    await this.#endTransaction();
  }

  /** Closes the connection and gives up its turn, whatever state it is in. */
  close(): void | Promise<void> {
    this.#busy.leave(this);
    const { driver } = this;
    const busy = this.activity.isUnsettled || (driver.backlogMs ?? 0) > 0;
    if (!busy || driver.abandon === undefined) return driver.close();
    driver.abandon();
  }
}
