/**
 * Errors as `@libsql/client` throws them, without loading it: its native part is not needed here.
 *
 * @module
 */

import { PoolClosedError, SQLiteError, TransactionEndedError } from "../../mod.ts";

/** Thrown by a client that `createClient` made, with the codes of `@libsql/client`. */
export class LibsqlError extends Error {
  /** For example `"SQLITE_CONSTRAINT"` or `"TRANSACTION_CLOSED"`. */
  readonly code: string;
  /** For example `"SQLITE_CONSTRAINT_UNIQUE"`; `undefined` where SQLite has no say. */
  readonly extendedCode?: string;
  /** SQLite's extended result code as a number; `undefined` where SQLite has no say. */
  readonly rawCode?: number;

  /**
   * Makes an error.
   *
   * @param message what happened; the code is put before it.
   * @param code a code of `@libsql/client`.
   * @param extendedCode SQLite's extended code by name.
   * @param rawCode SQLite's extended code as a number.
   * @param cause what was caught.
   */
  constructor(
    message: string,
    code: string,
    extendedCode?: string,
    rawCode?: number,
    cause?: Error,
  ) {
    super(`${code}: ${message}`, cause && { cause });
    this.name = "LibsqlError";
    this.code = code;
    this.extendedCode = extendedCode;
    this.rawCode = rawCode;
  }
}

/** Thrown when a statement of a batch fails. */
export class LibsqlBatchError extends LibsqlError {
  /** Which statement failed, from 0 up. */
  readonly statementIndex: number;

  /**
   * Makes an error.
   *
   * @param message what happened; the code is put before it.
   * @param statementIndex which statement failed, from 0 up.
   * @param code a code of `@libsql/client`.
   * @param extendedCode SQLite's extended code by name.
   * @param rawCode SQLite's extended code as a number.
   * @param cause what was caught.
   */
  constructor(
    message: string,
    statementIndex: number,
    code: string,
    extendedCode?: string,
    rawCode?: number,
    cause?: Error,
  ) {
    super(message, code, extendedCode, rawCode, cause);
    this.name = "LibsqlBatchError";
    this.statementIndex = statementIndex;
  }
}

interface Facts {
  readonly message: string;
  readonly code: string;
  readonly extendedCode?: string;
  readonly rawCode?: number;
}

/** What `@libsql/client` says of an error; `undefined` for one that it passes on as it is. */
function factsOf(error: unknown): Facts | undefined {
  if (error instanceof SQLiteError) {
    const { message, code, extendedCode, rawCode } = error;
    return { message, code, extendedCode, rawCode };
  }
  if (error instanceof TransactionEndedError) {
    return { message: error.message, code: "TRANSACTION_CLOSED" };
  }
  if (error instanceof PoolClosedError) return { message: error.message, code: "CLIENT_CLOSED" };
  return undefined;
}

/** The error of `@libsql/client` for one of ours; others are passed on as they are. */
export function libsqlError(error: unknown): unknown {
  const facts = factsOf(error);
  if (facts === undefined) return error;
  const { message, code, extendedCode, rawCode } = facts;
  return new LibsqlError(message, code, extendedCode, rawCode, error as Error);
}

/** The same for the statement of a batch that failed. */
export function libsqlBatchError(error: unknown, index: number): unknown {
  const facts = factsOf(error);
  if (facts === undefined) return error;
  const { message, code, extendedCode, rawCode } = facts;
  return new LibsqlBatchError(message, index, code, extendedCode, rawCode, error as Error);
}

/** Settles as the promise does, with errors as `@libsql/client` has them. */
export async function translated<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw libsqlError(error);
  }
}

/** The error for a client that is closed. */
export function clientIsClosed(): LibsqlError {
  return new LibsqlError("The client is closed", "CLIENT_CLOSED");
}

/** The error for a transaction that is over. */
export function transactionIsClosed(): LibsqlError {
  return new LibsqlError("The transaction is closed", "TRANSACTION_CLOSED");
}
