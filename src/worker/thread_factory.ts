/**
 * Opens connections in threads, each in one of its own. What runs them is loaded with the first.
 *
 * @module
 */

import { describeValue } from "../platform/describe.ts";
import type { DriverConnection } from "../driver/connection.ts";
import type { OnTiming } from "../driver/timing.ts";
import { ThreadCount } from "./thread_count.ts";
import type { SpawnWorker } from "./thread.ts";
import type { OpenRequest, WorkerDriverName } from "./wire.ts";

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

/** A table, so that the compiler misses those that are not in it. */
const isWorkerDriver: Readonly<Record<WorkerDriverName, true>> = {
  "node:sqlite": true,
  "bun:sqlite": true,
  "better-sqlite3": true,
  libsql: true,
};

/** The drivers that a thread can load by their names. */
export const WORKER_DRIVERS: readonly string[] = Object.keys(isWorkerDriver);

/**
 * Makes a factory for a pool.
 *
 * @param request what each thread opens.
 * @param spawn starts a thread, where a bundler has moved its script.
 * @param onTiming called after each statement, with the time in its thread.
 * @param locate finds out what exactly to open; `request` as it is without it.
 * @throws {TypeError} for a driver that threads cannot load.
 */
export function threadFactory(
  request: OpenRequest,
  spawn: SpawnWorker | undefined,
  onTiming: OnTiming | undefined,
  locate: () => OpenRequest | Promise<OpenRequest> = () => request,
): WorkerConnectionFactory {
  const { driver } = request;
  if (!WORKER_DRIVERS.includes(driver)) {
    const known = WORKER_DRIVERS.map((name) => JSON.stringify(name)).join(", ");
    throw new TypeError(
      `driver must be one that a thread can load by its name (${known}); ` +
        `got ${describeValue(driver)}`,
    );
  }
  const crew = new ThreadCount();
  const surroundings = { spawn, crew, onTiming };
  const open = async (): Promise<DriverConnection> => {
    const { WorkerConnection } = await import("./worker_connection.ts");
    return await WorkerConnection.open(surroundings, await locate());
  };
  const factory: object = Object.defineProperties(open, {
    pipelines: { value: true },
    threads: { get: (): ThreadStats => ({ running: crew.size, abandoned: crew.left }) },
  });
  return factory as WorkerConnectionFactory;
}
