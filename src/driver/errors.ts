/**
 * The errors of drivers and their handles.
 *
 * @module
 */

import { SQLitePoolError } from "../pool/errors.ts";

/** Two different SQLite libraries would have opened the same file in one process. */
export class SQLiteLibraryConflictError extends SQLitePoolError {
  /** Always `"SQLiteLibraryConflictError"`. */
  override readonly name: string = "SQLiteLibraryConflictError";
}

/** A value is not a supported connection. The message lists what is supported. */
export class UnsupportedHandleError extends SQLitePoolError {
  /** Always `"UnsupportedHandleError"`. */
  override readonly name: string = "UnsupportedHandleError";
}

/**
 * A connection was lost while in use, for example because its thread died. The pool replaces it.
 */
export class ConnectionLostError extends SQLitePoolError {
  /** Always `"ConnectionLostError"`. */
  override readonly name: string = "ConnectionLostError";
  /** False if the call never reached the database; otherwise the outcome is unknown. */
  readonly mayHaveTakenEffect: boolean;

  /**
   * Creates the error for one call.
   *
   * @param message What happened.
   * @param options Whether the call may have taken effect, and the `cause`.
   */
  constructor(message: string, options: ErrorOptions & { mayHaveTakenEffect?: boolean } = {}) {
    const { mayHaveTakenEffect = true, cause } = options;
    super(message, cause === undefined ? undefined : { cause });
    this.mayHaveTakenEffect = mayHaveTakenEffect;
  }
}

/** An extension could not be loaded, or the option `setUp` failed for a new connection. */
export class ConnectionSetUpError extends SQLitePoolError {
  /** Always `"ConnectionSetUpError"`. */
  override readonly name: string = "ConnectionSetUpError";
}
