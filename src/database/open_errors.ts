/**
 * Explains errors of opening a database.
 *
 * @module
 */

import type { SQLiteConnectionPool } from "../connections/connection_pool.ts";
import { WORKER_DRIVERS } from "../worker/thread_factory.ts";
import type { Driver } from "../driver/driver.ts";
import { fileStatus, isWritable } from "../platform/builtins.ts";
import { PoolConnectionOpenError, SQLitePoolError } from "../pool/errors.ts";
import { StepTimeoutError } from "../pool/step.ts";
import { DatabaseMovedError, SQLiteError } from "../sqlite/errors.ts";
import type { LocalLocation } from "../sqlite/location.ts";
import * as resultCode from "../sqlite/result_codes.ts";
import { ask } from "../connections/observation/ask.ts";
import type { DatabaseWarning } from "../connections/observation/warning.ts";

/** Queries while opening have no time limit of their own. */
const AS_LONG_AS_IT_TAKES = { timeoutMs: Infinity };

/** Explains that readers cannot write. */
export function explainReaderError(error: unknown): unknown {
  if (!(error instanceof SQLiteError) || error.code !== "SQLITE_READONLY") return error;
  return new SQLiteError(
    `${error.message}: get, all, values, iterate and read run on a reader, which cannot write. ` +
      "Use db.run() or db.write().",
    error.rawCode,
    { cause: error },
  );
}

const CODES_OF_OPENING: readonly string[] = [
  "SQLITE_CANTOPEN",
  "SQLITE_NOTADB",
  "SQLITE_READONLY",
  "SQLITE_IOERR",
  "SQLITE_CORRUPT",
];

/**
 * Adds the file and the reason to an error of opening, which the driver omits.
 *
 * @param abandoned how many threads run statements that nobody waits for any more.
 */
export function explainOpenFailure(
  path: string,
  readonly: boolean,
  error: unknown,
  abandoned: number = 0,
): unknown {
  if (error instanceof StepTimeoutError) {
    return new PoolConnectionOpenError(
      `Cannot open ${JSON.stringify(path)}: ${error.message}. ${whatTakesLong(abandoned)}`,
      { cause: error },
    );
  }
  if (!(error instanceof SQLiteError)) return error;
  if (!CODES_OF_OPENING.includes(error.code) || error instanceof DatabaseMovedError) return error;
  return new SQLiteError(
    `Cannot open ${JSON.stringify(path)}: ${reason(path, readonly, error)}`,
    error.rawCode,
    { cause: error },
  );
}

function whatTakesLong(abandoned: number): string {
  if (abandoned === 0) {
    return "Raise the limit, or find out what takes so long: the driver, onConnect, or another " +
      "process that holds the file.";
  }
  const threads = abandoned === 1 ? "One thread still runs" : `${abandoned} threads still run`;
  return `${threads} statements that their callers gave up, and another may have to wait until one ` +
    'ends. Make the statements faster, or use execution "process", which stops them.';
}

function reason(path: string, readonly: boolean, error: SQLiteError): string {
  if (error.code === "SQLITE_NOTADB") {
    return "the file is not a SQLite database, or it is encrypted and its key is missing or wrong.";
  }
  const found = fileStatus(path);
  const parent = /^(.*)[/\\][^/\\]*$/.exec(path)?.[1] || ".";
  if (error.code === "SQLITE_READONLY" || error.code === "SQLITE_CANTOPEN") {
    // On a read-only file system SQLite reports only that it cannot open the file.
    if (found?.isFile() && !isWritable(parent)) return readonlyDirectory(parent, readonly);
  }
  if (error.code !== "SQLITE_CANTOPEN") return error.message;
  if (found?.isDirectory()) return "it is a directory. Name a file in it.";
  if (found !== undefined) {
    return `${error.message}. Check the permissions of the file, and whether the process has ` +
      "reached its limit of open files.";
  }
  if (fileStatus(parent) === undefined) {
    return `the directory ${JSON.stringify(parent)} does not exist. Create it first.`;
  }
  if (readonly) return "the file does not exist, and a read-only database is not created.";
  return `${error.message}. The file does not exist; check that its directory is writable.`;
}

