/**
 * SQLite's result codes and their names.
 *
 * @module
 */

// The codes that this package itself reports or checks.

export const ERROR = 1;
export const PERM = 3;
export const BUSY = 5;
export const LOCKED = 6;
export const NOMEM = 7;
export const READONLY = 8;
export const INTERRUPT = 9;
export const IOERR = 10;
export const CORRUPT = 11;
export const FULL = 13;
export const CANTOPEN = 14;
export const PROTOCOL = 15;
export const SCHEMA = 17;
export const TOOBIG = 18;
export const CONSTRAINT = 19;
export const MISMATCH = 20;
export const MISUSE = 21;
export const AUTH = 23;
export const RANGE = 25;
export const NOTADB = 26;
export const BUSY_SNAPSHOT = 517;
export const IOERR_FSYNC = 1034;
export const READONLY_DBMOVED = 1032;
export const ABORT_ROLLBACK = 516;
export const CONSTRAINT_CHECK = 275;
export const CONSTRAINT_FOREIGNKEY = 787;
export const CONSTRAINT_NOTNULL = 1299;
export const CONSTRAINT_TRIGGER = 1811;
export const CONSTRAINT_UNIQUE = 2067;

/** The names of the primary codes by number, without the common prefix. */
const primaryNames = "OK ERROR INTERNAL PERM ABORT BUSY LOCKED NOMEM READONLY INTERRUPT IOERR " +
  "CORRUPT NOTFOUND FULL CANTOPEN PROTOCOL EMPTY SCHEMA TOOBIG CONSTRAINT MISMATCH MISUSE NOLFS " +
  "AUTH FORMAT RANGE NOTADB NOTICE WARNING";

/**
 * The suffixes of the extended codes of each primary code, numbered from 1. Unassigned numbers use
 * the primary name alone.
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

/** Returns the primary code of an extended code: its low eight bits. */
export function primaryCode(rawCode: number): number {
  return rawCode & 0xff;
}

/**
 * Returns the name of a result code.
 *
 * @param rawCode A primary or extended code.
 * @returns Its name, such as `"SQLITE_BUSY_SNAPSHOT"`. For a code newer than this table, the name
 *   of its primary code.
 */
export function codeName(rawCode: number): string {
  const name = names.get(rawCode) ?? names.get(primaryCode(rawCode)) ?? "ERROR";
  return `SQLITE_${name}`;
}

/**
 * Returns the result code with a name.
 *
 * @param name A name of a primary or extended code, such as `"SQLITE_BUSY_SNAPSHOT"`.
 * @returns The code; `SQLITE_ERROR` for an unknown name.
 */
export function codeOfName(name: string): number {
  const bare = name.replace(/^SQLITE_/, "");
  // Unassigned numbers share the names of their primary codes, which come first.
  for (const [code, known] of names) if (known === bare) return code;
  return ERROR;
}
