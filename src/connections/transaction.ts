/**
 * Transactions around a callback, nested as savepoints.
 *
 * @module
 */

import { ConnectionLostError } from "../driver/errors.ts";
import { outcomeUnknown } from "../pool/deadline.ts";
import { OutcomeUnknownError } from "../pool/errors.ts";
import { isBusy, type WaitLimit } from "./locking/busy_retry.ts";
import { beginStatement, type TransactionMode } from "./connection.ts";
import { transactionEnded, transactionIsOver } from "./errors.ts";
import type { Holder } from "./holder.ts";
import type { PhysicalConnection } from "./physical_connection.ts";
import { NO_ROWS } from "./query.ts";

/**
 * Takes the write lock with a statement such as BEGIN IMMEDIATE, synchronously if possible.
 *
 * @returns false if the lock must be awaited with `takeWriteLock`.
 */
export function tryTakeWriteLock(physical: PhysicalConnection, sql: string): boolean {
  const { driver } = physical;
  if (driver.executeSync === undefined || !physical.tryTakeTurn()) return false;
  try {
    driver.executeSync(sql);
    return true;
  } catch (error) {
    if (isBusy(error)) return false;
    physical.leaveTurn();
    throw physical.failed(error);
  }
}

/**
 * Runs a statement that takes the write lock, such as BEGIN IMMEDIATE, in the connection's turn.
 * Asynchronous drivers wait for the lock themselves.
 *
 * @param limit an earlier end of the wait than `busyTimeoutMs`.
 */
export async function takeWriteLock(
  holder: Holder<PhysicalConnection>,
  sql: string,
  limit?: WaitLimit,
): Promise<void> {
  const physical = holder.value;
  if (physical.waitsForLocks) {
    await physical.track(physical.driver.execute(sql));
    return;
  }
  await physical.inTurn(async () => {
    const { driver } = holder.value;
    if (driver.executeSync === undefined) await physical.track(driver.execute(sql));
    else driver.executeSync(sql);
  }, limit);
}

/** Begins a transaction on the connection of a holder. */
export async function begin(
  holder: Holder<PhysicalConnection>,
  mode: TransactionMode,
  limit?: WaitLimit,
): Promise<void> {
  const statement = beginStatement(mode);
  const physical = holder.value;
  // Fails at once inside a transaction, for which another writer may be waiting.
  const waits = mode !== "deferred" && !physical.driver.inTransaction;
  if (waits) {
    if (!tryTakeWriteLock(physical, statement)) await takeWriteLock(holder, statement, limit);
  } else await physical.runOwn(holder, statement, undefined, NO_ROWS, () => {});
}

/** Commits synchronously, if the driver can and no call is in progress. */
export function tryCommit(physical: PhysicalConnection): boolean {
  return physical.runNow("COMMIT", undefined, NO_ROWS) !== undefined;
}

/**
 * Commits the open transaction of a holder.
 *
 * @throws {OutcomeUnknownError} if the connection was lost during the commit.
 */
export async function commit(holder: Holder<PhysicalConnection>): Promise<void> {
  try {
    await holder.value.runOwn(holder, "COMMIT", undefined, NO_ROWS, () => {});
  } catch (error) {
    throw outcomeOfLost(error);
  }
}

/** Explains a failed commit; if the connection was lost, the outcome is unknown. */
export function outcomeOfLost(error: unknown): unknown {
  if (!(error instanceof ConnectionLostError && error.mayHaveTakenEffect)) return error;
  return new OutcomeUnknownError(
    "The connection was lost during COMMIT: the transaction may have taken effect. Read the data " +
      "before you retry.",
    { cause: error },
  );
}

/**
 * Explains the failure of work whose process was stopped for its caller.
 *
 * @param error what the work failed with.
 * @param reason why the caller gave up, which is all it needs to know if nothing has taken effect.
 */
export function outcomeOfStopped(error: unknown, reason: unknown): unknown {
  if (error instanceof OutcomeUnknownError) return outcomeUnknown(reason);
  if (!(error instanceof ConnectionLostError)) return error;
  return error.mayHaveTakenEffect ? outcomeUnknown(reason) : reason;
}

/**
 * The outcome of a call inside a transaction, which knows whether anybody has asked for it. `await`
 * calls `then`, as this is no plain promise.
 */
class Call<T> extends Promise<T> {
  #isObserved = false;

  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  /** Follows a promise. Nobody is told of a rejection unless he asks. */
  static of<T>(promise: Promise<T>): Call<T> {
    const call = new Call<T>((resolve, reject) => void promise.then(resolve, reject));
    call.#silence();
    return call;
  }

  get isObserved(): boolean {
    return this.#isObserved;
  }

  override then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#isObserved = true;
    return super.then(onFulfilled, onRejected);
  }

  #silence(): void {
    super.then(undefined, () => {});
  }
}

/**
 * A transaction or savepoint as a holder. It provides the connection only while the transaction is
 * open: after SQLite has ended it, or it is over, statements are refused, so that none runs in
 * autocommit by mistake.
 */
export class TransactionScope implements Holder<PhysicalConnection> {
  readonly guarded = true;
  readonly #parent: Holder<PhysicalConnection>;
  /** `undefined` for the transaction itself. */
  readonly #savepoint: string | undefined;
  readonly #depth: number;
  /** Unsettled calls. */
  readonly #calls = new Set<Promise<unknown>>();
  /** Calls that have failed. */
  readonly #failures: { readonly call: Call<unknown>; readonly error: unknown }[] = [];
  #state: "open" | "committing" | "committed" | "rolled back" = "open";
  #ended: Error | undefined = undefined;
  /** Why the caller gave up. */
  #cancelled: { readonly reason: unknown } | undefined = undefined;
  #last: Promise<unknown> = Promise.resolve();