function readonlyDirectory(directory: string, readonly: boolean): string {
  return `the directory ${JSON.stringify(directory)} is not writable. SQLite creates files ` +
    'beside a database in WAL mode ("-shm", "-wal"), even to read it. Let the process write ' +
    "there, or open the database with " + (readonly ? "" : "readonly: true and ") +
    "immutable: true if it does not change while it is open.";
}

/** SQLite would take no locks and ignore the log. */
export function expectImmutable(
  location: LocalLocation,
  { name, opensImmutable = false }: Driver,
): void {
  if (location.kind === "memory") throw new TypeError("A database in memory cannot be immutable.");
  if (!opensImmutable) {
    throw new TypeError(
      `${name} cannot open a database as immutable. Use node:sqlite, bun:sqlite or libsql.`,
    );
  }
  const log = fileStatus(`${location.path}-wal`);
  if (log === undefined || log.size === 0n) return;
  throw new SQLitePoolError(
    `${
      JSON.stringify(`${location.path}-wal`)
    } may hold commits, which immutable: true would ignore. Open ` +
      "and close the database where it is writable first.",
  );
}

/** What to inspect. */
export interface Inspection {
  /** The name of the driver. */
  readonly driver: string;
  readonly readonly: boolean;
  readonly untrusted: boolean;
  readonly warn: (warning: DatabaseWarning) => void;
}

/** Detects problems that the first caller would otherwise run into. */
export async function inspect<R>(
  pool: SQLiteConnectionPool<R>,
  { driver, readonly, untrusted, warn }: Inspection,
): Promise<void> {
  // The count makes SQLite read the file and detect one that is not a database.
  const [[version]] = await ask(
    pool,
    "SELECT sqlite_version(), (SELECT count(*) FROM sqlite_schema)",
    AS_LONG_AS_IT_TAKES,
  );
  if (!readonly && hasWalResetBug(String(version))) {
    warn({
      kind: "wal-reset bug",
      message: `SQLite ${version} has the WAL-reset bug: a checkpoint by another process at the ` +
        "wrong moment can corrupt the database. Let one process write and checkpoint, or move to " +
        "SQLite 3.51.3 (or 3.50.7, 3.44.6). See https://sqlite.org/wal.html.",
    });
  }
  if (untrusted) await inspectUntrusted(pool, driver);
}

async function inspectUntrusted<R>(pool: SQLiteConnectionPool<R>, driver: string): Promise<void> {
  // SQLite ignores unknown pragmas.
  const [[trusted] = []] = await ask(pool, "PRAGMA trusted_schema", AS_LONG_AS_IT_TAKES);
  if (Number(trusted ?? 1) !== 0) {
    throw new SQLitePoolError(
      `${driver} cannot switch trusted_schema off, so that functions in views and triggers of the ` +
        "file could run. Use another driver for files of unknown origin.",
    );
  }
  const [[verdict]] = await ask(pool, "PRAGMA quick_check(1)", AS_LONG_AS_IT_TAKES);
  if (verdict !== "ok") {
    throw new SQLiteError(`quick_check found damage: ${verdict}`, resultCode.CORRUPT);
  }
}

/**
 * Whether a SQLite version may corrupt a database when a checkpoint resets the log at the wrong
 * moment: 3.7.0 to 3.51.2, fixed in 3.51.3 and in the branches 3.50.7 and 3.44.6. See
 * https://sqlite.org/wal.html.
 */
export function hasWalResetBug(version: string): boolean {
  const [major, minor, patch] = version.split(".").map(Number);
  if (major !== 3) return false;
  if (minor === 44) return patch < 6;
  if (minor === 50) return patch < 7;
  if (minor === 51) return patch < 3;
  return minor >= 7 && minor < 51;
}

/** Threads and processes load their drivers by module name. */
export function expectInThreads({ name }: Driver, execution: string): void {
  const known: readonly string[] = WORKER_DRIVERS;
  if (known.includes(name)) return;
  const noun = execution === "process" ? "process" : "thread";
  throw new TypeError(
    `execution "${execution}" needs a driver that a ${noun} can load by its name ` +
      `(${known.join(", ")}); got driver ${name}. Use execution "inline" with it.`,
  );
}
