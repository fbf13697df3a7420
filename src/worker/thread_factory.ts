/**
 * Opens connections, each in its own thread. The code that runs them is loaded with the first one.
 *
 * @module
 */

import { describeValue } from "../platform/describe.ts";
import type { DriverConnection } from "../driver/connection.ts";
import type { OnTiming } from "../driver/timing.ts";
import { ThreadCount } from "./thread_count.ts";
import type { SpawnWorker } from "./transport.ts";
import type { OpenRequest, WorkerDriverName } from "./wire/wire.ts";

/** Thread counts. */
export interface ThreadStats {
  /** Running threads. */
  readonly running: number;
  /** Running threads whose callers have given up; they end by themselves. */
  readonly abandoned: number;
}

/** Opens a connection in a new thread on each call. */
export interface WorkerConnectionFactory {
  /** Starts a thread and opens the database in it. */
  (): Promise<DriverConnection>;
  /** Its connections take many calls at once. */
  readonly pipelines: true;
  /** The current threads of this factory. */
  readonly threads: ThreadStats;
}

/** A table, so that the compiler reports missing drivers. */
const isWorkerDriver: Readonly<Record<WorkerDriverName, true>> = {
  "node:sqlite": true,
  "bun:sqlite": true,
  "better-sqlite3": true,
  "better-sqlite3-multiple-ciphers": true,
  libsql: true,
};

/** The drivers that threads can load by name. */
export const WORKER_DRIVERS: readonly string[] = Object.keys(isWorkerDriver);

/**
 * Checks the name of a driver.
 *
 * @throws {TypeError} if threads and processes cannot load it.
 */
export function expectDriver(driver: string, noun: string): void {
  if (WORKER_DRIVERS.includes(driver)) return;
  const known = WORKER_DRIVERS.map((name) => JSON.stringify(name)).join(", ");
  throw new TypeError(
    `driver must be one that a ${noun} can load by its name (${known}); ` +
      `got ${describeValue(driver)}`,
  );
}

/**
 * Creates a factory for a pool.
 *
 * @param request what each thread opens.
 * @param spawn starts a thread, if a bundler has moved its script.
 * @param onTiming called after each statement with its execution time in the thread.
 * @param locate returns what exactly to open. Default: `request` unchanged.
 * @throws {TypeError} for a driver that threads cannot load.
 */
export function threadFactory(
  request: OpenRequest,
  spawn: SpawnWorker | undefined,
  onTiming: OnTiming | undefined,
  locate: () => OpenRequest | Promise<OpenRequest> = () => request,
): WorkerConnectionFactory {
  expectDriver(request.driver, "thread");
  const crew = new ThreadCount();
  const open = async (): Promise<DriverConnection> => {
    const [{ WorkerConnection }, { threads }] = await Promise.all([
      import("./worker_connection.ts"),
      import("./thread.ts"),
    ]);
    const surroundings = { transport: threads(spawn), crew, onTiming };
    return await WorkerConnection.open(surroundings, await locate());
  };
  const factory: object = Object.defineProperties(open, {
    pipelines: { value: true },
    threads: { get: (): ThreadStats => ({ running: crew.size, abandoned: crew.left }) },
  });
  return factory as WorkerConnectionFactory;
}

/** Returns the threads of several factories together. */
export function totalOf(factories: Iterable<WorkerConnectionFactory>): ThreadStats {
  const all = [...factories].map(({ threads }) => threads);
  return {
    running: all.reduce((sum, { running }) => sum + running, 0),
    abandoned: all.reduce((sum, { abandoned }) => sum + abandoned, 0),
  };
}
