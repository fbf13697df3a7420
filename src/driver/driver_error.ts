/**
 * From what a driver throws to what the caller gets.
 *
 * @module
 */

import { messageOf } from "../platform/describe.ts";
import { SQLiteError } from "../sqlite/errors.ts";
import { codeFromMessage } from "../sqlite/message_codes.ts";
import type { SQLiteValue } from "../sqlite/types.ts";
import { redactValues } from "./redact.ts";
import type { SyncHandle } from "./sync_handle.ts";

/**
 * Makes an error of SQLite from what a driver threw.
 *
 * @param handle The handle of the driver, which knows its codes.
 * @param error What it threw.
 * @param values The values that were bound, which are kept out of the message.
 */
export function driverError(
  handle: SyncHandle,
  error: unknown,
  values: readonly SQLiteValue[] = [],
): SQLiteError {
  const message = messageOf(error);
  const code = handle.resultCodeOf(error) ?? codeFromMessage(message);
  return new SQLiteError(redactValues(message, values), code, { cause: error });
}
