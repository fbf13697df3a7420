/**
 * Packs rows in the thread for sending.
 *
 * @module
 */

import type { SQLiteValue } from "../../sqlite/types.ts";
import {
  areLoose,
  type ColumnKind,
  type MessageWriter,
  MOST_TEXT,
  NULL_LENGTH,
  NULL_NUMBER,
  type Stores,
} from "../wire/wire.ts";

/** A larger number buffer is not kept for the next message. */
const MOST_KEPT = 65_536;

type Rows = readonly SQLiteValue[][];

/** Packs the rows of messages. */
export class RowPacker {
  /** Its memory is reused. */
  #numbers = new Float64Array(4_096);
  #length = 0;
  /** The complete strings, and the one being filled. */
  #texts: string[] = [];
  #text = "";
  #bytes: Uint8Array[] = [];

  /**
   * Adds rows to a message, directly or packed into its stores.
   *
   * @param rows Values by row.
   * @param width The number of columns.
   * @param message The message.
   */
  pack(rows: Rows, width: number, message: MessageWriter): void {
    if (areLoose(rows.length, width)) {
      for (let row = 0; row < rows.length; row++) {
        for (let column = 0; column < width; column++) message.value(rows[row][column]);
      }
      return;
    }
    const [numbers, texts, text] = [this.#length, this.#texts.length, this.#text];
    const bytes = this.#bytes.length;
    try {
      this.#packColumns(rows, width, message);
    } catch (error) {
      // The text may exceed the maximum string length, which must not affect the rest of the
      // message.
      this.#length = numbers;
      this.#texts.length = texts;
      this.#text = text;
      this.#bytes.length = bytes;
      throw error;
    }
  }

  /** Returns the stores of a complete message and starts with empty ones. */
  take(): Stores {
    const numbers = this.#length === 0 ? undefined : this.#numbers.slice(0, this.#length).buffer;
    const stores: Stores = [numbers, [...this.#texts, this.#text], join(this.#bytes)];
    if (this.#length > MOST_KEPT) this.#numbers = new Float64Array(MOST_KEPT);
    this.#length = 0;
    this.#texts = [];
    this.#text = "";
    this.#bytes = [];
    return stores;
  }

  #packColumns(rows: Rows, width: number, message: MessageWriter): void {
    this.#makeRoomFor(rows.length * width);
    const own: SQLiteValue[][] = [];
    let kinds = "";
    for (let column = 0; column < width; column++) {
      const kind = this.#packColumn(rows, column);
      if (kind === "o") own.push(rows.map((values) => values[column]));
      kinds += kind;
    }
    message.parts.push(kinds);
    for (const values of own) message.column(values);
  }

  #packColumn(rows: Rows, column: number): ColumnKind {
    const sample = rows.find((values) => values[column] !== null)?.[column];
    if (typeof sample === "string") {
      if (this.#packText(rows, column)) return "t";
    } else if (sample instanceof Uint8Array) {
      if (this.#packBytes(rows, column)) return "b";
    } else if (typeof sample !== "bigint" && this.#packNumbers(rows, column)) {
      return "n";
    }
    return "o";
  }

  // Each leaves the stores unchanged if it meets a value of another type.

  #packNumbers(rows: Rows, column: number): boolean {
    const numbers = this.#numbers;
    let at = this.#length;
    for (let row = 0; row < rows.length; row++) {
      const value = rows[row][column];
      if (typeof value === "number") numbers[at++] = value;
      else if (value === null) numbers[at++] = NULL_NUMBER;
      else return false;
    }
    this.#length = at;
    return true;
  }

  #packText(rows: Rows, column: number): boolean {
    const lengths = this.#numbers;
    let at = this.#length;
    let text = this.#text;
    const full = this.#texts.length;
    for (let row = 0; row < rows.length; row++) {
      const value = rows[row][column];
      if (typeof value === "string") {
        lengths[at++] = value.length;
        if (text.length + value.length > MOST_TEXT && text !== "") {
          this.#texts.push(text);
          text = value;
        } else text += value;
      } else if (value === null) lengths[at++] = NULL_LENGTH;
      else {
        this.#texts.length = full;
        return false;
      }
    }
    this.#length = at;
    this.#text = text;
    return true;
  }

  #packBytes(rows: Rows, column: number): boolean {
    const lengths = this.#numbers;
    let at = this.#length;
    const mark = this.#bytes.length;
    for (let row = 0; row < rows.length; row++) {
      const value = rows[row][column];
      if (value instanceof Uint8Array) {
        lengths[at++] = value.length;
        this.#bytes.push(value);
      } else if (value === null) lengths[at++] = NULL_LENGTH;
      else {
        this.#bytes.length = mark;
        return false;
      }
    }
    this.#length = at;
    return true;
  }

  #makeRoomFor(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#numbers.length) return;
    const larger = new Float64Array(2 * needed);
    larger.set(this.#numbers.subarray(0, this.#length));
    this.#numbers = larger;
  }
}

function join(parts: readonly Uint8Array[]): ArrayBuffer | undefined {
  if (parts.length === 0) return undefined;
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole.buffer;
}
