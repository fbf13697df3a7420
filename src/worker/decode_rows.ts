/**
 * Rows as the caller wants them, from what has travelled.
 *
 * @module
 */

import type { RowFactory, SQLiteValue } from "../sqlite/protocol.ts";
import { objectRow } from "../sqlite/rows.ts";
import { type PackedRows, unpackColumns } from "./packed_rows.ts";
import type { MessageReader } from "./wire.ts";

/**
 * Reads rows: their number, and if there are any, themselves.
 *
 * @param reader where they come next.
 * @param columns the names of their columns.
 * @param rowFactory makes each row; plain objects without it.
 */
export function makeRows<R>(
  reader: MessageReader,
  columns: readonly string[],
  rowFactory: RowFactory<R> | undefined,
): R[] {
  const count = reader.next<number>();
  if (count === 0) return [];
  const packed = reader.next<PackedRows>();
  const makeRow = rowFactory ?? objectRow as RowFactory<R>;
  const width = columns.length;
  if (count === 1 && !packed.packed) return [makeRow(packed.values, columns)];
  const byColumn = unpackColumns(packed, count, width);
  const rows = new Array<R>(count);
  for (let row = 0; row < count; row++) {
    const values = new Array<SQLiteValue>(width);
    for (let column = 0; column < width; column++) values[column] = byColumn[column][row];
    rows[row] = makeRow(values, columns);
  }
  return rows;
}
