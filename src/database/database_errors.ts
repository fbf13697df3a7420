/**
 * Errors for calls that a database refuses.
 *
 * @module
 */

import { describeValue } from "../platform/describe.ts";
import {
  labelled,
  PoolClosedError,
  PoolConnectionAcquireTimeoutError,
  SQLitePoolError,
} from "../pool/errors.ts";
import { SQLiteError } from "../sqlite/errors.ts";
import * as resultCode from "../sqlite/result_codes.ts";

export function databaseIsClosed(name?: string): PoolClosedError {
  return new PoolClosedError(labelled(name, "The database is closed. Open it again to go on."));
}

export function openedReadonly(method: string): SQLiteError {
  return new SQLiteError(
    `db.${method}() writes, but the database was opened read-only.`,
    resultCode.READONLY,
  );
}

export function calledInsideWrite(method: string): SQLitePoolError {
  return new SQLitePoolError(
    `db.${method}() was called inside the callback of db.write(), or of a transaction on a ` +
      "connection that it waits for. It would wait for the transaction it is in: use the callback's " +
      "own connection, as in tx.run().",
  );
}

export function takesNoControl(method: string): SQLitePoolError {
  return new SQLitePoolError(
    `${method}() does not accept BEGIN, COMMIT, ROLLBACK or SAVEPOINT: the next statement may ` +
      "belong to another caller. Use db.write(async (tx) => ...), which begins and commits for you.",
  );
}

export function controlInBatch(verb: string, index: number): SQLitePoolError {
  return new SQLitePoolError(
    `Statement ${index} of the batch is ${verb.toUpperCase()}: a batch is one transaction, which ` +
      "begins and commits by itself. Remove it, or use db.write(async (tx) => ...).",
  );
}

export function scriptLeftTransactionOpen(): SQLitePoolError {
  return new SQLitePoolError(
    "The script began a transaction and did not end it, so the transaction was rolled back. " +
      "End the script with COMMIT, or use db.write(async (tx) => tx.executeScript(...)).",
  );
}

/** Throws a RangeError for anything but a number of attempts, or `undefined`. */
export function checkRetries(retries: unknown = 0): void {
  if (Number.isSafeInteger(retries) && (retries as number) >= 0) return;
  throw new RangeError(
    `retries must be a whole number of at least 0; got ${describeValue(retries)}`,
  );
}

/** The error of a write that did not get its turn in time. */
export function writerStayedBusy(name: string | undefined, timeoutMs: number): Error {
  const message =
    `The writer did not become free within ${timeoutMs} ms. Keep write transactions short, or ` +
    "raise writeQueueTimeoutMs.";
  return new PoolConnectionAcquireTimeoutError(labelled(name, message));
}
