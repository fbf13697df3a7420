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

/**
 * A connection ended by itself while it was in use: its thread died, say. What ran on it may or may
 * not have taken effect. The pool replaces it.
 */
export class ConnectionLostError extends SQLitePoolError {
  /** Always `"ConnectionLostError"`. */
  override readonly name: string = "ConnectionLostError";
}
