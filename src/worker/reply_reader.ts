/**
 * Reads the replies of a thread: results, cursor chunks and their rows.
 *
 * @module
 */

import { arrayRow } from "../sqlite/array_row.ts";
import { objectRow } from "../sqlite/rows.ts";
import { describeColumn } from "../driver/columns.ts";
import type {
  ResultSet,
  Row,
  RowFactory,
  SQLiteValue,
  StatementDescription,
} from "../sqlite/types.ts";
import {
  areLoose,
  type ColumnKind,
  decodeValues,
  MessageReader,
  NULL_LENGTH,
  type WirePart,
  type WireValue,
} from "./wire/wire.ts";

/** An object whose columns are sent when they change. */
export interface HasColumns {
  /** The columns as last sent. */
  columns: readonly string[];
}

/** A chunk of rows of a cursor. */
export interface Chunk<R> {
  readonly rows: readonly R[];
  readonly columns: readonly string[];
  /** Whether there are no more rows. */
  readonly ended: boolean;
}

/** Reads the row count and the rows at the current position. */
export type RowReader<R> = (reader: ReplyReader, columns: readonly string[]) => R[];

/** A row being filled: an object by name, or an array by index. */
type Cells = Record<string | number, SQLiteValue>;

const NO_NUMBERS = new Float64Array(0);
const NO_BYTES = new Uint8Array(0);

/** Reads a message of replies from beginning to end. No user code runs in the meantime. */
export class ReplyReader extends MessageReader {
  readonly #numbers: Float64Array;
  readonly #texts: Texts;
  readonly #bytes: Uint8Array;
  #numbersAt = 0;
  #bytesAt = 0;

  /** @param parts The message. */
  constructor(parts: readonly WirePart[]) {
    super(parts);
    const numbers = this.next<ArrayBuffer | undefined>();
    this.#numbers = numbers === undefined ? NO_NUMBERS : new Float64Array(numbers);
    this.#texts = new Texts(this.next());
    const bytes = this.next<ArrayBuffer | undefined>();
    this.#bytes = bytes === undefined ? NO_BYTES : new Uint8Array(bytes);
  }

  /**
   * Reads the result of a statement.
   *
   * @param statement The statement.
   * @param readRows Reads the rows.
   */
  result<R>(statement: HasColumns, readRows: RowReader<R>): ResultSet<R> {
    this.#noteColumns(statement);
    const { columns } = statement;
    const rowsAffected = this.next<number>();
    const lastInsertRowid = this.next<number | bigint | undefined>();
    const rows = readRows(this, columns);
    return { columns: columns.slice(), rows, rowsAffected, lastInsertRowid };
  }

  /** Reads what a statement is. JSON drops what is undefined. */
  description(): StatementDescription {
    const described = JSON.parse(this.next<string>()) as StatementDescription;
    const columns = described.columns.map(({ name, declaredType, table, origin }) =>
      describeColumn(name, declaredType, table, origin)
    );
    return { ...described, columns };
  }

  /**
   * Reads some rows of a cursor.
   *
   * @param cursor The cursor.
   * @param readRows Reads the rows.
   */
  chunk<R>(cursor: HasColumns, readRows: RowReader<R>): Chunk<R> {
    this.#noteColumns(cursor);
    const { columns } = cursor;
    const ended = this.next<number>() === 1;
    return { ended, columns, rows: readRows(this, columns) };
  }

  /**
   * Fills rows from the packed values at the current position.
   *
   * @param rows Empty rows, one for each packed row.
   * @param keys The keys of the columns in the rows.
   */
  unpack(rows: readonly Cells[], keys: readonly (string | number)[]): void {
    const kinds = this.next<string>();
    for (let column = 0; column < kinds.length; column++) {
      const kind = kinds[column] as ColumnKind;
      const key = keys[column];
      if (kind === "o") {
        fillValues(rows, key, decodeValues(this.next<WireValue[]>()));
        continue;
      }
      if (kind === "n") fillNumbers(rows, key, this.#numbers, this.#numbersAt);
      else if (kind === "t") fillText(rows, key, this.#numbers, this.#numbersAt, this.#texts);
      else this.#bytesAt = this.#fillBytes(rows, key);
      this.#numbersAt += rows.length;
    }
  }

  #noteColumns(owner: HasColumns): void {
    const news = this.next<string[] | undefined>();
    if (news !== undefined) owner.columns = news;
  }

  #fillBytes(rows: readonly Cells[], key: string | number): number {
    return fillBytes(rows, key, this.#numbers, this.#numbersAt, this.#bytes, this.#bytesAt);
  }
}

/**
 * Reads rows as plain objects.
 *
 * @param reader The reader, positioned at the rows.
 * @param columns The column names.
 */
export function readObjects(reader: ReplyReader, columns: readonly string[]): Row[] {
  const count = reader.next<number>();
  if (areLoose(count, columns.length) || columns.includes("__proto__")) {
    return toObjects(readCells(reader, count, columns.length), columns);
  }
  const rows = new Array<Row>(count);
  for (let row = 0; row < count; row++) rows[row] = {};
  reader.unpack(rows, columns);
  return rows;
}

/**
 * Reads rows as arrays of their values.
 *
 * @param reader The reader, positioned at the rows.
 * @param columns The column names.
 */
export function readArrays(reader: ReplyReader, columns: readonly string[]): SQLiteValue[][] {
  return readCells(reader, reader.next(), columns.length);
}

function readCells(reader: ReplyReader, count: number, width: number): SQLiteValue[][] {
  const rows = new Array<SQLiteValue[]>(count);
  if (areLoose(count, width)) {
    for (let row = 0; row < count; row++) rows[row] = reader.values(width);
    return rows;
  }
  for (let row = 0; row < count; row++) rows[row] = new Array<SQLiteValue>(width);
  reader.unpack(rows as unknown as Cells[], [...rows[0].keys()]);
  return rows;
}

/** Converts arrays of values to objects, in place. */
function toObjects(values: SQLiteValue[][], columns: readonly string[]): Row[] {
  const rows = values as unknown[] as Row[];
  for (let row = 0; row < rows.length; row++) rows[row] = objectRow(values[row], columns);
  return rows;
}

/**
 * Makes the rows of a result in a reaction to it, which runs in the async context of whoever made
 * the call, and where an error fails that call only.
 */
export function withRows(
  call: Promise<ResultSet<SQLiteValue[]>>,
  rowFactory: RowFactory<unknown>,
): Promise<ResultSet<unknown>> {
  if (rowFactory === arrayRow) return call;
  return call.then((result) => {
    const { columns } = result;
    const rows: unknown[] = result.rows;
    for (let row = 0; row < rows.length; row++) rows[row] = rowFactory(result.rows[row], columns);
    return result;
  });
}

/** The position of the next text in a message. */
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

// Each kind has its own function with a simple loop, which engines optimize best.

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
  // Local variables, because accessing object fields would take longer than everything else.
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

/** @returns The position of the next bytes. */
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
