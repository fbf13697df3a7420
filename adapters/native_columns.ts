/**
 * Result columns as several drivers describe them.
 *
 * @module
 */

import { describeColumn } from "../src/driver/columns.ts";
import type { ColumnDescription } from "../src/sqlite/types.ts";

/** What a driver tells of a result column; null where it is an expression. */
export interface NativeColumn {
  /** Its name in the result. */
  readonly name: string;
  /** The type in its table's definition. */
  readonly type?: string | null;
  /** Its table. */
  readonly table?: string | null;
  /** Its name in that table. */
  readonly column?: string | null;
}

/** Describes columns in the terms of this package. */
export function describeColumns(columns: readonly NativeColumn[]): ColumnDescription[] {
  return columns.map(({ name, type, table, column }) => describeColumn(name, type, table, column));
}
