/**
 * Rows as the caller wants them, from what has travelled.
 *
 * @module
 */

import type { Row, RowFactory, SQLiteValue } from "../sqlite/protocol.ts";
import { objectRow } from "../sqlite/rows.ts";
import { areLoose, unpackRows } from "./packed_rows.ts";
import type { MessageReader } from "./wire.ts";

/**
 * Reads rows.
 *
 * @param reader where they come next: their number, and if there are any, themselves.
 * @param columns the names of their columns.
 * @param rowFactory makes each row; plain objects without it.
 */
export function makeRows<R>(
  reader: MessageReader,
  columns: readonly string[],
  rowFactory: RowFactory<R> | undefined,
): R[] {
  const count = reader.next<number>();
  if (areLoose(count, columns.length)) {
    const values = readLoose(reader, count, columns.length);
    return fromValues(values, columns, rowFactory ?? objectRow as RowFactory<R>);
  }
  if (rowFactory === undefined) return unpackObjects(reader, count, columns) as R[];
  return fromValues(unpackValues(reader, count, columns.length), columns, rowFactory);
}

/** All values are read before the first row is made: a factory may throw. */
function readLoose(reader: MessageReader, count: number, width: number): SQLiteValue[][] {
  const rows = new Array<SQLiteValue[]>(count);
  for (let row = 0; row < count; row++) rows[row] = reader.values(width);
  return rows;
}

function unpackObjects(reader: MessageReader, count: number, columns: readonly string[]): Row[] {
  const rows = new Array<Row>(count);
  for (let row = 0; row < count; row++) rows[row] = {};
  unpackRows(reader, rows, columns);
  return rows;
}

function unpackValues(reader: MessageReader, count: number, width: number): SQLiteValue[][] {
  const rows = new Array<SQLiteValue[]>(count);
  for (let row = 0; row < count; row++) rows[row] = new Array<SQLiteValue>(width);
  const positions = Array.from({ length: width }, (_, column) => column);
  unpackRows(reader, rows, positions);
  return rows;
}

/** Makes rows in the place of their values. */
function fromValues<R>(
  values: SQLiteValue[][],
  columns: readonly string[],
  makeRow: RowFactory<R>,
): R[] {
  const rows = values as unknown[] as R[];
  for (let row = 0; row < rows.length; row++) rows[row] = makeRow(values[row], columns);
  return rows;
}
