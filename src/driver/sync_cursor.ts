/**
 * Rows as an async iterator over a synchronous cursor.
 *
 * @module
 */

import { type IntMode, objectRow, settleIntegers } from "../sqlite/rows.ts";
import type { RowFactory, SQLiteValue } from "../sqlite/types.ts";
import { readColumns } from "./columns.ts";
import type { Prepared } from "./statement_cache.ts";
import type { SyncCursor } from "./sync_handle.ts";

/** Rows to come, made for the caller already. */
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
 * `return()` and `throw()` free the statement and its locks before they return, which the one of
 * an async generator would only do a turn later.
 */
export class RowCursor<R> implements AsyncIterableIterator<R, undefined> {
  #open: (() => RowSource<R>) | undefined;
  #rows: RowSource<R> | undefined;
  #failure: Error | undefined;
  readonly #running: Set<RowCursor<unknown>>;

  /**
   * @param open Starts the statement.
   * @param running Where the cursor is to be found while the statement runs.
   */
  constructor(open: () => RowSource<R>, running: Set<RowCursor<unknown>>) {
    this.#open = open;
    this.#running = running;
  }

  /** The next row, or `done`; rejects when the statement fails or the cursor was cut off. */
  next(): Promise<IteratorResult<R, undefined>> {
    try {
      return Promise.resolve(this.nextSync());
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** The next row, as {@linkcode RowCursor.next} gives it, in this very call. */
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

  /** Ends the cursor, as {@linkcode RowCursor.return} does, in this very call. */
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
   * Ends the cursor against the will of its reader, who must not mistake this for the last row.
   *
   * @param reason What the next `next()` is rejected with.
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

/** What reads the rows needs to know. */
export interface StatementRowsOptions<R> {
  /** The statement that runs. */
  prepared: Prepared;
  /** How integers come out. */
  intMode: IntMode;
  /** Makes each row. */
  rowFactory: RowFactory<R> | undefined;
  /** Turns what the driver throws into what the caller gets. */
  toError(error: unknown): Error;
  /** Called once when the statement has been freed. */
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
   * @param options What belongs to it.
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
    // Only now: the first step of a statement is what notices a new schema.
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
