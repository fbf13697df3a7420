/**
 * Converts what a driver throws into what the caller gets.
 *
 * @module
 */

import { withLongStack } from "../platform/callers_stack.ts";
import { messageOf } from "../platform/describe.ts";
import { SQLitePoolError } from "../pool/errors.ts";
import { SQLiteError } from "../sqlite/errors.ts";
import { codeFromMessage } from "../sqlite/message_codes.ts";
import type { SQLiteValue } from "../sqlite/types.ts";

/** An unquoted match of a shorter value is assumed to be a coincidence. */
const minUnquoted = 4;

/** Finds SQLite's result code for a driver error. */
export interface KnowsCodes {
  /** The extended result code, or `undefined` if the driver reports none. */
  resultCodeOf(error: unknown): number | undefined;
}

/**
 * Creates an error of this package from a driver error.
 *
 * @param handle The driver's handle, which knows its result codes.
 * @param error What the driver threw.
 * @param values The bound values, which are removed from the message.
 */
export function driverError(
  handle: KnowsCodes,
  error: unknown,
  values: readonly SQLiteValue[] = [],
): SQLiteError | SQLitePoolError {
  // A handle over a network knows more than SQLite, such as that the outcome is unknown.
  if (error instanceof SQLiteError || error instanceof SQLitePoolError) return error;
  const message = messageOf(error);
  const code = handle.resultCodeOf(error) ?? codeFromMessage(message);
  const redacted = redactValues(message, values);
  return withLongStack(() => new SQLiteError(redacted, code, { cause: error }));
}

/**
 * Removes parameter values from a SQLite message, which quotes some: an invalid JSON path, a
 * full-text query, the text raised by a trigger.
 *
 * @param message The message.
 * @param values The bound values.
 * @returns The message with `[parameter N]` in place of each of them.
 */
export function redactValues(message: string, values: readonly SQLiteValue[]): string {
  let redacted = message;
  values.forEach((value, index) => {
    if (typeof value !== "string" || value === "") return;
    const name = `[parameter ${index + 1}]`;
    for (const quote of ["'", '"']) {
      redacted = redacted.replaceAll(quote + value + quote, quote + name + quote);
    }
    if (value.length >= minUnquoted) redacted = redacted.replaceAll(value, name);
  });
  return redacted;
}
