/**
 * Running a statement that gives rows, and making its result.
 *
 * @module
 */

import { driverError } from "./driver_error.ts";
import type { ResultSet, Row, RowOptions, SQLiteValue } from "./protocol.ts";
import { areExact, buildRows, type IntMode } from "./rows.ts";
import type { Prepared } from "./statement_cache.ts";
import type { SyncHandle, SyncStatement } from "./sync_handle.ts";

/**
 * Runs a statement that gives rows and changes none.
 *
 * @param handle The handle that prepared it.
 * @param prepared The statement.
 * @param values The values of its parameters.
 * @param intMode How integers come out.
 * @param options How its rows are made.
 * @returns The rows.
 * @throws {SQLiteError} The statement failed, or an integer cannot come out as a number.
 */
export function query<R>(
  handle: SyncHandle,
  prepared: Prepared,
  values: SQLiteValue[],
  intMode: IntMode,
  options: RowOptions<R> | undefined,
): ResultSet<R> {
  const result = queryOnce(handle, prepared, values, intMode, options);
  if (result !== undefined) return result;
  // For good: a statement that gives large numbers once will do so again.
  prepared.exact = true;
  return queryOnce(handle, prepared, values, intMode, options)!;
}

/**
 * Reads the rows of a statement as the driver gives them.
 *
 * @param handle The handle that prepared it.
 * @param prepared The statement.
 * @param values The values of its parameters.
 * @param firstRowOnly Whether the first row is all that is wanted.
 * @throws {SQLiteError} The statement failed.
 */
export function readRows(
  handle: SyncHandle,
  { driver, repeatable, exact }: Prepared,
  values: SQLiteValue[],
  firstRowOnly: boolean,
): SQLiteValue[][] {
  try {
    if (!firstRowOnly) return driver.all(values, exact);
    if (!repeatable) return driver.all(values, exact).slice(0, 1);
    const row = driver.first(values, exact);
    return row === undefined ? [] : [row];
  } catch (error) {
    throw driverError(handle, error, values);
  }
}

/**
 * The names of the columns of rows that were just read.
 *
 * @param driver The statement that gave them.
 * @param rows The rows.
 */
export function columnsOf(driver: SyncStatement, rows: SQLiteValue[][]): readonly string[] {
  const columns = driver.columns();
  return rows.length > 0 && rows[0].length !== columns.length ? driver.columns(true) : columns;
}

/** `undefined` where the rows have to be read again exactly. */
function queryOnce<R>(
  handle: SyncHandle,
  prepared: Prepared,
  values: SQLiteValue[],
  intMode: IntMode,
  options: RowOptions<R> | undefined,
): ResultSet<R> | undefined {
  const { driver, repeatable, exact } = prepared;
  const rowFactory = options?.rowFactory;
  const firstRowOnly = options?.firstRowOnly === true;
  // Objects of the driver must be fit for the caller as they are.
  const fit = repeatable && rowFactory === undefined && exact === (intMode === "bigint");
  if (fit && driver.objects !== undefined) {
    return queryObjects(handle, prepared, values, firstRowOnly) as ResultSet<R> | undefined;
  }
  const read = readRows(handle, prepared, values, firstRowOnly);
  const columns = columnsOf(driver, read);
  const rows = buildRows(read, columns, intMode, exact, rowFactory);
  if (rows === undefined) return undefined;
  return { columns: columns.slice(), rows, rowsAffected: 0, lastInsertRowid: undefined };
}

function queryObjects(
  handle: SyncHandle,
  { driver, exact }: Prepared,
  values: SQLiteValue[],
  firstRowOnly: boolean,
): ResultSet<Row> | undefined {
  let rows: Row[];
  try {
    rows = driver.objects!(values, exact, firstRowOnly);
  } catch (error) {
    throw driverError(handle, error, values);
  }
  let columns = driver.columns();
  // Other names than those that are known: the schema has changed.
  if (rows.length > 0 && columns.some((name) => rows[0][name] === undefined)) {
    columns = driver.columns(true);
  }
  if (!exact && !areExact(rows, columns)) return undefined;
  return { columns: columns.slice(), rows, rowsAffected: 0, lastInsertRowid: undefined };
}
