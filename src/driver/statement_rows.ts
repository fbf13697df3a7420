/**
 * The rows of one open cursor of a driver, made for the caller.
 *
 * @module
 */

import { readColumns } from "./columns.ts";
import type { RowFactory, SQLiteValue } from "../sqlite/types.ts";
import type { RowSource } from "./row_cursor.ts";
import { type IntMode, objectRow, settleIntegers } from "../sqlite/rows.ts";
import type { Prepared } from "./statement_cache.ts";
import type { SyncCursor } from "./sync_handle.ts";

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
