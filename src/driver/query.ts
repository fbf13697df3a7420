/**
 * Running a statement that gives rows, and making its result.
 *
 * @module
 */

import { columnsOfObjects, columnsOfRows } from "./columns.ts";
import { driverError } from "./driver_error.ts";
import type { ResultSet, Row, RowOptions, SQLiteValue } from "../sqlite/types.ts";
import { areTrusted, buildRows, type IntMode } from "../sqlite/rows.ts";
import type { Prepared } from "./statement_cache.ts";
import type { SyncHandle } from "./sync_handle.ts";

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
    const objects = readObjects(handle, prepared, values, firstRowOnly);
    if (objects !== undefined) {
      const columns = columnsOfObjects(prepared, objects);
      const trusted = exact || areTrusted(objects, columns);
      return trusted ? queryResult(columns, objects as R[]) : undefined;
    }
  }
  const read = readRows(handle, prepared, values, firstRowOnly);
  const columns = columnsOfRows(prepared, read);
  const rows = buildRows(read, columns, intMode, exact, rowFactory);
  return rows && queryResult(columns, rows);
}

function readObjects(
  handle: SyncHandle,
  { driver, exact }: Prepared,
  values: SQLiteValue[],
  firstRowOnly: boolean,
): Row[] | undefined {
  try {
    return driver.objects!(values, exact, firstRowOnly);
  } catch (error) {
    throw driverError(handle, error, values);
  }
}

function queryResult<R>(columns: readonly string[], rows: R[]): ResultSet<R> {
  return { columns: columns.slice(), rows, rowsAffected: 0, lastInsertRowid: undefined };
}
