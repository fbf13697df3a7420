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
  /** Whether nothing changes the file meanwhile: see {@linkcode Driver.opensImmutable}. */
  readonly immutable?: boolean;
  /** How integers come out. */
  readonly intMode: "number" | "bigint";
  /** Prepared statements to keep; `undefined` leaves it to the driver's adapter. */
  readonly statementCacheSize: number | undefined;
  /** Called after each statement with its text and the milliseconds it took. */
  readonly onTiming?: OnTiming;
}

/** How far a backup has come, in pages. */
export interface BackupProgress {
  /** Pages of the database. */
  readonly totalPages: number;
  /** Pages that are still to be copied. */
  readonly remainingPages: number;
}

/** Opens connections to a database. Values of this type come from the adapters. */
export interface Driver {
  /** How the driver calls itself, such as "node:sqlite"; threads load their drivers by it. */
  readonly name: string;
  /** Names the SQLite library the driver brings; no two libraries may share a file. */
  readonly library: string;
  /**
   * Whether a file may stay open after its connections were closed. No other library may open it
   * again in the same process then. Default: false.
   */
  readonly closesLate?: boolean;
  /**
   * Whether it can open a file as immutable (https://sqlite.org/uri.html), without locks and files
   * beside it. Default: false.
   */
  readonly opensImmutable?: boolean;
  /**
   * Opens a connection.
   *
   * @param path a path or ":memory:".
   * @param options how it is opened.
   */
  open(path: string, options: DriverOpenOptions): DriverConnection | PromiseLike<DriverConnection>;
  /**
   * Copies the database while it is in use; SQL does it where a driver has nothing of its own.
   *
   * @param handle the driver's own handle, `raw` of a connection.
   * @param path a file that does not exist yet.
   * @param onProgress is called now and then; the copy is given up when it throws.
   */
  backup?(
    handle: unknown,
    path: string,
    onProgress: ((progress: BackupProgress) => void) | undefined,
  ): Promise<void>;
}
