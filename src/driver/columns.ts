/**
 * Result column names. They may change under a cached statement: SQLite re-prepares it after a
 * schema change, including one by another process.
 *
 * @module
 */

import type { ColumnDescription, Row, SQLiteValue } from "../sqlite/types.ts";
import type { Statement } from "../sqlite/scan.ts";
import type { Prepared } from "./statement_cache.ts";

/**
 * Returns the column names for rows that have just been read.
 *
 * @param prepared The statement that gave them.
 * @param rows The rows.
 */
export function columnsOfRows(prepared: Prepared, rows: SQLiteValue[][]): readonly string[] {
  const { columns, driver, statement } = prepared;
  if (columns === undefined) return readColumns(prepared);
  // Reading them takes half as long as a query, so it is done only if they can have changed by more
  // than letter case.
  const changed = (statement.openColumns && (driver.mayHaveNewColumns?.() ?? true)) ||
    (rows.length > 0 && rows[0].length !== columns.length);
  return changed ? readColumns(prepared) : columns;
}

/**
 * Returns the column names for row objects made by the driver, which carry them.
 *
 * @param prepared The statement that gave them.
 * @param rows The objects.
 */
export function columnsOfObjects(prepared: Prepared, rows: readonly Row[]): readonly string[] {
  const { columns, statement } = prepared;
  if (rows.length === 0 || columns === undefined) return columnsOfRows(prepared, []);
  const same = statement.openColumns
    ? areEqual(Object.keys(rows[0]), columns)
    : hasAll(rows[0], columns);
  return same ? columns : readColumns(prepared);
}

/**
 * Reads the column names from the driver.
 *
 * @param prepared A statement that has just run.
 */
export function readColumns(prepared: Prepared): readonly string[] {
  const columns = prepared.driver.columns() ?? [];
  // Keeps the array if the names are unchanged, since every row factory receives it.
  if (!areEqual(columns, prepared.columns)) prepared.columns = columns;
  return prepared.columns!;
}

/** Whether two lists have the same names in the same order. */
export function areEqual(
  names: readonly string[],
  others: readonly string[] | undefined,
): boolean {
  if (names.length !== others?.length) return false;
  for (let i = 0; i < names.length; i++) {
    if (names[i] !== others[i]) return false;
  }
  return true;
}

function hasAll(row: Row, columns: readonly string[]): boolean {
  for (let i = 0; i < columns.length; i++) {
    if (row[columns[i]] === undefined) return false;
  }
  return true;
}

/** Describes a column; what a driver does not know may be null too. */
export function describeColumn(
  name: string,
  declaredType?: string | null,
  table?: string | null,
  origin?: string | null,
): ColumnDescription {
  return {
    name,
    declaredType: declaredType ?? undefined,
    table: table ?? undefined,
    origin: origin ?? undefined,
  };
}

/** Where the driver does not know before it runs: to read rows there are none of does no harm. */
export function mayGiveRows({ verb, returning }: Statement): boolean {
  return returning || verb === "select" || verb === "pragma" || verb === "explain" ||
    verb === "other";
}
