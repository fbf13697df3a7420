/**
 * Rows as the caller wants them, from what has travelled.
 *
 * @module
 */

import type { Row, RowFactory, SQLiteValue } from "../sqlite/types.ts";
import { objectRow } from "../sqlite/rows.ts";
import { areLoose } from "./packed_rows.ts";
import type { Cells, ReplyReader } from "./reply_reader.ts";

/**
 * Reads rows.
 *
 * @param reader where they come next: their number, and if there are any, themselves.
 * @param columns the names of their columns.
 * @param rowFactory makes each row; plain objects without it.
 */
export function makeRows<R>(
  reader: ReplyReader,
  columns: readonly string[],
  rowFactory: RowFactory<R> | undefined,
): R[] {
  const count = reader.next<number>();
  // All values are read before the first row is made: a factory may throw.
  if (areLoose(count, columns.length)) {
    return fromValues(readLoose(reader, count, columns.length), columns, rowFactory);
  }
  if (rowFactory === undefined && !columns.includes("__proto__")) {
    return readObjects(reader, count, columns) as R[];
  }
  return fromValues(readArrays(reader, count, columns.length), columns, rowFactory);
}

function readLoose(reader: ReplyReader, count: number, width: number): SQLiteValue[][] {
  const rows = new Array<SQLiteValue[]>(count);
  for (let row = 0; row < count; row++) rows[row] = reader.values(width);
  return rows;
}

function readObjects(reader: ReplyReader, count: number, columns: readonly string[]): Row[] {
  const rows = new Array<Row>(count);
  for (let row = 0; row < count; row++) rows[row] = {};
  reader.unpack(rows, columns);
  return rows;
}

function readArrays(reader: ReplyReader, count: number, width: number): SQLiteValue[][] {
  const rows = new Array<SQLiteValue[]>(count);
  for (let row = 0; row < count; row++) rows[row] = new Array<SQLiteValue>(width);
  reader.unpack(rows as unknown as Cells[], [...rows[0].keys()]);
  return rows;
}

/** Makes rows in the place of their values. */
function fromValues<R>(
  values: SQLiteValue[][],
  columns: readonly string[],
  makeRow: RowFactory<R> = objectRow as RowFactory<R>,
): R[] {
  const rows = values as unknown[] as R[];
  for (let row = 0; row < rows.length; row++) rows[row] = makeRow(values[row], columns);
  return rows;
}
