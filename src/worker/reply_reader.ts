/**
 * The host's side of rows that travel: reading them, and the replies that they belong to.
 *
 * @module
 */

import type { SQLiteValue } from "../sqlite/types.ts";
import { type ColumnKind, NULL_LENGTH } from "./packed_rows.ts";
import { MessageReader, type WirePart } from "./wire.ts";

/** A row that is being filled: an object by names, or an array by positions. */
export type Cells = Record<string | number, SQLiteValue>;

const NO_NUMBERS = new Float64Array(0);
const NO_BYTES = new Uint8Array(0);

/** Reads a message of replies from its beginning to its end. */
export class ReplyReader extends MessageReader {
  readonly #numbers: Float64Array;
  readonly #texts: Texts;
  readonly #bytes: Uint8Array;
  #numbersAt = 0;
  #bytesAt = 0;

  /** @param parts the message. */
  constructor(parts: readonly WirePart[]) {
    super(parts);
    this.#numbers = this.next<Float64Array | undefined>() ?? NO_NUMBERS;
    this.#texts = new Texts(this.next());
    this.#bytes = this.next<Uint8Array | undefined>() ?? NO_BYTES;
  }

  /**
   * Fills rows with the packed ones that come next.
   *
   * @param rows As many as there are, empty.
   * @param keys What the columns are called in them.
   */
  unpack(rows: readonly Cells[], keys: readonly (string | number)[]): void {
    const kinds = this.next<string>();
    for (let column = 0; column < kinds.length; column++) {
      const kind = kinds[column] as ColumnKind;
      const key = keys[column];
      if (kind === "o") {
        fillValues(rows, key, this.next());
        continue;
      }
      if (kind === "n") fillNumbers(rows, key, this.#numbers, this.#numbersAt);
      else if (kind === "t") fillText(rows, key, this.#numbers, this.#numbersAt, this.#texts);
      else this.#bytesAt = this.#fillBytes(rows, key);
      this.#numbersAt += rows.length;
    }
  }

  #fillBytes(rows: readonly Cells[], key: string | number): number {
    return fillBytes(rows, key, this.#numbers, this.#numbersAt, this.#bytes, this.#bytesAt);
  }
}

/** Where the next text of a message begins. */
class Texts {
  string: string;
  at = 0;
  readonly #strings: Iterator<string>;

  constructor(strings: readonly string[]) {
    this.#strings = strings.values();
    this.string = this.nextString();
  }

  nextString(): string {
    return this.#strings.next().value ?? "";
  }
}

// A loop for each kind, in a function of its own: engines make the most of those.

function fillValues(
  rows: readonly Cells[],
  key: string | number,
  values: readonly SQLiteValue[],
): void {
  for (let row = 0; row < rows.length; row++) rows[row][key] = values[row];
}

function fillNumbers(
  rows: readonly Cells[],
  key: string | number,
  numbers: Float64Array,
  start: number,
): void {
  for (let row = 0; row < rows.length; row++) {
    const number = numbers[start + row];
    rows[row][key] = number === number ? number : null;
  }
}

function fillText(
  rows: readonly Cells[],
  key: string | number,
  lengths: Float64Array,
  start: number,
  texts: Texts,
): void {
  // In variables of their own: to read and write them in the object would take longer than all else.
  let { string, at } = texts;
  for (let row = 0; row < rows.length; row++) {
    const length = lengths[start + row];
    if (at + length > string.length) {
      string = texts.nextString();
      at = 0;
    }
    rows[row][key] = length === NULL_LENGTH ? null : string.slice(at, at += length);
  }
  texts.string = string;
  texts.at = at;
}

/** @returns where the next bytes begin. */
function fillBytes(
  rows: readonly Cells[],
  key: string | number,
  lengths: Float64Array,
  start: number,
  bytes: Uint8Array,
  bytesAt: number,
): number {
  for (let row = 0; row < rows.length; row++) {
    const length = lengths[start + row];
    rows[row][key] = length === NULL_LENGTH ? null : bytes.slice(bytesAt, bytesAt += length);
  }
  return bytesAt;
}