  /** @param depth the number of enclosing transactions. */
  constructor(parent: Holder<PhysicalConnection>, savepoint: string | undefined, depth: number) {
    this.#parent = parent;
    this.#savepoint = savepoint;
    this.#depth = depth;
  }

  /** Begins a transaction, or a savepoint inside an open one. */
  static async begin(
    parent: Holder<PhysicalConnection>,
    mode: TransactionMode,
    depth: number,
    limit?: WaitLimit,
  ): Promise<TransactionScope> {
    const physical = parent.value;
    // Named by depth, so that there are few statements and they stay cached.
    const savepoint = physical.driver.inTransaction ? `sqlitepool_${depth}` : undefined;
    if (savepoint === undefined) await begin(parent, mode, limit);
    else await physical.runOwn(parent, `SAVEPOINT ${savepoint}`, undefined, NO_ROWS, () => {});
    return new TransactionScope(parent, savepoint, depth);
  }

  get active(): boolean {
    return this.#state === "open" && this.#parent.active;
  }

  /** Whether COMMIT has been sent or has succeeded, so that it cannot be cancelled. */
  get isPastRecall(): boolean {
    return this.#state === "committing" || this.#state === "committed";
  }

  get depth(): number {
    return this.#depth;
  }

  get value(): PhysicalConnection {
    if (this.#cancelled !== undefined) throw this.#cancelled.reason;
    if (this.#ended !== undefined) throw this.#ended;
    const physical = this.#parent.value;
    if (this.#state !== "open") throw transactionIsOver();
    if (physical.driver.inTransaction) return physical;
    throw this.#ended = transactionEnded(physical.lastFailure);
  }

  /** Refuses every later statement, and COMMIT: the transaction will be rolled back. */
  cancel(reason: unknown): void {
    this.#cancelled = { reason };
  }

  /**
   * Keeps the transaction open until a call has settled, and notices if it fails and nobody asks for
   * its outcome.
   *
   * @returns what to give to the caller.
   */
  watch<S>(call: Promise<S>): Promise<S> {
    if (this.#state !== "open") return call;
    const watched = Call.of(call);
    this.#calls.add(call);
    const forget = (): void => void this.#calls.delete(call);
    call.then(forget, (error) => {
      forget();
      this.#failures.push({ call: watched, error });
    });
    return watched;
  }

  /** Calls run one by one: the next must know whether the last one has ended the transaction. */
  inOrder<S>(call: () => Promise<S>): Promise<S> {
    const next = this.#last.then(async () => {
      const physical = this.value;
      try {
        return await call();
      } catch (error) {
        if (!physical.driver.inTransactionIsCertain) await this.#probe(physical, error);
        throw error;
      }
    });
    this.#last = next.catch(() => {});
    return next;
  }

  /** Finds out whether a failure has ended the transaction, if the driver does not report it. */
  async #probe({ driver }: PhysicalConnection, error: unknown): Promise<void> {
    try {
      await driver.execute("BEGIN");
    } catch {
      // The transaction is still open.
      return;
    }
    this.#ended = transactionEnded(error);
    await driver.rollback();
  }

  /**
   * Commits after all calls have settled.
   *
   * @throws the error of a call that nobody awaits, a {@linkcode TransactionEndedError}, or the error of
   *   COMMIT.
   */
  async commit(): Promise<void> {
    await this.#settleCalls();
    const physical = this.value;
    this.#state = "committing";
    const release = `RELEASE ${this.#savepoint}`;
    if (this.#savepoint === undefined) await commit(this.#parent);
    else await physical.runOwn(this.#parent, release, undefined, NO_ROWS, () => {});
    this.#state = "committed";
  }

  /** Rolls back after all calls have settled. Never rejects. */
  async rollBack(): Promise<void> {
    await Promise.allSettled(this.#calls);
    this.#state = "rolled back";
    // A nested transaction is rolled back with the whole that was cancelled.
    if (this.#ended !== undefined && this.#cancelled === undefined) return;
    try {
      const physical = this.#parent.value;
      if (!physical.driver.inTransaction) return;
      if (this.#savepoint === undefined) await physical.rollback();
      else {
        for (const statement of [`ROLLBACK TO ${this.#savepoint}`, `RELEASE ${this.#savepoint}`]) {
          await physical.runOwn(this.#parent, statement, undefined, NO_ROWS, () => {});
        }
      }
    } catch (error) {
      // A connection that cannot roll back fails its reset and is not used again.
      if (this.#parent instanceof TransactionScope) this.#parent.#ended ??= transactionEnded(error);
    }
  }

  async #settleCalls(): Promise<void> {
    if (this.#calls.size > 0) await Promise.allSettled(this.#calls);
    const unseen = this.#failures.find(({ call }) => !call.isObserved);
    if (unseen !== undefined) throw unseen.error;
  }
}

/**
 * Runs a callback in a transaction, which is committed when it returns and rolled back when it
 * throws.
 *
 * @throws the error of the callback, after the rollback, or of the commit.
 */
export async function runTransaction<T>(
  scope: TransactionScope,
  fn: (scope: TransactionScope) => T | PromiseLike<T>,
): Promise<T> {
  try {
    const result = await fn(scope);
    await scope.commit();
    return result;
  } catch (error) {
    await scope.rollBack();
    throw error;
  }
}
