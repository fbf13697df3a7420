/**
 * One connection of a pool, with what its present holder has left open on it.
 *
 * @module
 */

import { withCallersStack } from "../platform/callers_stack.ts";
import type { Clock } from "../platform/clock.ts";
import { SQLitePoolError } from "../pool/errors.ts";
import { leaseIsDead } from "../pool/errors.ts";
import { SQLiteError } from "../sqlite/errors.ts";
import type { BindParams, ResultSet, RowOptions } from "../sqlite/types.ts";
import type { DriverConnection } from "../driver/connection.ts";
import type { EventLoopYield } from "./event_loop_yield.ts";
import { type BusyRetry, isBusy } from "./busy_retry.ts";
import { explainStaleSnapshot } from "./stale_snapshot.ts";

const NO_ROWS_WANTED: RowOptions<undefined> = { rowFactory: () => undefined };

/** How long a statement may run on when its lease has ended: about what a new thread costs. */
export const GRACE_MS = 50;

/** With more work than this under way a connection takes no more: another may be free earlier. */
const FULL_MS = 2;

/** A cursor that a holder may forget to close. */
export interface OpenCursor {
  return?(): PromiseLike<unknown>;
}

/** Who uses a session at the moment; ends with the lease. */
export interface Holder {
  readonly active: boolean;
  /** The session; throws once the holder's time is over. */
  readonly value: PhysicalConnection;
}

/** A holder whose time ends when it is told to. */
export class TemporaryHolder implements Holder {
  #session: PhysicalConnection | undefined;

  constructor(session: PhysicalConnection) {
    this.#session = session;
  }

  get active(): boolean {
    return this.#session !== undefined;
  }

  get value(): PhysicalConnection {
    if (this.#session === undefined) throw leaseIsDead();
    return this.#session;
  }

  end(): void {
    this.#session = undefined;
  }
}

/** What the sessions of a pool share. */
export interface SessionContext {
  readonly clock: Clock;
  readonly busy: BusyRetry<PhysicalConnection>;
  /** Lets the event loop have its turn. */
  readonly breather: EventLoopYield;
  /** Puts an error of the driver into the words of whoever owns the pool. */
  readonly explain: ((error: unknown) => unknown) | undefined;
}

/** What the pool pools. */
export class PhysicalConnection {
  readonly connection: DriverConnection;
  readonly #context: SessionContext;
  readonly #busy: BusyRetry<PhysicalConnection>;
  readonly #inThread: boolean;
  readonly #cursors = new Set<OpenCursor>();
  /** Calls of an asynchronous driver that have not settled. */
  readonly #running = new Set<Promise<unknown>>();

  constructor(connection: DriverConnection, context: SessionContext) {
    this.connection = connection;
    this.#context = context;
    this.#busy = context.busy;
    this.#inThread = connection.backlogMs !== undefined;
  }

  /** Puts an error of the driver into words that help. */
  explain(error: unknown): unknown {
    // It was made in answer to a message, where no line of the caller was on the stack.
    const fromAfar = error instanceof SQLiteError && this.connection.executeSync === undefined;
    const explained = explainStaleSnapshot(fromAfar ? withCallersStack(error) : error);
    return this.#context.explain === undefined ? explained : this.#context.explain(explained);
  }

  /**
   * Runs one statement for a holder and picks from its result. A synchronous driver is done when
   * this returns, unless the database is locked.
   */
  execute<R, S>(
    holder: Holder,
    sql: string,
    params: BindParams | undefined,
    options: RowOptions<R>,
    pick: (result: ResultSet<R>) => S,
  ): Promise<S> {
    const pause = this.pauseBeforeCall();
    if (pause !== undefined) {
      return pause.then(() => holder.value.execute(holder, sql, params, options, pick));
    }
    const { connection } = this;
    if (connection.executeSync === undefined) {
      return this.#executeAsync(holder, sql, params, options, pick);
    }
    if (this.#mayRunNow()) {
      let result: S;
      try {
        result = pick(connection.executeSync(sql, params, options));
        this.leaveTurn();
        return Promise.resolve(result);
      } catch (error) {
        if (!isBusy(error)) {
          this.leaveTurn();
          return Promise.reject(this.explain(error));
        }
      }
    }
    return this.#inTurn(() => pick(holder.value.connection.executeSync!(sql, params, options)));
  }

