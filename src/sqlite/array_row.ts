/**
 * Rows as arrays. Apart from other rows, because a pool begins without those: they come with the
 * first driver.
 *
 * @module
 */

import type { SQLiteValue } from "./types.ts";

/**
 * A row factory that keeps the values as they are: duplicate names included.
 *
 * @param values The values of the row.
 */
export function arrayRow(values: SQLiteValue[]): SQLiteValue[] {
  return values;
}
