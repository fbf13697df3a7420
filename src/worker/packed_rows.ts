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
import type { MessageReader, WirePart } from "./wire.ts";

/** From so many values on, packing them takes less time than it saves. */
const WORTH_PACKING = 64;

/**
 * The values of one column, in one letter: numbers, text or bytes in the common stores; bigints
 * and values of several types in a store of its own.
 */
type ColumnKind = "n" | "t" | "b" | "o";

/** SQLite has no NaN, so that it may stand for NULL. Lengths are never negative. */
const NULL_NUMBER = NaN;
const NULL_LENGTH = -1;

const NO_BYTES = new Uint8Array(0);

/**
 * Adds rows to a message.
 *
 * @param rows Values by row.
 * @param width The number of columns.
 * @param message What the rows are added to.
 */
export function packRows(
  rows: readonly SQLiteValue[][],
  width: number,
  message: WirePart[],
): void {
  if (areLoose(rows.length, width)) {
    for (let row = 0; row < rows.length; row++) {
      for (let column = 0; column < width; column++) message.push(rows[row][column]);
    }
    return;
  }
  const store = new Store(rows.length * width);
  let kinds = "";
  for (let column = 0; column < width; column++) kinds += store.pack(rows, column);
  message.push(kinds);
  store.moveTo(message);
}

/**
 * Whether rows travel as single values.
 *
 * @param count The number of rows.
 * @param width The number of columns.
 */
export function areLoose(count: number, width: number): boolean {
  return count * width < WORTH_PACKING;
}

/** Where the next column begins in the common stores. */
interface Positions {
  number: number;
  text: number;
  byte: number;
}

/**
 * Unpacks what `packRows` has packed.
 *
 * @param reader where the packed rows come next.
 * @param count The number of rows.
 * @returns Values by column.
 */
export function unpackColumns(reader: MessageReader, count: number): SQLiteValue[][] {
  const kinds = reader.next<string>();
  const numbers = reader.next<Float64Array>();
  const text = reader.next<string>();
  const bytes = reader.next<Uint8Array | undefined>() ?? NO_BYTES;
  const columns: SQLiteValue[][] = [];
  const at: Positions = { number: 0, text: 0, byte: 0 };
  for (let column = 0; column < kinds.length; column++) {
    const kind = kinds[column] as ColumnKind;
    if (kind === "n") columns.push(unpackNumbers(numbers, at, count));
    else if (kind === "t") columns.push(unpackText(text, numbers, at, count));
    else if (kind === "b") columns.push(unpackBytes(bytes, numbers, at, count));
    else columns.push(reader.next());
  }
  return columns;
}

// A loop for each kind, in a function of its own: engines make the most of those.

function unpackNumbers(numbers: Float64Array, at: Positions, count: number): SQLiteValue[] {
  const values = new Array<SQLiteValue>(count);
  const start = at.number;
  for (let row = 0; row < count; row++) {
    const number = numbers[start + row];
    values[row] = number === number ? number : null;
  }
  at.number += count;
  return values;
}

function unpackText(
  text: string,
  lengths: Float64Array,
  at: Positions,
  count: number,
): SQLiteValue[] {
  const values = new Array<SQLiteValue>(count);
  const start = at.number;
  let textAt = at.text;
  for (let row = 0; row < count; row++) {
    const length = lengths[start + row];
    values[row] = length === NULL_LENGTH ? null : text.slice(textAt, textAt += length);
  }
  at.number += count;
  at.text = textAt;
  return values;
}

function unpackBytes(
  bytes: Uint8Array,
  lengths: Float64Array,
  at: Positions,
  count: number,
): SQLiteValue[] {
  const values = new Array<SQLiteValue>(count);
  const start = at.number;
  let byteAt = at.byte;
  for (let row = 0; row < count; row++) {
    const length = lengths[start + row];
    values[row] = length === NULL_LENGTH ? null : bytes.slice(byteAt, byteAt += length);
  }
  at.number += count;
  at.byte = byteAt;
  return values;
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
      if (this.#packText(rows, column)) return "t";
    } else if (sample instanceof Uint8Array) {
      if (this.#packBytes(rows, column)) return "b";
    } else if (typeof sample !== "bigint" && this.#packNumbers(rows, column)) {
      return "n";
    }
    this.#own.push(rows.map((values) => values[column]));
    return "o";
  }

  moveTo(message: WirePart[]): void {
    message.push(scratch.slice(0, this.#length), this.#text, join(this.#bytes), ...this.#own);
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
    const mark = this.#bytes.length;
    for (let row = 0; row < rows.length; row++) {
      const value = rows[row][column];
      if (value instanceof Uint8Array) {
        scratch[at++] = value.length;
        this.#bytes.push(value);
      } else if (value === null) scratch[at++] = NULL_LENGTH;
      else {
        this.#bytes.length = mark;
        return false;
      }
    }
    this.#length = at;
    return true;
  }
}

function join(parts: readonly Uint8Array[]): Uint8Array | undefined {
  if (parts.length === 0) return undefined;
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
