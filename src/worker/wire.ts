/**
 * What host and thread say to each other.
 *
 * All requests of one turn of the event loop travel as one message, and so do the replies that
 * are ready together: a message costs as much as several point reads. A message is one flat array
 * of values, written and read in order: for small values nothing is copied faster. Each request
 * but a definition and its end has exactly one reply, and replies come in the order of requests.
 *
 * A few rows travel as single values. Many travel by column, packed into one array of numbers, a
 * few strings and one array of bytes, which all rows of a message share: to copy those takes a
 * fraction of the time that as many single values take, on both threads.
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
  /** statement, most rows, cursor, parameter count, parameters */
  openCursor: 3,
  /** cursor, most rows */
  fetch: 4,
  /** cursor */
  closeCursor: 5,
  /** script */
  script: 6,
  rollback: 7,
  close: 8,
  /** statement: the number stands for nothing any more. No reply. */
  forget: 9,
  /** as `execute`, in a transaction of its own */
  executeAlone: 10,
  /** text of a statement */
  describe: 11,
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
  /** a `StatementDescription` as JSON */
  description: 4,
} as const;

/**
 * A value as it travels. Bytes travel as whole buffers: views of them are slower to send
 * everywhere, and on Deno a hundred times slower.
 */
export type WireValue = Exclude<SQLiteValue, Uint8Array> | ArrayBuffer;

/** What travels. */
export type WirePart =
  | WireValue
  | undefined
  | readonly string[]
  | readonly WireValue[]
  | WireError;

/**
 * The values of one column, in one letter: numbers, text or bytes in the stores of the message;
 * bigints and values of several types in an array of their own.
 */
export type ColumnKind = "n" | "t" | "b" | "o";

/** SQLite has no NaN, so that it may stand for NULL. */
export const NULL_NUMBER: number = NaN;

/** The length of a NULL among text and bytes. */
export const NULL_LENGTH = -1;

/**
 * What the packed rows of a message share, column by column and row by row; the first three parts
 * of the message. `numbers`, of 64 bits, has the lengths of text and bytes too, where these belong.
 * No text is in two of the strings: one that does not fit into what is left begins the next.
 */
export type Stores = [
  numbers: ArrayBuffer | undefined,
  texts: readonly string[],
  bytes: ArrayBuffer | undefined,
];

/**
 * A string of texts is about so long at most. V8 makes a part of a string by reference: one short
 * text that somebody keeps must not keep all that has travelled with it.
 */
export const MOST_TEXT = 16_384;

/** Below this many values, packing rows costs more than it saves. */
const WORTH_PACKING = 64;

/**
 * Whether rows travel as single values.
 *
 * @param count The number of rows.
 * @param width The number of columns.
 */
export function areLoose(count: number, width: number): boolean {
  return count * width < WORTH_PACKING;
}

/** Below this size, copying a buffer costs less than handing it over. */
const WORTH_TRANSFER = 65_536;

/** Writes a message from its beginning to its end. */
export class MessageWriter {
  /** The message. */
  readonly parts: WirePart[] = [];
  /** Its large buffers, if there are any: they change hands, where others are copied. */
  transfer: ArrayBuffer[] | undefined;

  /** Adds a value; of bytes, a copy that nobody else knows of. */
  value(value: SQLiteValue): void {
    if (typeof value !== "object" || value === null) this.parts.push(value);
    // The bytes alone: a view may show a small part of a large buffer. And a copy even of what is a
    // copy already: whoever repeats a call needs theirs again.
    else this.buffer(new Uint8Array(value).buffer);
  }

  /** Adds how many values there are, and the values. */
  values(values: readonly SQLiteValue[]): void {
    this.parts.push(values.length);
    for (let i = 0; i < values.length; i++) this.value(values[i]);
  }

  /** Adds values as one part. */
  column(values: readonly SQLiteValue[]): void {
    const column = new MessageWriter();
    for (let i = 0; i < values.length; i++) column.value(values[i]);
    column.transfer?.forEach((buffer) => this.handOver(buffer));
    this.parts.push(column.parts as WireValue[]);
  }

  /** Adds a buffer that nobody else knows of. */
  buffer(buffer: ArrayBuffer): void {
    this.parts.push(buffer);
    this.handOver(buffer);
  }

  /** Lets a buffer of the message change hands if that costs less than a copy. */
  handOver(buffer: ArrayBuffer | undefined): void {
    if (buffer === undefined || buffer.byteLength < WORTH_TRANSFER) return;
    if (this.transfer === undefined) this.transfer = [buffer];
    else this.transfer.push(buffer);
  }
}

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
    return decodeValues(this.#parts.slice(this.#at, this.#at += count) as WireValue[]);
  }
}

/**
 * Makes values of what has travelled, in place.
 *
 * @param values Values as they travel.
 */
export function decodeValues(values: WireValue[]): SQLiteValue[] {
  const decoded: (WireValue | SQLiteValue)[] = values;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (typeof value === "object" && value !== null) decoded[i] = new Uint8Array(value);
  }
  return decoded as SQLiteValue[];
}
