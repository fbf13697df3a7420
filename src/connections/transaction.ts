/**
 * Transactions around a callback, nested as savepoints.
 *
 * @module
 */

import { SQLitePoolError } from "../pool/errors.ts";
import { describeValue } from "../platform/describe.ts";

/**
 * How a transaction begins: "immediate" takes the write lock at once, "deferred" with the first
 * write, "exclusive" also keeps readers out unless the database is in WAL mode.
 */
export type TransactionMode = "deferred" | "immediate" | "exclusive";

const BEGIN: Readonly<Record<TransactionMode, string>> = {
  deferred: "BEGIN DEFERRED",
  immediate: "BEGIN IMMEDIATE",
  exclusive: "BEGIN EXCLUSIVE",
};

/** @throws {TypeError} for an unknown mode. */
export function beginStatement(mode: TransactionMode): string {
  if (Object.hasOwn(BEGIN, mode)) return BEGIN[mode];
  throw new TypeError(
    `mode must be "deferred", "immediate" or "exclusive"; got ${describeValue(mode)}`,
  );
}

/** What a transaction needs of a connection. */
export interface TransactionTarget {
  readonly inTransaction: boolean;
  execute(sql: string): Promise<unknown>;
  begin(mode: TransactionMode): Promise<void>;
  commit(): Promise<void>;
  rollback(): Promise<void>;
}

/** The transactions that are open on one connection, outermost first. */
export class TransactionStack {
  readonly #levels: symbol[] = [];

  /** Commits when `fn` returns, rolls back when it throws. */
  async run<T>(
    target: TransactionTarget,
    mode: TransactionMode,
    fn: () => T | PromiseLike<T>,
  ): Promise<T> {
    // Named by depth, so that the statements are few and stay cached.
    const savepoint = target.inTransaction ? `sqlitepool_${this.#levels.length}` : undefined;
    if (savepoint === undefined) await target.begin(mode);
    else await target.execute(`SAVEPOINT ${savepoint}`);
    const level = Symbol(savepoint);
    this.#levels.push(level);
    try {
      const result = await fn();
      this.#expectInnermost(level);
      if (savepoint === undefined) await target.commit();
      else await target.execute(`RELEASE ${savepoint}`);
      return result;
    } catch (error) {
      await undo(target, savepoint);
      throw error;
    } finally {
      const depth = this.#levels.indexOf(level);
      if (depth >= 0) this.#levels.length = depth;
    }
  }

  #expectInnermost(level: symbol): void {
    if (this.#levels.at(-1) === level) return;
    throw new SQLitePoolError(
      "A transaction ended while one that began later on the same connection was still open. " +
        "Await each transaction before you start the next, or give each its own connection.",
    );
  }
}

async function undo(target: TransactionTarget, savepoint: string | undefined): Promise<void> {
  try {
    if (savepoint === undefined) {
      await target.rollback();
    } else if (target.inTransaction) {
      // SQLite itself rolls everything back on errors such as a full disk.
      await target.execute(`ROLLBACK TO ${savepoint}`);
      await target.execute(`RELEASE ${savepoint}`);
    }
  } catch {
    // The error that led here says more; and a connection that cannot roll back fails its reset
    // when it is released, and is not used again.
  }
}
