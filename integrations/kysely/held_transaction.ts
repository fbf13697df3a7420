/**
 * A transaction that is ended by calls. The pool's transactions end with a callback, which guards
 * them: once SQLite has ended one, none of its statements can run outside it by mistake.
 *
 * @module
 */

import type { Connection } from "../../src/connections/connection.ts";
import { OutcomeUnknownError } from "../../src/pool/errors.ts";

/** Runs a callback in a transaction: commits when it resolves, rolls back when it rejects. */
export type RunTransaction = (
  callback: (connection: Connection) => Promise<void>,
) => Promise<unknown>;

/** What the callback rejects with to roll back. */
const ROLL_BACK: unique symbol = Symbol("roll back");

/** Kysely tells by this property that a transaction was rolled back where COMMIT was asked for. */
const ABORTED: symbol = Symbol.for("kysely.AbortedTransactionError");

/** Whether COMMIT failed and everything is rolled back, as Kysely tells it. */
export function isAborted(error: unknown): boolean {
  return typeof error === "object" && error !== null && ABORTED in error;
}

export class HeldTransaction {
  readonly connection: Connection;
  readonly #settle: PromiseWithResolvers<void>;
  readonly #outcome: Promise<unknown>;

  private constructor(
    connection: Connection,
    settle: PromiseWithResolvers<void>,
    outcome: Promise<unknown>,
  ) {
    this.connection = connection;
    this.#settle = settle;
    this.#outcome = outcome;
  }

  /** Begins a transaction; rejects with what `run` rejects with before it has begun. */
  static async begin(run: RunTransaction): Promise<HeldTransaction> {
    const begun = Promise.withResolvers<Connection>();
    const settle = Promise.withResolvers<void>();
    const outcome = run((connection) => {
      begun.resolve(connection);
      return settle.promise;
    });
    outcome.catch(begun.reject);
    return new HeldTransaction(await begun.promise, settle, outcome);
  }

  /** Commits. When it rejects, the transaction is over and nothing of it has taken effect. */
  async commit(): Promise<void> {
    this.#settle.resolve();
    try {
      await this.#outcome;
    } catch (error) {
      if (error instanceof Error && !(error instanceof OutcomeUnknownError)) {
        // Without effect on a frozen error: Kysely then rolls back, which does nothing more.
        Reflect.defineProperty(error, ABORTED, { value: true, configurable: true });
      }
      throw error;
    }
  }

  /** Rolls back. Never rejects: a connection that cannot roll back is not used again. */
  async rollBack(): Promise<void> {
    this.#settle.reject(ROLL_BACK);
    await this.#outcome.catch(() => {});
  }
}
