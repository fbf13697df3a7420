/**
 * The two shapes in which Drizzle takes rows.
 *
 * @module
 */

import type { RowFactory, SQLiteValue } from "../../mod.ts";

/** For queries whose columns Drizzle knows: values in the order of the columns. */
export const asValues: RowFactory<unknown> = (values) => values;

/** For SQL of the user's own: values by the names of the columns. */
export const asObject: RowFactory<unknown> = (values: SQLiteValue[], columns: readonly string[]) =>
  Object.fromEntries(columns.map((name, index) => [name, values[index]]));
