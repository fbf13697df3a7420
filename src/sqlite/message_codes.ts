/**
 * Infers result codes from messages, for drivers that report no code.
 *
 * @module
 */

import * as resultCode from "./result_codes.ts";

/**
 * Complete SQLite messages and their codes. Partial matches prove nothing, since triggers can raise
 * any text.
 */
const wholeMessages: ReadonlyMap<string, number> = new Map([
  ["FOREIGN KEY constraint failed", resultCode.CONSTRAINT_FOREIGNKEY],
  ["constraint failed", resultCode.CONSTRAINT],
  ["database is locked", resultCode.BUSY],
  ["database table is locked", resultCode.LOCKED],
  ["attempt to write a readonly database", resultCode.READONLY],
  ["unable to open database file", resultCode.CANTOPEN],
  ["disk I/O error", resultCode.IOERR],
  ["database disk image is malformed", resultCode.CORRUPT],
  ["file is not a database", resultCode.NOTADB],
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
]);

/** How messages begin that name something. */
const beginnings: readonly (readonly [beginning: string, rawCode: number])[] = [
  ["UNIQUE constraint failed: ", resultCode.CONSTRAINT_UNIQUE],
  ["NOT NULL constraint failed: ", resultCode.CONSTRAINT_NOTNULL],
  ["CHECK constraint failed: ", resultCode.CONSTRAINT_CHECK],
  ["database table is locked: ", resultCode.LOCKED],
  ["unable to open database: ", resultCode.CANTOPEN],
  ["unable to open database file: ", resultCode.CANTOPEN],
  // The wording of better-sqlite3, node-sqlite3-wasm and libsql.
  ["Cannot open database", resultCode.CANTOPEN],
  ["Cannot save backup", resultCode.CANTOPEN],
  ["Could not open the database", resultCode.CANTOPEN],
  ['ConnectionFailed("Unable to open connection to local database', resultCode.CANTOPEN],
];

/** Prefixes that drivers add to SQLite's messages. */
const prefix = /^(?:SQLITE_[A-Z_]+|\d+): /;

/**
 * Infers the result code from a SQLite message, for drivers that report nothing else.
 *
 * @param message The message.
 * @returns The code, as exact as the message allows; SQLITE_ERROR if it is unknown.
 */
export function codeFromMessage(message: string): number {
  const words = message.replace(prefix, "");
  return wholeMessages.get(words) ??
    beginnings.find(([beginning]) => words.startsWith(beginning))?.[1] ?? resultCode.ERROR;
}
