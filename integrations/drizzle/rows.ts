/**
 * Rows, as Drizzle takes them and as its users do.
 *
 * @module
 */

import { Column } from "drizzle-orm";
import type { SelectedFieldsOrdered } from "drizzle-orm/sqlite-core";
import type { RowOptions, SQLiteValue } from "../../mod.ts";
import { mapResultRow, type NotNullable } from "./internals.ts";

/** For queries whose columns Drizzle knows: values in the order of the columns. */
export const AS_VALUES: RowOptions<unknown> = { rowFactory: (values) => values };

/** For SQL of the user's own: values by the names of the columns. */
export const AS_OBJECTS: RowOptions<unknown> = {
  rowFactory: (values: SQLiteValue[], columns: readonly string[]) =>
    Object.fromEntries(columns.map((name, index) => [name, values[index]])),
};

/** Makes the object of a row from its values. */
export type RowMapper = (
  fields: SelectedFieldsOrdered,
  values: readonly unknown[],
  notNullable: NotNullable,
) => unknown;

/** The cheapest way to make rows with these fields. */
export function mapperOf(fields: SelectedFieldsOrdered): RowMapper {
  return fields.every(isPlainColumn) ? mapPlainRow : mapResultRow;
}

/** Most queries select columns of one table: they have no objects within, and no decoders to find. */
function isPlainColumn({ path, field }: SelectedFieldsOrdered[number]): boolean {
  return path.length === 1 && field instanceof Column;
}

function mapPlainRow(fields: SelectedFieldsOrdered, values: readonly unknown[]): unknown {
  const row: Record<string, unknown> = {};
  for (let index = 0; index < fields.length; index++) {
    const { path, field } = fields[index];
    const value = values[index];
    row[path[0]] = value === null ? null : (field as Column).mapFromDriverValue(value);
  }
  return row;
}
