/**
 * Values as D1 and Durable Objects give them.
 *
 * @module
 */

import { SQLiteIntegerRangeError } from "../../src/sqlite/errors.ts";
import type { SQLiteValue } from "../../src/sqlite/types.ts";
import { describeValue } from "../../src/platform/describe.ts";
import { plainBytes } from "../native_values.ts";

/**
 * Refuses what the platform cannot tell apart.
 *
 * @param intMode How integers are to come out.
 * @throws {TypeError} Anything but "number".
 */
export function checkIntMode(intMode: unknown): void {
  if (intMode === "number") return;
  throw new TypeError(
    `intMode must be "number" on this platform, which gives every integer as a number; got ` +
      describeValue(intMode),
  );
}

/**
 * A value for the caller. D1 gives bytes as arrays of numbers.
 *
 * @param value What the platform gave.
 * @param column The name of its column.
 * @throws {SQLiteIntegerRangeError} The number may be a rounded integer.
 */
export function fromPlatform(value: unknown, column: string): SQLiteValue {
  if (typeof value === "number") {
    // Beyond 2^63 there is only REAL.
    const size = Math.abs(value);
    if (size > Number.MAX_SAFE_INTEGER && size <= 2 ** 63) {
      throw new SQLiteIntegerRangeError(column, "read CAST(column AS TEXT) instead");
    }
    return value;
  }
  if (typeof value !== "object" || value === null) return value as SQLiteValue;
  return Array.isArray(value) ? Uint8Array.from(value) : plainBytes(value as ArrayBuffer);
}
