/**
 * Arguments of Prisma's queries, as SQLite stores them.
 *
 * @module
 */

import type { ArgType } from "@prisma/driver-adapter-utils";
import type { SQLiteValue } from "../../mod.ts";

/** How dates are stored: as Prisma's own drivers write them, or in milliseconds since 1970. */
export type TimestampFormat = "iso8601" | "unixepoch-ms";

/** Makes the value that is bound. Prisma sends many as text, with their type beside them. */
export function argumentOf(
  value: unknown,
  { scalarType }: ArgType,
  format: TimestampFormat,
): SQLiteValue {
  if (value instanceof Date) return dateOf(value, format);
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value !== "string") return value as SQLiteValue;
  switch (scalarType) {
    case "int":
      return Number.parseInt(value, 10);
    case "float":
    case "decimal":
      return Number.parseFloat(value);
    case "bigint":
      return BigInt(value);
    case "datetime":
      return dateOf(new Date(value), format);
    case "bytes":
      return Uint8Array.from(atob(value), (character) => character.charCodeAt(0));
    default:
      return value;
  }
}

function dateOf(date: Date, format: TimestampFormat): SQLiteValue {
  return format === "iso8601" ? date.toISOString().replace("Z", "+00:00") : date.getTime();
}
