/**
 * Rows on their way between threads.
 *
 * A few values travel as they are. Many travel by column, packed into one array of numbers, one
 * string and one array of bytes: to copy those takes a fraction of the time that as many single
 * values take, on both threads.
 *
 * @module
 */

import type { Row, SQLiteValue } from "../sqlite/protocol.ts";
import { setColumn } from "../sqlite/rows.ts";
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
  if (rows.length * width < WORTH_PACKING) {
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

/** Rows to be filled: objects by the names of columns, or arrays by their positions. */
type Slots = Row | SQLiteValue[];
type Key = string | number;

/**
 * Fills rows with what `packRows` has packed, column by column: in each, all values go the same
 * way and have the same key.
 *
 * @param reader where the packed rows come next.
 * @param rows What is filled.
 * @param keys What the columns are called in a row.
 */
export function unpackRows(
  reader: MessageReader,
  rows: readonly Slots[],
  keys: readonly Key[],
): void {
  const kinds = reader.next<string>();
  const stores = new PackedStores(reader);
  for (let column = 0; column < keys.length; column++) {
    stores.fill(rows, keys[column], kinds[column] as ColumnKind);
  }
}

/** What packed columns share while they are unpacked. */
class PackedStores {
  readonly #reader: MessageReader;
  readonly #numbers: Float64Array;
  readonly #text: string;
  readonly #bytes: Uint8Array;
  #at = 0;
  #textAt = 0;
  #bytesAt = 0;

  constructor(reader: MessageReader) {
    this.#reader = reader;
    this.#numbers = reader.next();
    this.#text = reader.next();
    this.#bytes = reader.next<Uint8Array | undefined>() ?? NO_BYTES;
  }

  fill(rows: readonly Slots[], key: Key, kind: ColumnKind): void {
    switch (kind) {
      case "n":
        return this.#fillNumbers(rows, key);
      case "t":
        return this.#fillText(rows, key);
      case "b":
        return this.#fillBytes(rows, key);
      case "o":
        return fillOwn(rows, key, this.#reader.next());
    }
  }

  #fillNumbers(rows: readonly Slots[], key: Key): void {
    const numbers = this.#numbers;
    let at = this.#at;
    for (let row = 0; row < rows.length; row++) {
      const number = numbers[at++];
      set(rows[row], key, number === number ? number : null);
    }
    this.#at = at;
  }

  #fillText(rows: readonly Slots[], key: Key): void {
    const lengths = this.#numbers;
    const text = this.#text;
    let at = this.#at;
    let textAt = this.#textAt;
    for (let row = 0; row < rows.length; row++) {
      const length = lengths[at++];
      const value = length === NULL_LENGTH ? null : text.slice(textAt, textAt += length);
      set(rows[row], key, value);
    }
    this.#at = at;
    this.#textAt = textAt;
  }

  #fillBytes(rows: readonly Slots[], key: Key): void {
    const lengths = this.#numbers;
    const bytes = this.#bytes;
    let at = this.#at;
    let bytesAt = this.#bytesAt;
    for (let row = 0; row < rows.length; row++) {
      const length = lengths[at++];
      const value = length === NULL_LENGTH ? null : bytes.slice(bytesAt, bytesAt += length);
      set(rows[row], key, value);
    }
    this.#at = at;
    this.#bytesAt = bytesAt;
  }
}

function set(row: Slots, key: Key, value: SQLiteValue): void {
  setColumn(row as Row, key as string, value);
}

function fillOwn(rows: readonly Slots[], key: Key, values: readonly SQLiteValue[]): void {
  for (let row = 0; row < rows.length; row++) set(rows[row], key, values[row]);
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
