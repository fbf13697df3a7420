/**
 * Rows as arrays. Separate from other rows, because a pool starts without those: they are loaded
 * with the first driver.
 *
 * @module
 */

import type { SQLiteValue } from "./types.ts";

/**
 * A row factory that returns the values as an array, including those of duplicate columns.
 *
 * @param values The values of the row.
 */
export function arrayRow(values: SQLiteValue[]): SQLiteValue[] {
  return values;
}
