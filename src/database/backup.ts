/**
 * Copies a database while it is in use.
 *
 * @module
 */

import { SQLitePoolError } from "../pool/errors.ts";
import { describeValue } from "../platform/describe.ts";
import type { BackupProgress, Driver } from "../driver/driver.ts";
import type { Connection } from "../connections/connection.ts";
import type { SQLiteConnectionPool } from "../connections/connection_pool.ts";
import { fileStatus } from "../platform/builtins.ts";

/** How a backup is made. */
export interface BackupOptions {
  /** Called while the backup goes on, at least once at its end; to throw gives it up. */
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

/**
 * Makes the function that backs up: with what the driver has for it, or with SQL.
 */
export function backUp<R>(
  readers: SQLiteConnectionPool<R>,
  driver: Driver | undefined,
): BackUp {
  const copy = driver?.backup === undefined ? vacuumInto : copyWith(driver as BackupDriver);
  return async (path, { onProgress }, onSnapshot) => {
    checkTarget(path);
    await readers.withConnection(async (connection) => {
      const ended = onSnapshot();
      try {
        await copy(connection as Connection<unknown>, path, onProgress);
      } finally {
        ended();
      }
    });
  };
}

function checkTarget(path: string): void {
  if (typeof path !== "string" || path === "" || path.includes("\0")) {
    throw new TypeError(`backup needs the path of a new file; got ${describeValue(path)}`);
  }
  if (fileStatus(path) !== undefined) {
    throw new SQLitePoolError(
      `backup does not overwrite ${JSON.stringify(path)}: remove it first, or choose another name.`,
    );
  }
}

type Copy = (
  connection: Connection<unknown>,
  path: string,
  onProgress: BackupOptions["onProgress"],
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
  onProgress?.({ totalPages: Number(totalPages), remainingPages: 0 });
};
