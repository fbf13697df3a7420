/**
 * A driver as `openDatabase` sees it.
 *
 * @module
 */

import type { DriverConnection } from "./connection.ts";
import type { OnTiming } from "./timing.ts";

/** How a driver opens a database. */
export interface DriverOpenOptions {
  /** Whether the connection must not write. */
  readonly readonly: boolean;
  /** Whether a missing file is created. */
  readonly create: boolean;
  /** Whether the file does not change while it is open: see {@linkcode Driver.opensImmutable}. */
  readonly immutable?: boolean;
  /** Whether extensions are to be loaded into the connection. */
  readonly allowExtensions?: boolean;
  /** How integers are returned. */
  readonly intMode: "number" | "bigint";
  /** How many prepared statements to cache; `undefined` for the adapter's default. */
  readonly statementCacheSize: number | undefined;
  /** Called after each statement with its text and its duration in milliseconds. */
  readonly onTiming?: OnTiming;
}

/** The progress of a backup, in pages. */
export interface BackupProgress {
  /** Number of pages of the database. */
  readonly totalPages: number;
  /** Number of pages still to be copied. */
  readonly remainingPages: number;
}

/** Opens connections to a database. The adapters provide values of this type. */
export interface Driver {
  /** The driver's module name, such as "node:sqlite"; threads load the driver by it. */
  readonly name: string;
  /** Identifies the SQLite library that the driver includes; no two libraries may share a file. */
  readonly library: string;
  /**
   * Whether a file may stay open after its connections were closed. No other library may then open
   * it in the same process. Default: false.
   */
  readonly closesLate?: boolean;
  /**
   * Whether the driver can open a file as immutable (https://sqlite.org/uri.html), without locks or
   * auxiliary files. Default: false.
   */
  readonly opensImmutable?: boolean;
  /**
   * Whether the write-ahead log is an ordinary file beside the database, with "-wal" at the end of
   * its name, on which the library takes no locks: transactions with durability "full" can then
   * share a sync of it. Default: false.
   */
  readonly hasPlainLog?: boolean;
  /**
   * Opens a connection.
   *
   * @param path a path or ":memory:".
   * @param options how it is opened.
   */
  open(path: string, options: DriverOpenOptions): DriverConnection | PromiseLike<DriverConnection>;
  /**
   * Copies the database while it is in use. Drivers without this method use VACUUM INTO.
   *
   * @param handle the driver's own handle, `raw` of a connection.
   * @param path a file that does not exist yet.
   * @param onProgress is called periodically; the backup is abandoned if it throws.
   */
  backup?(
    handle: unknown,
    path: string,
    onProgress: ((progress: BackupProgress) => void) | undefined,
  ): Promise<void>;
}
