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
  | "interrupt"
  | "interrupt-by-call"
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
  "nul-text": "Text with NUL characters cannot be bound, because the driver would truncate it. " +
    "Such text stored by other programs is truncated when read: use CAST(column AS BLOB).",
  "infinity": "Infinite numbers cannot be bound.",
  "negative-zero": "-0 cannot be bound, because the driver would store the integer 0.",
  "large-real": "Numbers from 2^53 cannot be bound, because the driver would store a different " +
    "integer.",
  "int64-in":
    "Integers of more than 32 bits cannot be bound, because the driver would store a REAL.",
  "int64-out": "Integers from 2^53 and REAL values from 2^53 to 2^63 cannot be read, because the " +
    "driver rounds integers and they cannot be told apart.",
  "int-mode":
    'intMode "bigint" is not supported: the driver does not distinguish INTEGER from REAL.',
  "prefix-names": "A statement cannot have two named parameters that differ only in their prefix.",
  "duplicate-columns": "The columns of a statement must have distinct names, because the driver " +
    "returns rows as objects.",
  "proto-column":
    "A column cannot be named `__proto__`, because the driver returns rows as objects.",
  "number-columns": "Column names cannot be numbers, which objects would move to the front.",
  "empty-columns": "`columns` is empty for a result without rows.",
  "extended-codes": "Extended result codes are inferred from error messages, where possible.",
  "error-codes": "Result codes are inferred from error messages, where possible.",
  "streaming": "`iterate` reads all rows before it returns the first one.",
  "interrupt": "A running statement cannot be interrupted.",
  "interrupt-by-call":
    "A deadline interrupts a running statement, but a signal does not, because " +
    "the statement blocks the event loop.",
  "exclusive": "BEGIN EXCLUSIVE is not supported.",
  "readonly": "Read-only connections are not supported.",
  "late-close": "A closed connection keeps its file open until its statements are " +
    "garbage-collected: no other SQLite library can open the file again in the same process.",
  "savepoint": "A savepoint is possible only inside a transaction, because the driver would " +
    "otherwise roll it back at once.",
  "without-rowid": "WITHOUT ROWID tables are not supported.",
  "shared-lock": "WAL mode is not supported, and readers and writers of a file share one lock: " +
    "while one connection reads, no other one can read or write.",
  "transactions": "BEGIN, COMMIT, ROLLBACK and SAVEPOINT are not supported: use `batch` for " +
    "statements that must succeed or fail together.",
  "hundred-parameters": "A statement can have at most 100 parameters and 100 columns.",
  "settings": "Most PRAGMAs, VACUUM, ATTACH and temporary tables are not supported.",
  "files": "There are no files: whatever the path, the platform provides a single database.",
};
