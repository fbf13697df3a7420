/**
 * Conversions shared by the adapters of native modules: numbers and buffers.
 *
 * @module
 */

import type { SQLiteValue } from "../src/sqlite/types.ts";

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
