/**
 * Conversions shared by the adapters of native modules: numbers, buffers and code names.
 *
 * @module
 */

import type { SQLiteValue } from "../src/sqlite/types.ts";
import { codeName } from "../src/sqlite/result_codes.ts";
import * as resultCode from "../src/sqlite/result_codes.ts";

/**
 * For drivers that bind numbers as REAL and bigints as INTEGER. Only REAL has a negative zero.
 *
 * @param value A value to bind.
 */
export function asInteger(value: SQLiteValue): SQLiteValue {
  return Number.isSafeInteger(value) && !Object.is(value, -0) ? BigInt(value as number) : value;
}

/**
 * Converts buffers to plain Uint8Arrays, in place.
 *
 * @param row The values of a row.
 */
export function plainRow(row: SQLiteValue[]): SQLiteValue[] {
  for (let i = 0; i < row.length; i++) {
    const value = row[i];
    if (typeof value === "object" && value !== null) row[i] = plainBytes(value);
  }
  return row;
}

/**
 * Returns the same bytes as a plain Uint8Array.
 *
 * @param bytes A buffer.
 */
export function plainBytes(bytes: Uint8Array | ArrayBuffer): Uint8Array {
  if (!ArrayBuffer.isView(bytes)) return new Uint8Array(bytes);
  if (Object.getPrototypeOf(bytes) === Uint8Array.prototype) return bytes;
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

let codes: ReadonlyMap<string, number> | undefined;

/**
 * Returns the result code for a name such as `"SQLITE_BUSY_SNAPSHOT"`.
 *
 * @param name The name.
 * @returns The code; SQLITE_ERROR for an unknown name.
 */
export function codeOfName(name: string): number {
  codes ??= new Map(allCodes().map((code) => [codeName(code), code]));
  return codes.get(name) ?? resultCode.ERROR;
}

/** Primary codes come last, because unassigned numbers share their names. */
function allCodes(): number[] {
  const suffixes = Array.from({ length: 48 }, (_, index) => 47 - index);
  return suffixes.flatMap((suffix) => Array.from({ length: 29 }, (_, code) => code | suffix << 8));
}
