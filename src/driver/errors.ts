/**
 * The errors of drivers and their handles.
 *
 * @module
 */

import { SQLitePoolError } from "../pool/errors.ts";

/** Two different SQLite libraries would have opened one file in one process. */
export class SQLiteLibraryConflictError extends SQLitePoolError {
  /** Always `"SQLiteLibraryConflictError"`. */
  override readonly name: string = "SQLiteLibraryConflictError";
}

/** Something was handed in as a connection that is none. The message lists what is supported. */
export class UnsupportedHandleError extends SQLitePoolError {
  /** Always `"UnsupportedHandleError"`. */
  override readonly name: string = "UnsupportedHandleError";
}

/** A connection ended by itself while it was in use: its thread died, say. The pool replaces it. */
export class ConnectionLostError extends SQLitePoolError {
  /** Always `"ConnectionLostError"`. */
  override readonly name: string = "ConnectionLostError";
  /** False where the call never reached the database; otherwise nobody can tell. */
  readonly mayHaveTakenEffect: boolean;

  /**
   * Makes the error for one call.
   *
   * @param message What happened.
   * @param options Whether the call may have taken effect, and the error behind this one.
   */
  constructor(message: string, options: ErrorOptions & { mayHaveTakenEffect?: boolean } = {}) {
    const { mayHaveTakenEffect = true, cause } = options;
    super(message, cause === undefined ? undefined : { cause });
    this.mayHaveTakenEffect = mayHaveTakenEffect;
  }
}
