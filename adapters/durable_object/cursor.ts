/**
 * Rows of a running statement of a Durable Object.
 *
 * The platform has one connection and no way to close a cursor. One that is open when rows are
 * written may see them, and one that was left before its end keeps its tables from being dropped.
 *
 * @module
 */

import type { SyncCursor } from "../../src/driver/sync_handle.ts";
import type { SQLiteValue } from "../../src/sqlite/types.ts";

/** A row as the platform gives it, or `undefined` after the last one. */
type ReadRow = () => SQLiteValue[] | undefined;

/** How many cursors that were left may be remembered before those that are gone are forgotten. */
const MOST_LEFT = 64;

/** All cursors of one database. */
export class Cursors {
  readonly #open = new Set<Cursor>();
  /** Those that were left before their end, for as long as the platform has them. */
  #left: WeakRef<Iterator<unknown>>[] = [];

  /**
   * Opens a cursor.
   *
   * @param rows The rows of the platform.
   * @param read Gives the next of them.
   */
  open(rows: Iterator<unknown>, read: ReadRow): SyncCursor {
    const cursor: Cursor = new Cursor(read, (state) => {
      this.#open.delete(cursor);
      if (state === "left") this.leave(rows);
    });
    this.#open.add(cursor);
    return cursor;
  }

  /** Notes that nobody will read these rows to their end. */
  leave(rows: Iterator<unknown>): void {
    if (this.#left.length >= MOST_LEFT) {
      this.#left = this.#left.filter((left) => left.deref() !== undefined);
    }
    this.#left.push(new WeakRef(rows));
  }

  /** Lets every cursor keep what it has yet to give: something is going to change. */
  readAhead(): void {
    for (const cursor of this.#open) cursor.readAhead();
    this.#open.clear();
  }

  /** Ends all statements: a table is going to be changed or dropped. */
  finish(): void {
    this.readAhead();
    for (const left of this.#left) {
      const rows = left.deref();
      try {
        while (rows !== undefined && rows.next().done !== true);
      } catch {
        // A failure ends the statement too.
      }
    }
    this.#left = [];
  }
}

class Cursor implements SyncCursor {
  #read: ReadRow | undefined;
  readonly #onEnd: (state: "read" | "left") => void;

  constructor(read: ReadRow, onEnd: (state: "read" | "left") => void) {
    this.#read = read;
    this.#onEnd = onEnd;
  }

  next(): SQLiteValue[] | undefined {
    const row = this.#read?.();
    if (row === undefined) this.#end("read");
    return row;
  }

  readAhead(): void {
    const rows: SQLiteValue[][] = [];
    let failure: { readonly error: unknown } | undefined;
    try {
      for (let row = this.#read?.(); row !== undefined; row = this.#read?.()) rows.push(row);
    } catch (error) {
      failure = { error };
      // It has not come to its end.
      this.#onEnd("left");
    }
    let at = 0;
    this.#read = () => {
      if (at === rows.length && failure !== undefined) throw failure.error;
      return rows[at++];
    };
  }

  close(): void {
    this.#end("left");
  }

  #end(state: "read" | "left"): void {
    if (this.#read === undefined) return;
    this.#read = undefined;
    this.#onEnd(state);
  }
}
