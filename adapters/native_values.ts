/**
 * What the adapters of native modules have in common: numbers, buffers and names of codes.
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
 * Makes Uint8Arrays of buffers, in place.
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
 * The same bytes as a Uint8Array, and no subclass of it.
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
 * The result code of a name such as `"SQLITE_BUSY_SNAPSHOT"`.
 *
 * @param name The name.
 * @returns Its code; SQLITE_ERROR for a name that is not known.
 */
export function codeOfName(name: string): number {
  codes ??= new Map(allCodes().map((code) => [codeName(code), code]));
  return codes.get(name) ?? resultCode.ERROR;
}

/** Primary codes last: numbers without a name of their own go by those. */
function allCodes(): number[] {
  const suffixes = Array.from({ length: 48 }, (_, index) => 47 - index);
  return suffixes.flatMap((suffix) => Array.from({ length: 29 }, (_, code) => code | suffix << 8));
}
