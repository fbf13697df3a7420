/**
 * What host and thread say to each other.
 *
 * All requests of one turn of the event loop travel as one message, and so do the replies that
 * are ready together: a message costs as much as several point reads. A message is one flat array
 * of values, written and read in order: for small values nothing is copied faster. Each request
 * but a definition has exactly one reply, and replies come in the order of requests.
 *
 * @module
 */

import type { SQLiteValue } from "../sqlite/types.ts";
import type { WireError } from "./wire_errors.ts";

/** The drivers that a thread can load by their names. */
export type WorkerDriverName = "node:sqlite" | "bun:sqlite" | "better-sqlite3" | "libsql";

/** The first message to a thread: what to open. */
export interface OpenRequest {
  readonly driver: WorkerDriverName;
  readonly path: string;
  readonly readonly: boolean;
  readonly create: boolean;
  readonly immutable?: boolean;
  readonly intMode: "number" | "bigint";
  readonly statementCacheSize: number | undefined;
}

/** The first message of a thread. `undefined` when the database is open. */
export interface OpenReply {
  readonly error: WireError | undefined;
}

/** What a request asks for, and what follows it in the message. */
export const request = {
  /** statement, sql: what the number stands for from now on. No reply. */
  define: 0,
  /** statement, 1 for the first row only, parameter count, parameters */
  execute: 1,
  /** as `execute`; fails without having run where no transaction is open */
  executeInTransaction: 2,
  /** cursor, statement, most rows, parameter count, parameters */
  openCursor: 3,
  /** cursor, most rows */
  fetch: 4,
  /** cursor */
  closeCursor: 5,
  /** script */
  script: 6,
  rollback: 7,
  close: 8,
} as const;

/**
 * What a reply is; each begins with it, whether a transaction is open, and milliseconds. Before
 * the first of a message are the `Stores` of its rows.
 */
export const reply = {
  /** columns if they are new, rows affected, last rowid, row count, rows as `RowPacker` packs them */
  result: 0,
  /** columns if they are new, 1 after the last row, row count, rows as `RowPacker` packs them */
  chunk: 1,
  done: 2,
  /** a {@linkcode WireError} */
  error: 3,
} as const;

/** What travels. */
export type WirePart =
  | SQLiteValue
  | undefined
  | readonly string[]
  | Float64Array
  | readonly SQLiteValue[]
  | WireError;

/** Reads a message from its beginning to its end. */
export class MessageReader {
  readonly #parts: readonly WirePart[];
  #at = 0;

  /** @param parts the message. */
  constructor(parts: readonly WirePart[]) {
    this.#parts = parts;
  }

  /** Whether everything has been read. */
  get ended(): boolean {
    return this.#at >= this.#parts.length;
  }

  /** The next part. Sender and receiver are of one version: its type is what was agreed. */
  next<T extends WirePart>(): T {
    return this.#parts[this.#at++] as T;
  }

  /** The next `count` parts, which are values. */
  values(count: number): SQLiteValue[] {
    return this.#parts.slice(this.#at, this.#at += count) as SQLiteValue[];
  }
}
