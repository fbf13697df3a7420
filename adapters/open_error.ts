/**
 * Errors of opening a database, which no adapter converts because there is no connection yet.
 *
 * @module
 */

import { SQLiteError } from "../src/sqlite/errors.ts";
import { codeFromMessage } from "../src/sqlite/message_codes.ts";
import { codeOfName } from "../src/sqlite/result_codes.ts";

/**
 * Converts what a driver threw when it opened a database.
 *
 * @param error What the driver threw.
 */
export function openError(error: unknown): SQLiteError {
  const { errcode, errno, code, message } = error as Error & {
    readonly errcode?: number;
    readonly errno?: number;
    readonly code?: unknown;
  };
  const named = String(code).startsWith("SQLITE_") ? codeOfName(String(code)) : undefined;
  const rawCode = errcode ?? errno ?? named ?? codeFromMessage(message);
  return new SQLiteError(message, rawCode, { cause: error });
}

/**
 * Opens a handle, converting what its driver throws.
 *
 * @param open Opens the handle.
 */
export function openHandle<H>(open: () => H): H {
  try {
    return open();
  } catch (error) {
    throw openError(error);
  }
}
