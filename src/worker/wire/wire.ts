/**
 * The protocol between host and thread.
 *
 * All requests of one turn of the event loop are sent as one message, and so are replies that are
 * ready together, since a message costs as much as several point reads. A message is a flat array
 * of values, written and read in order, which is the fastest format to copy for small values. Each
 * request except a definition and its end has exactly one reply, in the order of the requests.
 *
 * A few rows are sent as single values. Many are sent by column, packed into one array of numbers,
 * a few strings and one array of bytes shared by all rows of a message. On both threads, copying
 * those takes a fraction of the time of single values.
 *
 * @module
 */

import type { SQLiteValue } from "../../sqlite/types.ts";
import type { WireError } from "./wire_errors.ts";

/** The drivers that threads can load by name. */
export type WorkerDriverName =
  | "node:sqlite"
  | "bun:sqlite"
  | "better-sqlite3"
  | "better-sqlite3-multiple-ciphers"
  | "libsql";

/** The first message to a thread: what to open. */
export interface OpenRequest {
  readonly driver: WorkerDriverName;
  readonly path: string;
  readonly readonly: boolean;
  readonly create: boolean;
  readonly immutable?: boolean;
  readonly intMode: "number" | "bigint";
  readonly statementCacheSize: number | undefined;
  /** Extensions to load, and the URL of a module that sets the connection up. */
  readonly extensions?: readonly string[];
  readonly setUp?: string;
  /** How much memory a process may use, and whether it must end where that cannot be limited. */
  readonly memory?: { readonly limit: number; readonly isRequired: boolean };
}

/** The first message of a thread; without an error if the database is open. */
export interface OpenReply {
  readonly error: WireError | undefined;
}

/** The kinds of requests, and what follows each in the message. */
export const request = {
  /** statement, sql: defines the number. No reply. */
  define: 0,
  /** statement, 1 for the first row only, parameter count, parameters */
  execute: 1,
  /** like `execute`, but fails without running if no transaction is open */
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
  /** statement: ends the definition of the number. No reply. */
  forget: 9,
  /** like `execute`, in its own transaction */
  executeAlone: 10,
  /** text of a statement */
  describe: 11,
} as const;

/**
 * The kinds of replies. Each reply begins with its kind, whether a transaction is open, and
 * milliseconds. A message begins with the `Stores` of its rows.
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
  /** A commit begins, of the request that is answered next. The reply itself is still to come. */
  committing: 5,
} as const;

/**
 * A value on the wire. Bytes are sent as whole buffers, because views are slower to send
 * everywhere, and a hundred times slower on Deno.
 */
export type WireValue = Exclude<SQLiteValue, Uint8Array> | ArrayBuffer;

/** A message. */
export type WirePart =
  | WireValue
  | undefined
  | readonly string[]
  | readonly WireValue[]
  | WireError;

/**
 * The type of a column, as one letter: numbers, text or bytes in the stores of the message; bigints
 * and mixed values in a separate array.
 */
export type ColumnKind = "n" | "t" | "b" | "o";

/** SQLite has no NaN, so it can represent NULL. */
export const NULL_NUMBER: number = NaN;

/** The length of a NULL among text and bytes. */
export const NULL_LENGTH = -1;

/**
 * The stores shared by the packed rows of a message, in column order and row order: the first three
 * parts of the message. `numbers`, of 64 bits, also contains the lengths of text and bytes in
 * sequence. No text spans two strings: one that does not fit begins the next.
 */
export type Stores = [
  numbers: ArrayBuffer | undefined,
  texts: readonly string[],
  bytes: ArrayBuffer | undefined,
];

/**
 * The approximate maximum length of a string of texts. V8 creates substrings by reference, so one
 * retained short text must not retain everything that was sent with it.
 */
export const MOST_TEXT = 16_384;

/** Below this number of values, packing costs more than it saves. */
const WORTH_PACKING = 64;

/**
 * Whether rows are sent as single values.
 *
 * @param count The number of rows.
 * @param width The number of columns.
 */
export function areLoose(count: number, width: number): boolean {
  return count * width < WORTH_PACKING;
}

/** Below this size, copying a buffer costs less than transferring it. */
const WORTH_TRANSFER = 65_536;

/** Writes a message. */
export class MessageWriter {
  /** The message. */
  readonly parts: WirePart[] = [];
  /** Its large buffers, which are transferred instead of copied. */
  transfer: ArrayBuffer[] | undefined;

  /** Adds a value. Bytes are copied. */
  value(value: SQLiteValue): void {
    if (typeof value !== "object" || value === null) this.parts.push(value);
    // Copies only the bytes, since a view may show a small part of a large buffer. Even a copy is
    // copied, because a retried call needs its bytes again.
    else this.buffer(new Uint8Array(value).buffer);
  }

  /** Adds the number of values and the values. */
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

  /** Adds a buffer that nobody else uses. */
  buffer(buffer: ArrayBuffer): void {
    this.parts.push(buffer);
    this.handOver(buffer);
  }

  /** Transfers a buffer of the message if that costs less than a copy. */
  handOver(buffer: ArrayBuffer | undefined): void {
    if (buffer === undefined || buffer.byteLength < WORTH_TRANSFER) return;
    if (this.transfer === undefined) this.transfer = [buffer];
    else this.transfer.push(buffer);
  }
}

/** Reads a message. */
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

  /** Returns the next part. Both sides have the same version, so its type is known. */
  next<T extends WirePart>(): T {
    return this.#parts[this.#at++] as T;
  }

  /** Returns a part that is still to come, without reading it. */
  peek<T extends WirePart>(offset: number): T {
    return this.#parts[this.#at + offset] as T;
  }

  /** Returns the next `count` parts, which are values. */
  values(count: number): SQLiteValue[] {
    return decodeValues(this.#parts.slice(this.#at, this.#at += count) as WireValue[]);
  }
}

/**
 * Converts values from the wire, in place.
 *
 * @param values Values as received.
 */
export function decodeValues(values: WireValue[]): SQLiteValue[] {
  const decoded: (WireValue | SQLiteValue)[] = values;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (typeof value === "object" && value !== null) decoded[i] = new Uint8Array(value);
  }
  return decoded as SQLiteValue[];
}
