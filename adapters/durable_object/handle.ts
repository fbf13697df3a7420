/**
 * What is used of the storage of a SQLite Durable Object, and how one is recognised.
 *
 * @module
 */

import { hasMethods, read } from "../shape.ts";

/** What is used of the cursor that `ctx.storage.sql.exec` gives. */
export interface DurableObjectCursor {
  /** The names of the columns, duplicates included. */
  readonly columnNames: string[];
  /** The rows that have not been read yet, as arrays. */
  raw(): IterableIterator<unknown[]>;
}

/** What is used of `ctx.storage` of a SQLite Durable Object. */
export interface DurableObjectStorage {
  /** Its database. */
  readonly sql: {
    /** Runs a statement up to its first row. */
    exec(query: string, ...bindings: unknown[]): DurableObjectCursor;
  };
  /** Runs a function in a transaction. */
  transaction<T>(closure: () => Promise<T>): Promise<T>;
  /** Runs a function in a transaction, in this very call. */
  transactionSync<T>(closure: () => T): T;
}

/**
 * Whether something is the storage of a SQLite Durable Object. `sql` throws for any other kind.
 *
 * @param value Anything.
 */
export function isDurableObjectStorage(value: unknown): value is DurableObjectStorage {
  return hasMethods(value, ["transaction", "transactionSync"]) &&
    hasMethods(read(value, "sql"), ["exec"]);
}
