/**
 * Copies a database while it is in use.
 *
 * @module
 */

import { QueryTimeoutError, SQLitePoolError } from "../pool/errors.ts";
import { type AcquireOptions, checkCallOptions, WAIT_OPTION_NAMES } from "../pool/options.ts";
import { withDeadline } from "../pool/deadline.ts";
import { builtin, fileStatus } from "../platform/builtins.ts";
import type { Clock } from "../platform/clock.ts";
import { describeValue } from "../platform/describe.ts";
import { workingDirectory } from "../platform/surroundings.ts";
import type { BackupProgress, Driver } from "../driver/driver.ts";
import type { Connection } from "../connections/connection.ts";
import type { SQLiteConnectionPool } from "../connections/connection_pool.ts";
import { parseLocation } from "../sqlite/location.ts";

/** How a backup is made. `timeoutMs` limits the wait for a reader and the copying together. */
export interface BackupOptions extends AcquireOptions {
  /** Called while the backup goes on, at least once at its end. Throwing gives the backup up. */
  onProgress?: (progress: BackupProgress) => void;
}

/** Called when the snapshot is taken; what it returns is called when it is given up. */
export type OnSnapshot = () => () => void;

/** Writes one snapshot into a new file. */
export type BackUp = (
  path: string,
  options: BackupOptions,
  onSnapshot: OnSnapshot,
) => Promise<void>;

/** Makes the function that backs up: with what the driver has for it, or with SQL. */
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
    const connection = await readers.connection({ signal, timeoutMs });
    const caller = new Caller(options);
    const work = async (): Promise<void> => {
      const ended = onSnapshot();
      try {
        await copy(
          connection as Connection<unknown>,
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
    // A statement in a thread goes on when nobody waits any more, and keeps its connection.
    const tooLate = (): Error =>
      new QueryTimeoutError(
        `The backup took longer than ${timeoutMs} ms. It is given up, and leaves no file.`,
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

/** The absolute path of the file that will be there in the end. */
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

/** Whoever asked for the backup, and may have given up. */
class Caller {
  readonly #onProgress: BackupOptions["onProgress"];
  #left: { readonly reason: unknown } | undefined = undefined;

  constructor({ onProgress }: BackupOptions) {
    this.#onProgress = onProgress;
  }

  leave(reason: unknown): void {
    this.#left = { reason };
  }

  /** Ends a copy in steps at its next step once the caller has gone. */
  expectWaiting(): void {
    if (this.#left !== undefined) throw this.#left.reason;
  }

  onProgress(progress: BackupProgress): void {
    this.expectWaiting();
    this.#onProgress?.(progress);
  }
}

/**
 * A file that is written under another name and gets its own when it is complete: a backup that
 * fails, or whose process dies, leaves nothing that could be taken for one.
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

  /** Gives the file its name, unless another file has got it meanwhile. */
  keep(): void {
    const files = builtin("node:fs");
    try {
      // A link, because to rename a file would overwrite the other.
      files?.linkSync(this.temporaryPath, this.#path);
    } catch (error) {
      // Some file systems have no links.
      if (fileStatus(this.#path) !== undefined) throw this.#exists(error);
      files?.renameSync(this.temporaryPath, this.#path);
    }
  }

  /** Removes what has been written under the other name. */
  removeRest(): void {
    const files = builtin("node:fs");
    for (const suffix of ["", "-journal", "-wal", "-shm"]) {
      try {
        files?.rmSync(`${this.temporaryPath}${suffix}`, { force: true });
      } catch {
        // Why the backup failed matters more; its name says that it is not complete.
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
  connection: Connection<unknown>,
  path: string,
  onProgress: (progress: BackupProgress) => void,
) => Promise<void>;

type BackupDriver = Required<Driver>;

/** A copy in steps begins again with each commit of others, unless it is held to one snapshot. */
function copyWith(driver: BackupDriver): Copy {
  return (connection, path, onProgress) =>
    connection.transaction(async (snapshot) => {
      await snapshot.values("SELECT 1 FROM sqlite_schema LIMIT 1");
      await driver.backup(snapshot.raw, path, onProgress);
    }, { mode: "deferred" });
}

/** Leaves free pages out, so that the copy may be smaller than its original. */
const vacuumInto: Copy = async (connection, path, onProgress) => {
  const [[queryOnly]] = await connection.values("PRAGMA query_only");
  // Writes to another file, which a connection that may only query refuses as well.
  await connection.execute("PRAGMA query_only = OFF");
  try {
    await connection.execute("VACUUM INTO ?", [path]);
  } finally {
    await connection.execute(`PRAGMA query_only = ${queryOnly}`);
  }
  const [[totalPages]] = await connection.values("PRAGMA page_count");
  onProgress({ totalPages: Number(totalPages), remainingPages: 0 });
};
