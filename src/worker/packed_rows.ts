/**
 * Rows on their way between threads.
 *
 * A few values travel as they are. Many travel by column, packed into one array of numbers, one
 * string and one array of bytes: to copy those takes a fraction of the time that as many single
 * values take, on both threads.
 *
 * @module
 */

import type { SQLiteValue } from "../sqlite/protocol.ts";

/** From so many values on, packing them takes less time than it saves. */
const WORTH_PACKING = 64;

/**
 * The values of one column: numbers, text or bytes from the common store, or a store of its own
 * for bigints and for values of several types.
 */
type ColumnKind = "number" | "text" | "bytes" | "own";

/** Rows, as `postMessage` takes them. */
export type PackedRows =
  | { readonly packed: false; readonly values: SQLiteValue[] }
  | {
    readonly packed: true;
    readonly kinds: readonly ColumnKind[];
    /** Numbers as they are; of text and bytes the lengths. */
    readonly numbers: Float64Array;
    readonly text: string;
    readonly bytes: Uint8Array;
    readonly own: readonly SQLiteValue[][];
  };

/** SQLite has no NaN, so that it may stand for NULL. Lengths are never negative. */
const NULL_NUMBER = NaN;
const NULL_LENGTH = -1;

const NO_BYTES = new Uint8Array(0);

/**
 * Packs rows.
 *
 * @param rows Values by row.
 * @param width The number of columns.
 */
export function packRows(rows: readonly SQLiteValue[][], width: number): PackedRows {
  if (rows.length * width < WORTH_PACKING) return { packed: false, values: rows.flat() };
  const store = new Store(rows.length * width);
  const kinds: ColumnKind[] = [];
  for (let column = 0; column < width; column++) kinds.push(store.pack(rows, column));
  return { packed: true, kinds, ...store.take() };
}

/**
 * Unpacks rows.
 *
 * @param rows What `packRows` made, maybe on another thread.
 * @param count The number of rows.
 * @param width The number of columns.
 * @returns Values by column.
 */
export function unpackColumns(rows: PackedRows, count: number, width: number): SQLiteValue[][] {
  if (!rows.packed) return splitColumns(rows.values, count, width);
  let at = 0;
  let textAt = 0;
  let byteAt = 0;
  let ownAt = 0;
  const { numbers, text, bytes, own } = rows;
  return rows.kinds.map((kind) => {
    if (kind === "own") return own[ownAt++];
    const values = new Array<SQLiteValue>(count);
    for (let row = 0; row < count; row++) {
      const number = numbers[at++];
      if (kind === "number") values[row] = number === number ? number : null;
      else if (number === NULL_LENGTH) values[row] = null;
      else if (kind === "text") values[row] = text.slice(textAt, textAt += number);
      else values[row] = bytes.slice(byteAt, byteAt += number);
    }
    return values;
  });
}

function splitColumns(values: SQLiteValue[], count: number, width: number): SQLiteValue[][] {
  return Array.from({ length: width }, (_, column) => {
    const own = new Array<SQLiteValue>(count);
    for (let row = 0; row < count; row++) own[row] = values[row * width + column];
    return own;
  });
}

/** What packed columns share. Its memory is used again and again. */
let scratch = new Float64Array(4_096);

class Store {
  #length = 0;
  #text = "";
  #bytes: Uint8Array[] = [];
  #own: SQLiteValue[][] = [];

  constructor(size: number) {
    if (scratch.length < size) scratch = new Float64Array(2 * size);
  }

  pack(rows: readonly SQLiteValue[][], column: number): ColumnKind {
    const sample = rows.find((values) => values[column] !== null)?.[column];
    if (typeof sample === "string") {
      if (this.#packText(rows, column)) return "text";
    } else if (sample instanceof Uint8Array) {
      if (this.#packBytes(rows, column)) return "bytes";
    } else if (typeof sample !== "bigint" && this.#packNumbers(rows, column)) {
      return "number";
    }
    this.#own.push(rows.map((values) => values[column]));
    return "own";
  }

  take(): { numbers: Float64Array; text: string; bytes: Uint8Array; own: SQLiteValue[][] } {
    return {
      numbers: scratch.slice(0, this.#length),
      text: this.#text,
      bytes: join(this.#bytes),
      own: this.#own,
    };
  }

  #packNumbers(rows: readonly SQLiteValue[][], column: number): boolean {
    let at = this.#length;
    for (let row = 0; row < rows.length; row++) {
      const value = rows[row][column];
      if (typeof value === "number") scratch[at++] = value;
      else if (value === null) scratch[at++] = NULL_NUMBER;
      else return false;
    }
    this.#length = at;
    return true;
  }

  #packText(rows: readonly SQLiteValue[][], column: number): boolean {
    let at = this.#length;
    let text = this.#text;
    for (let row = 0; row < rows.length; row++) {
      const value = rows[row][column];
      if (typeof value === "string") {
        scratch[at++] = value.length;
        text += value;
      } else if (value === null) scratch[at++] = NULL_LENGTH;
      else return false;
    }
    this.#length = at;
    this.#text = text;
    return true;
  }

  #packBytes(rows: readonly SQLiteValue[][], column: number): boolean {
    let at = this.#length;
    const bytes: Uint8Array[] = [];
    for (let row = 0; row < rows.length; row++) {
      const value = rows[row][column];
      if (value instanceof Uint8Array) {
        scratch[at++] = value.length;
        bytes.push(value);
      } else if (value === null) scratch[at++] = NULL_LENGTH;
      else return false;
    }
    this.#length = at;
    this.#bytes.push(...bytes);
    return true;
  }
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 0) return NO_BYTES;
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
