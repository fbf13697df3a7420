/**
 * The errors of the pool. All descend from {@linkcode SQLitePoolError}.
 *
 * @module
 */

/** The base of every error the pool itself raises; errors of the database are `SQLiteError`. */
export class SQLitePoolError extends Error {
  /** `"SQLitePoolError"`, or the name of the subclass: minifiers rename classes. */
  override readonly name: string = "SQLitePoolError";
}

/** The pool is closed or closing: nothing can be acquired from it any more. */
export class PoolClosedError extends SQLitePoolError {
  /** Always `"PoolClosedError"`. */
  override readonly name: string = "PoolClosedError";
}

/**
 * No connection became free in time. The message tells the state of the pool and who holds its
 * connections for longest; `cause` is the last failure to open one, if there was any.
 */
export class PoolConnectionAcquireTimeoutError extends SQLitePoolError {
  /** Always `"PoolConnectionAcquireTimeoutError"`. */
  override readonly name: string = "PoolConnectionAcquireTimeoutError";
}

/** A connection could not be opened or set up. `cause` is the error of the factory or driver. */
export class PoolConnectionOpenError extends SQLitePoolError {
  /** Always `"PoolConnectionOpenError"`. */
  override readonly name: string = "PoolConnectionOpenError";
}

/** A lease was used after it had been released. */
export class ConnectionReleasedError extends SQLitePoolError {
  /** Always `"ConnectionReleasedError"`. */
  override readonly name: string = "ConnectionReleasedError";
}

/**
 * A connection ended by itself while it was in use: its thread died, say. What ran on it may or may
 * not have taken effect. The pool replaces it.
 */
export class ConnectionLostError extends SQLitePoolError {
  /** Always `"ConnectionLostError"`. */
  override readonly name: string = "ConnectionLostError";
}

/** More than `maxWaiting` callers wait already. */
export class PoolOverloadedError extends SQLitePoolError {
  /** Always `"PoolOverloadedError"`. */
  override readonly name: string = "PoolOverloadedError";
}

/** A query did not finish in time. */
export class QueryTimeoutError extends SQLitePoolError {
  /** Always `"QueryTimeoutError"`. */
  override readonly name: string = "QueryTimeoutError";
}

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
