/**
 * Converts the values from a driver into rows for the caller.
 *
 * @module
 */

import { SQLiteIntegerRangeError } from "./errors.ts";
import type { Row, RowFactory, SQLiteValue } from "./types.ts";

/**
 * How INTEGER values are returned: as `number`, which fails for a value that a number cannot
 * represent exactly, or always as `bigint`.
 */
export type IntMode = "number" | "bigint";

/**
 * The default row factory, which creates plain objects.
 *
 * @param values The values of the row.
 * @param columns The column names; of two equal names the last one wins.
 */
export function objectRow(values: SQLiteValue[], columns: readonly string[]): Row {
  // A plain loop is faster than copying a prepared shape as soon as a program has more than one
  // query.
  const row: Row = {};
  for (let i = 0; i < columns.length; i++) setColumn(row, columns[i], values[i]);
  return row;
}

/**
 * Converts rows for the caller, in place.
 *
 * @param rows Values by row, as returned by the driver.
 * @param columns The names of the columns.
 * @param intMode How integers come out.
 * @param exact Whether all integers are bigints; otherwise a large number may be rounded.
 * @param rowFactory Creates each row. Default: plain objects.
 * @returns The rows; `undefined` if they must be read again exactly.
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
  // Called only when no rows must be read again, since a factory may count its calls.
  const makeRow = rowFactory ?? objectRow as RowFactory<R>;
  const built = rows as unknown[] as R[];
  for (let i = 0; i < rows.length; i++) built[i] = makeRow(rows[i], columns);
  return built;
}

/**
 * Whether row objects made by a driver contain no number that may be rounded.
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
 * Converts bigints to numbers in place if the caller wants numbers.
 *
 * @param values The values of one row.
 * @param columns The column names, for errors.
 * @param intMode How integers come out.
 * @param exact Whether all integers are bigints; otherwise a large number may be rounded.
 * @returns Whether the row is exact; otherwise it must be read again.
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

/** Whether a number may be a rounded integer. */
function isDoubtful(value: SQLiteValue): boolean {
  return typeof value === "number" &&
    (value > Number.MAX_SAFE_INTEGER || value < Number.MIN_SAFE_INTEGER);
}

/**
 * Sets a column of a row.
 *
 * @param row The row, a plain object.
 * @param name The name of the column.
 * @param value Its value.
 */
export function setColumn(row: Row, name: string, value: SQLiteValue): void {
  if (name !== "__proto__") {
    row[name] = value;
    return;
  }
  // An assignment would set the prototype instead.
  const property = { value, writable: true, enumerable: true, configurable: true };
  Object.defineProperty(row, name, property);
}
