/**
 * What the platforms at the edge have no place for.
 *
 * @module
 */

import { OutcomeUnknownError, SQLitePoolError } from "../pool/errors.ts";
import { messageOf } from "../platform/describe.ts";
import { misuse, SQLiteError } from "../sqlite/errors.ts";
import * as resultCode from "../sqlite/result_codes.ts";

/**
 * The error of a method that a place does not have.
 *
 * @param method Its name.
 * @param place Where the database is, such as `"D1"`.
 * @param remedy What to do instead, as a sentence without its full stop.
 */
export function notSupported(method: string, place: string, remedy: string): SQLitePoolError {
  return new SQLitePoolError(`db.${method}() is not supported on ${place}. ${remedy}.`);
}

/** The error where a place tells no declared types. */
export function noColumnTypes(place: string): SQLiteError {
  return misuse(`columnTypes are not supported on ${place}, which does not tell them`);
}

/** The error for a statement that may change something, where only reads are expected. */
export function onlyReads(method: string): SQLiteError {
  return new SQLiteError(
    `attempt to write a readonly database: db.${method}() only reads. Use db.run() or db.batch().`,
    resultCode.READONLY,
  );
}

/** The error for a write whose answer cannot be given: it has been committed by then. */
export function unreadable(cause: unknown): OutcomeUnknownError {
  return new OutcomeUnknownError(
    `The write has taken effect, but what it gave back cannot be read: ${messageOf(cause)}`,
    { cause },
  );
}
