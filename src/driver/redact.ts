/**
 * Keeping the values of parameters out of error messages.
 *
 * @module
 */

import type { SQLiteValue } from "../sqlite/types.ts";

/** Shorter values than this are taken for chance where nothing quotes them. */
const minUnquoted = 4;

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
