/**
 * What D1 says of a failure, and what the caller is told.
 *
 * @module
 */

import { redactValues } from "../../src/driver/driver_error.ts";
import { messageOf } from "../../src/platform/describe.ts";
import { OutcomeUnknownError, type SQLitePoolError } from "../../src/pool/errors.ts";
import { SQLiteError } from "../../src/sqlite/errors.ts";
import * as resultCode from "../../src/sqlite/result_codes.ts";
import type { SQLiteValue } from "../../src/sqlite/types.ts";
import { platformError } from "../workerd/errors.ts";

const PREFIX = "D1_ERROR: ";

/** What D1 refuses before it runs anything. */
const NOT_RUN = /overloaded|too many (sub)?requests/i;

/**
 * Makes the error of a statement from what D1 threw.
 *
 * @param error What it threw.
 * @param mayChange Whether something may have taken effect, unless it was SQLite that refused it.
 * @param values The values that were bound, which are kept out of the message.
 */
export function d1Error(
  error: unknown,
  mayChange: boolean,
  values: readonly SQLiteValue[],
): SQLiteError | SQLitePoolError {
  const message = messageOf(error);
  if (/: SQLITE_[A-Z]+/.test(message)) return platformError(error, values, PREFIX);
  const text = redactValues(message.replace(PREFIX, "").replace(/[^.]$/, "$&."), values);
  if (NOT_RUN.test(message)) return new SQLiteError(text, resultCode.BUSY, { cause: error });
  if (!mayChange) {
    return new SQLiteError(`D1 failed to read: ${text}`, resultCode.IOERR, { cause: error });
  }
  return new OutcomeUnknownError(
    `D1 did not confirm a write, which may or may not have taken effect: ${text} Read the data ` +
      "before you try again.",
    { cause: error },
  );
}
