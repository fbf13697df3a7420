/**
 * Result codes told from messages, for drivers that give no code.
 *
 * @module
 */

import * as resultCode from "./result_codes.ts";

/** Texts that SQLite gives errors, with their codes; the first one found in a message counts. */
const messages: readonly (readonly [string, number])[] = [
  ["UNIQUE constraint failed", resultCode.CONSTRAINT_UNIQUE],
  ["NOT NULL constraint failed", resultCode.CONSTRAINT_NOTNULL],
  ["CHECK constraint failed", resultCode.CONSTRAINT_CHECK],
  ["FOREIGN KEY constraint failed", resultCode.CONSTRAINT_FOREIGNKEY],
  ["constraint failed", resultCode.CONSTRAINT],
  ["database is locked", resultCode.BUSY],
  ["table is locked", resultCode.LOCKED],
  ["attempt to write a readonly database", resultCode.READONLY],
  ["unable to open database", resultCode.CANTOPEN],
  ["disk I/O error", resultCode.IOERR],
  ["database disk image is malformed", resultCode.CORRUPT],
  ["file is not a database", resultCode.NOTADB],
  // How better-sqlite3 and libsql put it.
  ["Cannot open database", resultCode.CANTOPEN],
  ["Cannot save backup", resultCode.CANTOPEN],
  ["Unable to open connection to local database", resultCode.CANTOPEN],
  ["database or disk is full", resultCode.FULL],
  ["interrupted", resultCode.INTERRUPT],
  ["out of memory", resultCode.NOMEM],
  ["string or blob too big", resultCode.TOOBIG],
  ["datatype mismatch", resultCode.MISMATCH],
  ["locking protocol", resultCode.PROTOCOL],
  ["database schema has changed", resultCode.SCHEMA],
  ["not authorized", resultCode.AUTH],
  ["access permission denied", resultCode.PERM],
  ["column index out of range", resultCode.RANGE],
  ["bad parameter or other API misuse", resultCode.MISUSE],
];

/**
 * Infers the result code from a message of SQLite, for drivers that give nothing else.
 *
 * @param message The message.
 * @returns The code, as exact as the message tells; SQLITE_ERROR where it tells nothing.
 */
export function codeFromMessage(message: string): number {
  return messages.find(([text]) => message.includes(text))?.[1] ?? resultCode.ERROR;
}
