/**
 * Results as Prisma takes them: every column has a type, and every value suits it.
 *
 * @module
 */

import { type ColumnType, ColumnTypeEnum, type SqlResultSet } from "@prisma/driver-adapter-utils";
import type { ResultSet, SQLiteValue } from "../../mod.ts";

const {
  Int32,
  Int64,
  Float,
  Double,
  Numeric,
  Boolean,
  Text,
  Date: Day,
  Time,
  DateTime,
  Json,
  Bytes,
} = ColumnTypeEnum;

/** Declared types of SQLite's documentation, and those that Prisma's migrations write. */
const DECLARED: ReadonlyMap<string, ColumnType> = new Map<string, ColumnType>([
  ["DECIMAL", Numeric],
  ["FLOAT", Float],
  ...["DOUBLE", "DOUBLE PRECISION", "NUMERIC", "REAL"].map((name) => [name, Double] as const),
  ...["TINYINT", "SMALLINT", "MEDIUMINT", "INT", "INTEGER", "SERIAL", "INT2"]
    .map((name) => [name, Int32] as const),
  ...["BIGINT", "UNSIGNED BIG INT", "INT8"].map((name) => [name, Int64] as const),
  ...["DATETIME", "TIMESTAMP"].map((name) => [name, DateTime] as const),
  ["TIME", Time],
  ["DATE", Day],
  ...["TEXT", "CLOB", "CHARACTER", "VARCHAR", "VARYING CHARACTER", "NCHAR", "NVARCHAR"]
    .map((name) => [name, Text] as const),
  ["NATIVE CHARACTER", Text],
  ["BLOB", Bytes],
  ["BOOLEAN", Boolean],
  ["JSONB", Json],
]);

/**
 * Makes Prisma's result.
 *
 * @param declared the declared type of each column, empty where it has none.
 */
export function resultOf(
  { columns, rows }: ResultSet<SQLiteValue[]>,
  declared: readonly string[],
): SqlResultSet {
  const columnTypes = columns.map((_, index) =>
    DECLARED.get((declared[index] ?? "").toUpperCase()) ?? typeOfValues(rows, index)
  );
  const shown = rows.map((row) => row.map((value, index) => valueOf(value, columnTypes[index])));
  return { columnNames: columns, columnTypes, rows: shown };
}

/** The type of an expression shows in its values. */
function typeOfValues(rows: readonly SQLiteValue[][], index: number): ColumnType {
  const value = rows.find((row) => row[index] !== null)?.[index];
  if (typeof value === "string") return Text;
  if (typeof value === "bigint") return Int64;
  if (typeof value === "number") return ColumnTypeEnum.UnknownNumber;
  return value instanceof Uint8Array ? Bytes : Int32;
}

function valueOf(value: SQLiteValue, type: ColumnType): unknown {
  if (typeof value !== "number" && typeof value !== "bigint") return value;
  if (type === DateTime) return new Date(Number(value)).toISOString();
  // An integer column of SQLite may have fractions in it.
  if (typeof value === "number") {
    return type === Int32 || type === Int64 ? Math.trunc(value) : value;
  }
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}
