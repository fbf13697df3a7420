/**
 * The result codes that this package itself gives or looks for. One by one, so that programs
 * carry those they need.
 *
 * @module
 */

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
export const READONLY_DBMOVED = 1032;
export const ABORT_ROLLBACK = 516;
export const CONSTRAINT_CHECK = 275;
export const CONSTRAINT_FOREIGNKEY = 787;
export const CONSTRAINT_NOTNULL = 1299;
export const CONSTRAINT_TRIGGER = 1811;
export const CONSTRAINT_UNIQUE = 2067;
