/**
 * Connections that run in threads, for a pool.
 *
 * @module
 */

import { nativeDriver } from "../../adapters/native_drivers.ts";
import { describeValue } from "../pool/options.ts";
import type { DriverConnection } from "../sqlite/protocol.ts";
import type { OnTiming } from "../sqlite/timing.ts";
import { Crew } from "./crew.ts";
import { type SpawnWorker, spawnWorker } from "./thread.ts";
import type { OpenRequest, WorkerDriverName } from "./wire.ts";
import { WorkerConnection } from "./worker_connection.ts";

/** How connections in threads are opened. */
export interface WorkerOptions {
  /** The driver, which each thread loads by itself. Default: the runtime's own. */
  driver?: WorkerDriverName;
  /** Opens an existing file without writing to it. Default: false. */
  readonly?: boolean;
  /** Creates a missing file. Default: true. */
  create?: boolean;
  /** How integers come out: "number" refuses those a number cannot hold. Default: "number". */
  intMode?: "number" | "bigint";
  /** Prepared statements kept per connection; 0 keeps none. Default: 128. */
  statementCacheSize?: number;
  /** Starts a thread with the script `@sqlitepool/pool/worker`, where a bundler has moved it. */
  worker?: SpawnWorker;
  /** Called after each statement with its text and the milliseconds it took in its thread. */
  onTiming?: OnTiming;
}

/** Threads, counted. */
export interface ThreadStats {
  /** Threads that run. */
  readonly running: number;
  /** Those of them whose callers have given up, and which end by themselves. */
  readonly abandoned: number;
}

/** Opens a connection in a thread of its own each time it is called. */
export interface WorkerConnectionFactory {
  /** Starts a thread and opens the database in it. */
  (): Promise<DriverConnection>;
  /** Its connections take many calls at once. */
  readonly pipelines: true;
  /** The threads of this factory at this moment. */
  readonly threads: ThreadStats;
}

/** The drivers that a thread can load by their names. */
export const WORKER_DRIVERS: readonly WorkerDriverName[] = [
  "node:sqlite",
  "bun:sqlite",
  "better-sqlite3",
  "libsql",
];

/**
 * Makes a factory for a pool whose connections run in threads, so that no statement blocks the
 * event loop.
 *
 * @param path a path, or ":memory:".
 * @param options the driver, and how it opens the file.
 * @throws {TypeError} for a driver that threads cannot load, or another bad option.
 *
 * @example
 * ```ts
 * import { SQLiteConnectionPool, workerConnection } from "@sqlitepool/pool";
 *
 * const pool = new SQLiteConnectionPool(workerConnection("app.db"), { poolSize: 2 });
 * console.log(await pool.values("SELECT 1 + 1")); // [[2]]
 * await pool.close();
 * ```
 */
export function workerConnection(
  path: string,
  options: WorkerOptions = {},
): WorkerConnectionFactory {
  const { worker = spawnWorker, onTiming } = options;
  const open = openRequest(path, options);
  if (typeof worker !== "function") {
    throw new TypeError(
      `worker must be a function that starts a thread; got ${describeValue(worker)}`,
    );
  }
  const crew = new Crew();
  const surroundings = { spawn: worker, crew, onTiming };
  const factory: object = Object.defineProperties(
    () => WorkerConnection.open(surroundings, open),
    {
      pipelines: { value: true },
      threads: { get: (): ThreadStats => ({ running: crew.size, abandoned: crew.left }) },
    },
  );
  return factory as WorkerConnectionFactory;
}

function openRequest(path: string, options: WorkerOptions): OpenRequest {
  if (typeof path !== "string" || path === "" || path.includes("\0")) {
    throw new TypeError(`path must be the path of a database; got ${describeValue(path)}`);
  }
  const { readonly = false, create = true, intMode = "number", statementCacheSize } = options;
  const driver = options.driver ?? nativeDriver().name as WorkerDriverName;
  if (!WORKER_DRIVERS.includes(driver)) {
    const known = WORKER_DRIVERS.map((name) => JSON.stringify(name)).join(", ");
    throw new TypeError(
      `driver must be one that a thread can load by its name (${known}); ` +
        `got ${describeValue(driver)}`,
    );
  }
  return { driver, path, readonly, create, intMode, statementCacheSize };
}
