/**
 * Rows as the caller wants them, from what has travelled.
 *
 * @module
 */

import type { Row, RowFactory, SQLiteValue } from "../sqlite/protocol.ts";
import { objectRow, setColumn } from "../sqlite/rows.ts";
import { areLoose, unpackColumns } from "./packed_rows.ts";
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
  const byColumn = unpackColumns(reader, count);
  if (rowFactory === undefined) return objectsOf(byColumn, count, columns) as R[];
  return fromValues(transpose(byColumn, count), columns, rowFactory);
}

/** All values are read before the first row is made: a factory may throw. */
function readLoose(reader: MessageReader, count: number, width: number): SQLiteValue[][] {
  const rows = new Array<SQLiteValue[]>(count);
  for (let row = 0; row < count; row++) rows[row] = reader.values(width);
  return rows;
}

/** Column by column: each time the same property of objects that are alike. */
function objectsOf(byColumn: SQLiteValue[][], count: number, columns: readonly string[]): Row[] {
  const rows = new Array<Row>(count);
  for (let row = 0; row < count; row++) rows[row] = {};
  for (let column = 0; column < columns.length; column++) {
    const name = columns[column];
    const values = byColumn[column];
    for (let row = 0; row < count; row++) setColumn(rows[row], name, values[row]);
  }
  return rows;
}

function transpose(byColumn: SQLiteValue[][], count: number): SQLiteValue[][] {
  const width = byColumn.length;
  const rows = new Array<SQLiteValue[]>(count);
  for (let row = 0; row < count; row++) {
    const values = new Array<SQLiteValue>(width);
    for (let column = 0; column < width; column++) values[column] = byColumn[column][row];
    rows[row] = values;
  }
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
