/**
 * Checks what SQLite can store. Separate from binding, because the `sql` tag checks values before
 * there is a statement.
 *
 * @module
 */

import { describe, tagOf } from "../../platform/describe.ts";
import type { BindValue, SQLiteValue } from "../types.ts";
import { asUint8Array, emptyBlob, isDetached, viewOf } from "./take_params.ts";

const minInteger = -(2n ** 63n);
const maxInteger = 2n ** 63n - 1n;

/**
 * Checks that a value can be bound, before there is a statement to bind it to.
 *
 * @param value The value.
 * @param name Its name in errors.
 * @throws {TypeError | RangeError} like `bindValues`.
 */
export function checkBindValue(value: unknown, name: string): asserts value is BindValue {
  if (typeof value === "string") checkText(value, 0, [name]);
  else toSQLiteValue(value, 0, [name]);
}

/**
 * Returns what SQLite stores for a value other than text. `index` and `parameters` serve only to
 * name the parameter in errors.
 */
export function toSQLiteValue(
  value: unknown,
  index: number,
  parameters: readonly string[],
): SQLiteValue {
  switch (typeof value) {
    case "number":
      if (!Number.isNaN(value)) return value;
      throw new RangeError(
        `${nameOf(index, parameters)} is NaN, which SQLite would store as NULL: ` +
          `pass null if that is meant`,
      );
    case "boolean":
      return value ? 1 : 0;
    case "bigint":
      if (value >= minInteger && value <= maxInteger) return value;
      throw new RangeError(
        `${nameOf(index, parameters)} is a bigint of more than 64 bits, which SQLite cannot ` +
          `store: pass it as text`,
      );
    case "object": {
      if (value === null) return null;
      const bytes = toBytes(value, index, parameters);
      if (bytes !== undefined) return bytes;
    }
  }
  throw new TypeError(
    `${nameOf(index, parameters)} is ${describe(value)}, which SQLite cannot store: ` +
      remedyFor(value),
  );
}

/** Returns text that SQLite stores unchanged. Throws a RangeError for any other text. */
export function checkText(value: string, index: number, parameters: readonly string[]): string {
  if (value.isWellFormed()) return value;
  throw new RangeError(
    `${nameOf(index, parameters)} is text with a lone surrogate, which SQLite would ` +
      `store as U+FFFD: pass text.toWellFormed() if that is meant, or bytes`,
  );
}

/**
 * Returns the bytes of a buffer or view; `undefined` for any other object. Classes are not checked:
 * look-alikes have no bytes, and other realms have other classes.
 */
function toBytes(
  value: object,
  index: number,
  parameters: readonly string[],
): Uint8Array | undefined {
  if (ArrayBuffer.isView(value) && value instanceof Uint8Array && value.byteLength > 0) {
    return value;
  }
  const view = ArrayBuffer.isView(value) ? value : viewOf(value);
  if (isDetached(view?.buffer ?? value)) {
    throw new TypeError(
      `${nameOf(index, parameters)} is a detached buffer: its bytes were transferred elsewhere`,
    );
  }
  if (view === undefined) return undefined;
  return view.byteLength === 0 ? emptyBlob() : asUint8Array(view);
}

/** Names a parameter in a message: `parameter 2`, `parameter 2 (:id)`, or the given name. */
export function nameOf(index: number, parameters: readonly string[]): string {
  const parameter = parameters[index];
  if (parameter.startsWith("?")) return `parameter ${index + 1}`;
  return /^[:@$]/.test(parameter) ? `parameter ${index + 1} (${parameter})` : parameter;
}

function remedyFor(value: unknown): string {
  if (value === undefined) return "pass null for NULL";
  if (typeof value === "function") return "call it and pass what it returns";
  if (typeof value === "symbol") return "pass its description";
  if (tagOf(value) === "Date") {
    return "pass date.toISOString() for text or date.getTime() for a number";
  }
  return "pass JSON.stringify(value) for text, or each of its values as a parameter of its own";
}
