/**
 * SQLite's result codes and their names.
 *
 * @module
 */

/** Names of the primary codes by number, without their common prefix. */
const primaryNames = "OK ERROR INTERNAL PERM ABORT BUSY LOCKED NOMEM READONLY INTERRUPT IOERR " +
  "CORRUPT NOTFOUND FULL CANTOPEN PROTOCOL EMPTY SCHEMA TOOBIG CONSTRAINT MISMATCH MISUSE NOLFS " +
  "AUTH FORMAT RANGE NOTADB NOTICE WARNING";

/**
 * What follows the name of the primary code, in the order of the numbers, which begin at 1.
 * Numbers without a code go by the primary name alone.
 */
const extendedNames: Readonly<Record<string, string>> = {
  OK: "LOAD_PERMANENTLY SYMLINK",
  ERROR: "MISSING_COLLSEQ RETRY SNAPSHOT RESERVESIZE KEY UNABLE",
  ABORT: " ROLLBACK",
  BUSY: "RECOVERY SNAPSHOT TIMEOUT",
  LOCKED: "SHAREDCACHE VTAB",
  READONLY: "RECOVERY CANTLOCK ROLLBACK DBMOVED CANTINIT DIRECTORY",
  IOERR: "READ SHORT_READ WRITE FSYNC DIR_FSYNC TRUNCATE FSTAT UNLOCK RDLOCK DELETE BLOCKED " +
    "NOMEM ACCESS CHECKRESERVEDLOCK LOCK CLOSE DIR_CLOSE SHMOPEN SHMSIZE SHMLOCK SHMMAP SEEK " +
    "DELETE_NOENT MMAP GETTEMPPATH CONVPATH VNODE AUTH BEGIN_ATOMIC COMMIT_ATOMIC " +
    "ROLLBACK_ATOMIC DATA CORRUPTFS IN_PAGE BADKEY CODEC",
  CORRUPT: "VTAB SEQUENCE INDEX",
  CANTOPEN: "NOTEMPDIR ISDIR FULLPATH CONVPATH DIRTYWAL SYMLINK",
  CONSTRAINT: "CHECK COMMITHOOK FOREIGNKEY FUNCTION NOTNULL PRIMARYKEY TRIGGER UNIQUE VTAB " +
    "ROWID PINNED DATATYPE",
  AUTH: "USER",
  NOTICE: "RECOVER_WAL RECOVER_ROLLBACK RBU",
  WARNING: "AUTOINDEX",
};

const names: ReadonlyMap<number, string> = new Map(
  primaryNames.split(" ").flatMap((name, code): [number, string][] => {
    const suffixes = ["", ...extendedNames[name]?.split(" ") ?? []];
    return suffixes.map((suffix, n) => [code | n << 8, suffix ? `${name}_${suffix}` : name]);
  }),
);

/** The codes that this package itself gives or looks for. */
export const resultCode = {
  ERROR: 1,
  PERM: 3,
  BUSY: 5,
  LOCKED: 6,
  NOMEM: 7,
  READONLY: 8,
  INTERRUPT: 9,
  IOERR: 10,
  CORRUPT: 11,
  FULL: 13,
  CANTOPEN: 14,
  PROTOCOL: 15,
  SCHEMA: 17,
  TOOBIG: 18,
  CONSTRAINT: 19,
  MISMATCH: 20,
  MISUSE: 21,
  AUTH: 23,
  RANGE: 25,
  NOTADB: 26,
  BUSY_SNAPSHOT: 517,
  ABORT_ROLLBACK: 516,
  CONSTRAINT_CHECK: 275,
  CONSTRAINT_FOREIGNKEY: 787,
  CONSTRAINT_NOTNULL: 1299,
  CONSTRAINT_TRIGGER: 1811,
  CONSTRAINT_UNIQUE: 2067,
} as const;

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

/** The primary code in an extended one, which is its last eight bits. */
export function primaryCode(rawCode: number): number {
  return rawCode & 0xff;
}

/**
 * The name of a result code.
 *
 * @param rawCode A primary or extended code.
 * @returns Its name, such as `"SQLITE_BUSY_SNAPSHOT"`. A code newer than this table goes by the
 *   name of its primary code.
 */
export function codeName(rawCode: number): string {
  const name = names.get(rawCode) ?? names.get(primaryCode(rawCode)) ?? "ERROR";
  return `SQLITE_${name}`;
}

/**
 * Infers the result code from a message of SQLite, for drivers that give nothing else.
 *
 * @param message The message.
 * @returns The code, as exact as the message tells; SQLITE_ERROR where it tells nothing.
 */
export function codeFromMessage(message: string): number {
  return messages.find(([text]) => message.includes(text))?.[1] ?? resultCode.ERROR;
}
