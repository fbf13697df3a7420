/**
 * The errors of connections and their transactions.
 *
 * @module
 */

import { classify } from "../sqlite/classify.ts";
import { SQLiteError } from "../sqlite/errors.ts";
import { TransactionEndedError } from "./connection.ts";
import {
  ConnectionReleasedError,
  PoolConnectionAcquireTimeoutError,
  SQLitePoolError,
} from "../pool/errors.ts";

export function transactionEnded(cause: unknown): TransactionEndedError {
  const why = cause === undefined
    ? "It was rolled back inside its callback."
    : `SQLite rolled it back: ${cause instanceof Error ? cause.message : String(cause)}.`;
  return new TransactionEndedError(
    `The transaction ended before its callback, and none of its changes have taken effect. ${why} ` +
      "Let the error end the callback, then retry.",
    cause === undefined ? undefined : { cause },
  );
}

export function transactionIsOver(): ConnectionReleasedError {
  return new ConnectionReleasedError(
    "The transaction of this connection is over. Await every call inside the callback, and do " +
      "not use its connection elsewhere.",
  );
}

export function callbackCommits(): SQLitePoolError {
  return new SQLitePoolError(
    "A transaction with a callback commits when the callback returns, and rolls back when it " +
      "throws: do not commit inside it.",
  );
}

export function outerUsedInside(): SQLitePoolError {
  return new SQLitePoolError(
    "The outer connection was used inside the callback of a nested transaction. Use the " +
      "connection that the callback receives: conn.transaction(async (inner) => ...).",
  );
}

export function nestedTooLong(timeoutMs: number): PoolConnectionAcquireTimeoutError {
  return new PoolConnectionAcquireTimeoutError(
    `Another transaction on this connection did not end within ${timeoutMs} ms. Transactions and ` +
      "statements that overlap on one connection wait for each other: do not let one wait for a " +
      "later one, or give each its own connection.",
  );
}

/** Refuses transaction control in SQL text when nobody holds a connection. */
export function refuseControl(sql: string): void {
  const { control } = classify(sql);
  if (control !== undefined) throw controlNeedsLease(control);
}

function controlNeedsLease(verb: string): SQLitePoolError {
  return new SQLitePoolError(
    `${verb.toUpperCase()} as SQL text needs an exclusive connection: the next statement may run ` +
      "on another one or belong to another caller. Use transaction(async (tx) => ...) of a pool or " +
      "write(async (tx) => ...) of a database, which begin and commit for you, or acquire a " +
      "connection and call begin(), commit() and rollback().",
  );
}

/**
 * A transaction that began with a read cannot write after others have written; waiting does not
 * help.
 */
export function explainStaleSnapshot(error: unknown): unknown {
  if (!(error instanceof SQLiteError) || error.extendedCode !== "SQLITE_BUSY_SNAPSHOT") {
    return error;
  }
  return new SQLiteError(
    `${error.message}: others have written since this transaction began to read. ` +
      'Restart it, or begin it with the mode "immediate".',
    error.rawCode,
    { cause: error },
  );
}
