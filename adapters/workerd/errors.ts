/**
 * The errors of D1 and Durable Objects, which have their codes at the end of their messages.
 *
 * @module
 */

import { messageOf } from "../../src/platform/describe.ts";
import { redactValues } from "../../src/driver/driver_error.ts";
import { SQLiteError } from "../../src/sqlite/errors.ts";
import * as resultCode from "../../src/sqlite/result_codes.ts";
import type { SQLiteValue } from "../../src/sqlite/types.ts";

/** Where the text went wrong, and the codes. The former is a place in the text that was sent. */
const CODES = /(?: at offset \d+)?: (SQLITE_[A-Z]+)(?: \(extended: (SQLITE_[A-Z_]+)\))?$/;

/**
 * Makes an error of SQLite from what the platform threw.
 *
 * @param thrown What it threw.
 * @param values The values that were bound, which are kept out of the message.
 * @param prefix What the platform puts before SQLite's words.
 */
export function platformError(
  thrown: unknown,
  values: readonly SQLiteValue[],
  prefix = "",
): SQLiteError {
  if (thrown instanceof SQLiteError) return thrown;
  const message = messageOf(thrown);
  const [codes, primary, extended] = CODES.exec(message) ?? [""];
  const start = message.startsWith(prefix) ? prefix.length : 0;
  const words = message.slice(start, message.length - codes.length);
  const name = extended ?? primary;
  const rawCode = name === undefined ? resultCode.ERROR : resultCode.codeOfName(name);
  return new SQLiteError(redactValues(words, values), rawCode, { cause: thrown });
}
