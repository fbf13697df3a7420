/**
 * Rows: from the values that a driver gives to what the caller gets.
 *
 * @module
 */

import { SQLiteIntegerRangeError } from "./errors.ts";
import type { Row, RowFactory, SQLiteValue } from "./types.ts";

/**
 * How INTEGER values come out: as `number`, which fails for one that a number cannot hold
 * exactly, or always as `bigint`.
 */
export type IntMode = "number" | "bigint";

/**
 * The default row factory: makes a plain object.
 *
 * @param values The values of the row.
 * @param columns The names of its columns; where two are the same, the last one wins.
 */
export function objectRow(values: SQLiteValue[], columns: readonly string[]): Row {
  // A plain loop beats copying a prepared shape as soon as a program has more than one query.
  const row: Row = {};
  for (let i = 0; i < columns.length; i++) setColumn(row, columns[i], values[i]);
  return row;
}

/**
 * Makes rows for the caller, in the place of their values.
 *
 * @param rows Values by row, as the driver gave them.
 * @param columns The names of the columns.
 * @param intMode How integers come out.
 * @param exact Whether all integers are bigints here: else a large number may be a rounded one.
 * @param rowFactory Makes each row; plain objects without it.
 * @returns The rows; `undefined` where they have to be read again exactly.
 * @throws {SQLiteIntegerRangeError} An integer cannot come out as a number.
 */
export function buildRows<R>(
  rows: SQLiteValue[][],
  columns: readonly string[],
  intMode: IntMode,
  exact: boolean,
  rowFactory: RowFactory<R> | undefined,
): R[] | undefined {
  for (let i = 0; i < rows.length; i++) {
    if (!settleIntegers(rows[i], columns, intMode, exact)) return undefined;
  }
  // Only now, when nothing has to be read again: a factory may count its rows.
  const makeRow = rowFactory ?? objectRow as RowFactory<R>;
  const built = rows as unknown[] as R[];
  for (let i = 0; i < rows.length; i++) built[i] = makeRow(rows[i], columns);
  return built;
}

/**
 * Whether objects that a driver made hold no number that it may have rounded.
 *
 * @param rows The objects.
 * @param columns The names of their columns.
 */
export function areTrusted(rows: readonly Row[], columns: readonly string[]): boolean {
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i];
    for (let j = 0; j < columns.length; j++) {
      if (isDoubtful(row[columns[j]])) return false;
    }
  }
  return true;
}

/**
 * Makes numbers of bigints where the caller wants numbers, in place.
 *
 * @param values The values of one row.
 * @param columns The names of its columns, for the error.
 * @param intMode How integers come out.
 * @param exact Whether all integers are bigints here: else a large number may be a rounded one.
 * @returns Whether the row can be trusted; otherwise it has to be read again exactly.
 * @throws {SQLiteIntegerRangeError} An integer cannot come out as a number.
 */
export function settleIntegers(
  values: SQLiteValue[],
  columns: readonly string[],
  intMode: IntMode,
  exact: boolean,
): boolean {
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (typeof value === "number") {
      if (!exact && isDoubtful(value)) return false;
    } else if (typeof value === "bigint" && intMode === "number") {
      const number = Number(value);
      if (isDoubtful(number)) throw new SQLiteIntegerRangeError(columns[i]);
      values[i] = number;
    }
  }
  return true;
}

/** Whether a number may be an integer that was rounded. */
function isDoubtful(value: SQLiteValue): boolean {
  return typeof value === "number" &&
    (value > Number.MAX_SAFE_INTEGER || value < Number.MIN_SAFE_INTEGER);
}

/**
 * Sets a column of a row.
 *
 * @param row The row, a plain object.
 * @param name The name of the column, whatever it is.
 * @param value Its value.
 */
export function setColumn(row: Row, name: string, value: SQLiteValue): void {
  if (name !== "__proto__") {
    row[name] = value;
    return;
  }
  // An assignment would change the prototype instead.
  const property = { value, writable: true, enumerable: true, configurable: true };
  Object.defineProperty(row, name, property);
}
