/**
 * An async iterator over the rows of a synchronous cursor.
 *
 * @module
 */

import { type IntMode, objectRow, settleIntegers } from "../sqlite/rows.ts";
import type { RowFactory, SQLiteValue } from "../sqlite/types.ts";
import { readColumns } from "./columns.ts";
import type { Prepared } from "./statement_cache.ts";
import type { SyncCursor } from "./sync_handle.ts";

/** The remaining rows, already converted for the caller. */
export interface RowSource<R> {
  /** The next row, or `done`. */
  next(): IteratorResult<R, undefined>;
  /** Frees the statement. A second call does nothing. */
  close(): void;
}

const done: IteratorReturnResult<undefined> = Object.freeze({ done: true, value: undefined });

/**
 * Streams the rows of one statement, which starts to run at the first `next()`.
 *
 * `return()` and `throw()` free the statement and its locks before they return; an async generator
 * would do so a turn later.
 */
export class RowCursor<R> implements AsyncIterableIterator<R, undefined> {
  #open: (() => RowSource<R>) | undefined;
  #rows: RowSource<R> | undefined;
  #failure: Error | undefined;
  readonly #running: Set<RowCursor<unknown>>;

  /**
   * @param open Starts the statement.
   * @param running Contains the cursor while its statement runs.
   */
  constructor(open: () => RowSource<R>, running: Set<RowCursor<unknown>>) {
    this.#open = open;
    this.#running = running;
  }

  /** Returns the next row, or `done`. Rejects if the statement fails or the cursor was aborted. */
  next(): Promise<IteratorResult<R, undefined>> {
    try {
      return Promise.resolve(this.nextSync());
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** The synchronous form of {@linkcode RowCursor.next}. */
  nextSync(): IteratorResult<R, undefined> {
    try {
      return this.#step();
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  /** Ends the cursor at once. */
  return(): Promise<IteratorReturnResult<undefined>> {
    this.returnSync();
    return Promise.resolve(done);
  }

  /** The synchronous form of {@linkcode RowCursor.return}. */
  returnSync(): void {
    this.#failure = undefined;
    this.#end();
  }

  /**
   * Ends the cursor at once.
   *
   * @param error What the promise is rejected with.
   */
  throw(error?: unknown): Promise<IteratorReturnResult<undefined>> {
    this.#failure = undefined;
    this.#end();
    return Promise.reject(error);
  }

  /**
   * Aborts the cursor. The reader gets an error, so that it does not mistake this for the last row.
   *
   * @param reason The error of the next `next()`.
   */
  cutOff(reason: Error): void {
    this.#end();
    this.#failure = reason;
  }

  /** The cursor itself. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Ends the cursor at once. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.return().then(() => {});
  }

  #step(): IteratorResult<R, undefined> {
    if (this.#failure !== undefined) throw this.#takeFailure();
    if (this.#open !== undefined) {
      const open = this.#open;
      this.#open = undefined;
      this.#rows = open();
      this.#running.add(this);
    }
    const result = this.#rows?.next() ?? done;
    if (result.done) this.#end();
    return result;
  }

  #takeFailure(): Error | undefined {
    const failure = this.#failure;
    this.#failure = undefined;
    return failure;
  }

  #end(): void {
    const rows = this.#rows;
    this.#open = undefined;
    this.#rows = undefined;
    this.#running.delete(this);
    rows?.close();
  }
}

/** What is needed to read the rows. */
export interface StatementRowsOptions<R> {
  /** The running statement. */
  prepared: Prepared;
  /** How integers are returned. */
  intMode: IntMode;
  /** Makes each row. */
  rowFactory: RowFactory<R> | undefined;
  /** Converts a driver error into the error for the caller. */
  toError(error: unknown): Error;
  /** Called once after the statement was freed. */
  onClose(): void;
}

/** Reads the rows of one cursor. */
export class StatementRows<R> implements RowSource<R> {
  readonly #options: StatementRowsOptions<R>;
  readonly #makeRow: RowFactory<R>;
  #cursor: SyncCursor | undefined;
  #columns: readonly string[] | undefined;

  /**
   * @param cursor The open cursor.
   * @param options The statement and how to read it.
   */
  constructor(cursor: SyncCursor, options: StatementRowsOptions<R>) {
    this.#cursor = cursor;
    this.#options = options;
    this.#makeRow = options.rowFactory ?? objectRow as RowFactory<R>;
  }

  /** The next row, or `done`. */
  next(): IteratorResult<R, undefined> {
    const values = this.#read();
    if (values === undefined) return { done: true, value: undefined };
    // Read after the first step, which detects a schema change.
    const columns = this.#columns ??= readColumns(this.#options.prepared);
    settleIntegers(values, columns, this.#options.intMode, true);
    return { done: false, value: this.#makeRow(values, columns) };
  }

  /** Frees the statement. A second call does nothing. */
  close(): void {
    const cursor = this.#cursor;
    if (cursor === undefined) return;
    this.#cursor = undefined;
    cursor.close();
    this.#options.onClose();
  }

  #read(): SQLiteValue[] | undefined {
    try {
      return this.#cursor?.next();
    } catch (error) {
      throw this.#options.toError(error);
    }
  }
}
