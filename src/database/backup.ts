/**
 * Copies a database while it is in use.
 *
 * @module
 */

import { QueryTimeoutError, SQLitePoolError } from "../pool/errors.ts";
import { type AcquireOptions, checkCallOptions, WAIT_OPTION_NAMES } from "../pool/options.ts";
import { withDeadline } from "../pool/deadline.ts";
import { builtin } from "../platform/builtin.ts";
import { fileStatus } from "../platform/builtins.ts";
import type { Clock } from "../platform/clock.ts";
import { describeValue } from "../platform/describe.ts";
import { workingDirectory } from "../platform/surroundings.ts";
import type { BackupProgress, Driver } from "../driver/driver.ts";
import type { LeasedConnection } from "../connections/leased_connection.ts";
import type { SQLiteConnectionPool } from "../connections/connection_pool.ts";
import { parseLocation } from "../sqlite/location.ts";

/** Options of a backup. `timeoutMs` limits the wait for a reader plus the copying. */
export interface BackupOptions extends AcquireOptions {
  /**
   * Called during the backup, and at least once at its end. If it throws, the backup is abandoned.
   */
  onProgress?: (progress: BackupProgress) => void;
}

/** Called when the snapshot is taken. The returned function is called when it is released. */
export type OnSnapshot = () => () => void;

/** Writes one snapshot into a new file. */
export type BackUp = (
  path: string,
  options: BackupOptions,
  onSnapshot: OnSnapshot,
) => Promise<void>;

/** Creates the backup function, which uses the driver's own backup or SQL. */
export function backUp<R>(
  readers: SQLiteConnectionPool<R>,
  driver: Driver | undefined,
  clock: Clock,
): BackUp {
  const copy = driver?.backup === undefined ? vacuumInto : copyWith(driver as BackupDriver);
  return async (path, options, onSnapshot) => {
    const { signal, timeoutMs } = checkOptions(options);
    const file = new NewFile(targetOf(path));
    const startedAt = clock.now();
    const connection = await readers.lend<R>({ signal, timeoutMs });
    const caller = new Caller(options);
    const work = async (): Promise<void> => {
      const ended = onSnapshot();
      try {
        await copy(
          connection as LeasedConnection<unknown>,
          file.temporaryPath,
          (progress) => caller.onProgress(progress),
        );
        caller.expectWaiting();
        file.keep();
      } finally {
        ended();
        file.removeRest();
        await connection.release();
      }
    };
    const left = timeoutMs === undefined ? Infinity : startedAt + timeoutMs - clock.now();
    // A statement in a thread continues without its caller and keeps its connection.
    const tooLate = (): Error =>
      new QueryTimeoutError(
        `The backup took longer than ${timeoutMs} ms. It was abandoned and left no file.`,
      );
    await withDeadline(clock, { signal, timeoutMs: Math.max(0, left) }, work, { tooLate }).catch(
      (error) => {
        caller.leave(error);
        throw error;
      },
    );
  };
}

function checkOptions(options: BackupOptions): BackupOptions {
  checkCallOptions(options, [...WAIT_OPTION_NAMES, "onProgress"]);
  const { onProgress } = options;
  if (onProgress !== undefined && typeof onProgress !== "function") {
    throw new TypeError(`onProgress must be a function; got ${describeValue(onProgress)}`);
  }
  return options;
}

/** The absolute path of the finished backup. */
function targetOf(path: string): string {
  if (typeof path !== "string" || path === "" || path.includes("\0")) {
    throw new TypeError(`backup needs the path of a new file; got ${describeValue(path)}`);
  }
  const location = parseLocation(path, workingDirectory());
  if (location.kind !== "file" || location.mode !== "rwc") {
    throw new RangeError(`backup needs the path of a new file; got ${JSON.stringify(path)}`);
  }
  return location.path;
}

/** The caller of the backup, who may give up. */
class Caller {
  readonly #onProgress: BackupOptions["onProgress"];
  #left: { readonly reason: unknown } | undefined = undefined;

  constructor({ onProgress }: BackupOptions) {
    this.#onProgress = onProgress;
  }

  leave(reason: unknown): void {
    this.#left = { reason };
  }

  /** Ends a stepwise copy at its next step if the caller has given up. */
  expectWaiting(): void {
    if (this.#left !== undefined) throw this.#left.reason;
  }

  onProgress(progress: BackupProgress): void {
    this.expectWaiting();
    this.#onProgress?.(progress);
  }
}

/**
 * A file that is written under a temporary name and renamed when complete, so that a failed backup
 * or a crash leaves nothing that looks like a backup.
 */
class NewFile {
  readonly temporaryPath: string;
  readonly #path: string;

  /** @throws {SQLitePoolError} if the file already exists. */
  constructor(path: string) {
    this.#path = path;
    this.temporaryPath = `${path}.${Math.random().toString(36).slice(2, 10)}.partial`;
    if (fileStatus(path) !== undefined) throw this.#exists();
  }

  /** Gives the file its final name, unless another file has taken it in the meantime. */
  keep(): void {
    const files = builtin("node:fs");
    try {
      // Uses a link, because renaming would overwrite an existing file.
      files?.linkSync(this.temporaryPath, this.#path);
    } catch (error) {
      // Some file systems do not support links.
      if (fileStatus(this.#path) !== undefined) throw this.#exists(error);
      files?.renameSync(this.temporaryPath, this.#path);
    }
  }

  /** Removes the temporary file. */
  removeRest(): void {
    const files = builtin("node:fs");
    for (const suffix of ["", "-journal", "-wal", "-shm"]) {
      try {
        files?.rmSync(`${this.temporaryPath}${suffix}`, { force: true });
      } catch {
        // The error of the backup takes precedence; the name shows that the file is incomplete.
      }
    }
  }

  #exists(cause?: unknown): SQLitePoolError {
    return new SQLitePoolError(
      `backup does not overwrite ${JSON.stringify(this.#path)}: remove it first, or choose ` +
        "another name.",
      { cause },
    );
  }
}

type Copy = (
  connection: LeasedConnection<unknown>,
  path: string,
  onProgress: (progress: BackupProgress) => void,
) => Promise<void>;

type BackupDriver = Required<Driver>;

/** A stepwise copy restarts after each commit by others, unless it is pinned to one snapshot. */
function copyWith(driver: BackupDriver): Copy {
  return (connection, path, onProgress) =>
    connection.runTransaction(async (snapshot) => {
      await snapshot.ask("SELECT 1 FROM sqlite_schema LIMIT 1");
      await driver.backup(snapshot.raw, path, onProgress);
    }, "deferred");
}

/** Omits free pages, so the copy may be smaller than the original. */
const vacuumInto: Copy = async (connection, path, onProgress) => {
  const [[queryOnly]] = await connection.ask("PRAGMA query_only");
  // Writes to another file, which a query-only connection would also refuse.
  await connection.ask("PRAGMA query_only = OFF");
  try {
    await connection.ask("VACUUM INTO ?", [path]);
  } finally {
    await connection.ask(`PRAGMA query_only = ${queryOnly}`);
  }
  const [[totalPages]] = await connection.ask("PRAGMA page_count");
  onProgress({ totalPages: Number(totalPages), remainingPages: 0 });
};
