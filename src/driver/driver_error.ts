/**
 * From what a driver throws to what the caller gets.
 *
 * @module
 */

import { messageOf } from "../platform/describe.ts";
import { SQLitePoolError } from "../pool/errors.ts";
import { SQLiteError } from "../sqlite/errors.ts";
import { codeFromMessage } from "../sqlite/message_codes.ts";
import type { SQLiteValue } from "../sqlite/types.ts";

/** Shorter values than this are taken for chance where nothing quotes them. */
const minUnquoted = 4;

/** What tells SQLite's result code of what a driver threw; `undefined` where it gives none. */
export interface KnowsCodes {
  /** The extended result code. */
  resultCodeOf(error: unknown): number | undefined;
}

/**
 * Makes an error of SQLite from what a driver threw.
 *
 * @param handle The handle of the driver, which knows its codes.
 * @param error What it threw.
 * @param values The values that were bound, which are kept out of the message.
 */
export function driverError(
  handle: KnowsCodes,
  error: unknown,
  values: readonly SQLiteValue[] = [],
): SQLiteError | SQLitePoolError {
  // A handle over a network says more than SQLite can: that the outcome is unknown, say.
  if (error instanceof SQLiteError || error instanceof SQLitePoolError) return error;
  const message = messageOf(error);
  const code = handle.resultCodeOf(error) ?? codeFromMessage(message);
  return new SQLiteError(redactValues(message, values), code, { cause: error });
}

/**
 * Removes the values of parameters from a message of SQLite, which quotes some: a bad JSON path,
 * a full-text query, what a trigger raises.
 *
 * @param message The message.
 * @param values The values that were bound.
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