  async #executeAsync<R, S>(
    holder: Holder,
    sql: string,
    params: BindParams | undefined,
    options: RowOptions<R>,
    pick: (result: ResultSet<R>) => S,
  ): Promise<S> {
    if (this.#waitsForLocks || this.#mayRunNow()) {
      try {
        const result = pick(await this.watch(this.connection.execute(sql, params, options)));
        this.leaveTurn();
        return result;
      } catch (error) {
        if (this.#waitsForLocks || !isBusy(error)) {
          this.leaveTurn();
          throw this.explain(error);
        }
      }
    }
    return await this.#inTurn(async () =>
      pick(await this.watch(holder.value.connection.execute(sql, params, options)))
    );
  }

  /**
   * Whether one more call costs less than to wait for those under way. Without a thread each call
   * is over before the next.
   */
  get hasRoom(): boolean {
    const { backlogMs } = this.connection;
    return backlogMs !== undefined && backlogMs < FULL_MS;
  }

  /**
   * Whether a statement may run in this very call. Inside a transaction it may: to wait for whoever
   * has the turn, and waits for the lock of this transaction, would take for ever.
   */
  #mayRunNow(): boolean {
    return !this.#busy.needsTurn || this.connection.inTransaction || this.#busy.tryTake(this);
  }

  /** Whether the driver waits for locks in its own way. */
  get #waitsForLocks(): boolean {
    return this.connection.executeSync === undefined && this.connection.waitsForLocks !== false;
  }

  /**
   * Runs a statement that takes the write lock, such as BEGIN IMMEDIATE, when it is this
   * connection's turn. Asynchronous drivers wait for the lock in their own way.
   */
  async takeWriteLock(holder: Holder, sql: string): Promise<void> {
    if (this.#waitsForLocks) {
      await this.watch(this.connection.execute(sql));
      return;
    }
    await this.#inTurn(async () => {
      const { connection } = holder.value;
      if (connection.executeSync === undefined) await this.watch(connection.execute(sql));
      else connection.executeSync(sql);
    });
  }

  async #inTurn<S>(attempt: () => S | Promise<S>): Promise<S> {
    try {
      return await this.#busy.inTurn(this, attempt);
    } catch (error) {
      throw this.explain(error);
    } finally {
      this.leaveTurn();
    }
  }

  /** Runs a script statement by statement, so that each can wait for a lock if it must. */
  async executeScript(holder: Holder, sql: string): Promise<void> {
    const { connection } = this;
    if (this.#waitsForLocks || connection.splitScript === undefined) {
      await this.watch(connection.executeScript(sql));
      return;
    }
    for (const statement of connection.splitScript(sql)) {
      await holder.value.execute(holder, statement, undefined, NO_ROWS_WANTED, () => {});
    }
  }

  /** Lets the next one write when this connection is outside a transaction. */
  leaveTurn(): void {
    if (this.#busy.isHeldBy(this) && !this.connection.inTransaction) this.#busy.leave(this);
  }

  /** Rolls the open transaction back; does nothing outside one. */
  async rollback(): Promise<void> {
    if (this.connection.inTransaction) await this.watch(this.connection.rollback());
    this.leaveTurn();
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
    return this.#context.breather.pause();
  }

  addCursor(cursor: OpenCursor): void {
    this.#cursors.add(cursor);
  }

  removeCursor(cursor: OpenCursor): void {
    this.#cursors.delete(cursor);
  }

  /** Keeps this session from being handed on before an asynchronous call has settled. */
  watch<S>(call: Promise<S>): Promise<S> {
    this.#running.add(call);
    const forget = (): void => void this.#running.delete(call);
    call.then(forget, forget);
    return call;
  }

  /** Makes the session clean for its next holder; synchronous when there is nothing to clean. */
  reset(): void | Promise<void> {
    if (this.#cursors.size > 0 || this.#running.size > 0) return this.#cleanUp();
    return this.#endTransaction();
  }

  #endTransaction(): void | Promise<void> {
    return this.#isClean() ? this.#busy.leave(this) : this.#rollback();
  }

  #isClean(): boolean {
    return this.connection.inTransactionIsCertain && !this.connection.inTransaction;
  }

  async #cleanUp(): Promise<void> {
    const settled = this.#settle();
    if (this.connection.abandon === undefined) await settled;
    else await this.#settleSoon(settled);
    await this.#endTransaction();
  }

  async #settle(): Promise<void> {
    await Promise.allSettled([...this.#cursors].map((cursor) => cursor.return?.()));
    this.#cursors.clear();
    await Promise.allSettled(this.#running);
  }

  /** A connection that can be replaced while its statement runs on is not waited for long. */
  #settleSoon(settled: Promise<void>): Promise<void> {
    const { clock } = this.#context;
    return new Promise((resolve, reject) => {
      const giveUp = (): void => reject(new SQLitePoolError("a statement of the lease runs on"));
      const timer = clock.schedule(giveUp, GRACE_MS, "keeps process alive");
      void settled.then(() => {
        clock.cancel(timer);
        resolve();
      });
    });
  }

  async #rollback(): Promise<void> {
    await this.connection.rollback();
    this.#busy.leave(this);
  }

  /** Closes the connection and gives up its turn, whatever state it is in. */
  close(): void | Promise<void> {
    this.#busy.leave(this);
    const { connection } = this;
    const busy = this.#running.size > 0 || (connection.backlogMs ?? 0) > 0;
    if (!busy || connection.abandon === undefined) return connection.close();
    connection.abandon();
  }
}
