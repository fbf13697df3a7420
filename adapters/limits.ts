/**
 * Limits of drivers. Adapters declare them and reject affected calls with a clear error: nothing is
 * rounded, truncated or guessed.
 *
 * @module
 */

/** A limit of some drivers. */
export type DriverLimit =
  | "nul-text"
  | "infinity"
  | "negative-zero"
  | "large-real"
  | "int64-in"
  | "int64-out"
  | "int-mode"
  | "prefix-names"
  | "duplicate-columns"
  | "proto-column"
  | "number-columns"
  | "empty-columns"
  | "extended-codes"
  | "error-codes"
  | "streaming"
  | "exclusive"
  | "readonly"
  | "late-close"
  | "savepoint"
  | "without-rowid"
  | "shared-lock"
  | "transactions"
  | "hundred-parameters"
  | "settings"
  | "files";

/** The limits of drivers and what they mean for a program. */
export const limitTexts: Readonly<Record<DriverLimit, string>> = {
  "nul-text": "Text with a NUL character cannot be bound: the driver would cut it. Where another " +
    "program has stored some, it comes out cut: read CAST(column AS BLOB) there.",
  "infinity": "Infinite numbers cannot be bound.",
  "negative-zero": "-0 cannot be bound: the driver would store the integer 0.",
  "large-real": "Numbers from 2^53 on cannot be bound: the driver would store another integer.",
  "int64-in": "Integers of more than 32 bits cannot be bound: the driver would store a REAL.",
  "int64-out": "Integers from 2^53 on cannot be read, nor REAL values from 2^53 to 2^63: " +
    "the driver rounds the former to the latter.",
  "int-mode": 'There is no intMode "bigint": the driver does not tell INTEGER from REAL.',
  "prefix-names": "A statement cannot have two named parameters that differ in their prefix only.",
  "duplicate-columns": "Columns of one statement need distinct names: the driver gives rows as " +
    "objects.",
  "proto-column": "No column may be named `__proto__`: the driver gives rows as objects.",
  "number-columns": "Names of columns must not be numbers, which objects move to the front.",
  "empty-columns": "The columns of a result without rows are not known: `columns` is empty.",
  "extended-codes": "Extended result codes are told from messages, where these tell them.",
  "error-codes": "Result codes are told from messages, where these tell them.",
  "streaming": "`iterate` reads all rows before it gives the first one.",
  "exclusive": "There is no BEGIN EXCLUSIVE.",
  "readonly": "There are no read-only connections.",
  "late-close": "A closed connection keeps its file open until its statements are collected as " +
    "garbage: no other SQLite library may open the file again in the same process.",
  "savepoint": "A savepoint needs a transaction around it: the driver would undo it at once.",
  "without-rowid": "There are no tables WITHOUT ROWID.",
  "shared-lock":
    "Readers and writers of a file share one lock, and there is no WAL mode: while a " +
    "connection reads, no other one reads or writes.",
  "transactions":
    "There is no BEGIN, COMMIT, ROLLBACK or SAVEPOINT: what belongs together is one " +
    "call of `batch`.",
  "hundred-parameters": "A statement has 100 parameters and gives 100 columns at most.",
  "settings": "Most PRAGMAs are refused, and so are VACUUM, ATTACH and temporary tables.",
  "files": "There are no files: whatever the path is, the platform has one database.",
};
