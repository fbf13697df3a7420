/**
 * Connections in threads, for a pool of your own.
 *
 * @module
 */

import { describeValue } from "../platform/describe.ts";
import { nativeDriverName, workingDirectory } from "../platform/surroundings.ts";
import type { OnTiming } from "../driver/timing.ts";
import type { SetUpOptions } from "../driver/set_up/options.ts";
import { threadFactory, type WorkerConnectionFactory } from "./thread_factory.ts";
import type { SpawnWorker } from "./transport.ts";
import type { OpenRequest, WorkerDriverName } from "./wire/wire.ts";

/** Options of connections in threads. */
export interface WorkerOptions extends SetUpOptions {
  /** The driver, which each thread loads. Default: the runtime's own. */
  driver?: WorkerDriverName;
  /** Whether to open an existing file read-only. Default: false. */
  readonly?: boolean;
  /** Whether to create a missing file. Default: true. */
  create?: boolean;
  /**
   * How integers are returned; "number" fails for integers it cannot represent. Default: "number".
   */
  intMode?: "number" | "bigint";
  /** How many prepared statements to cache per connection; 0 disables the cache. Default: 128. */
  statementCacheSize?: number;
  /** Starts a thread with the script `@sqlitepool/pool/worker`, if a bundler has moved it. */
  worker?: SpawnWorker;
  /**
   * Called after each statement with its text and its execution time in the thread, in
   * milliseconds.
   */
  onTiming?: OnTiming;
}

/**
 * Creates a connection factory for a pool. Each connection runs in its own thread, so that no
 * statement blocks the event loop.
 *
 * @param path a path, a `file:` URL, or ":memory:". A relative one is resolved in this call.
 * @param options the driver and how it opens the file.
 * @throws {TypeError} for a driver that threads cannot load, or another invalid option.
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
  const { worker, onTiming } = options;
  const [request, locate] = requestFor("workerConnection", path, options);
  if (worker !== undefined && typeof worker !== "function") {
    throw new TypeError(
      `worker must be a function that starts a thread; got ${describeValue(worker)}`,
    );
  }
  return threadFactory(request, worker, onTiming, locate);
}

/** Returns what a connection opens, as far as it is known, and what finds out the rest. */
export function requestFor(
  caller: string,
  path: string,
  options: Omit<WorkerOptions, "worker">,
): [request: OpenRequest, locate: () => Promise<OpenRequest>] {
  const { intMode = "number", statementCacheSize } = options;
  const { readonly = false, create = true, driver = nativeDriverName() } = options;
  if (typeof path !== "string" || path === "") {
    throw new TypeError(`path must be the path of a database; got ${describeValue(path)}`);
  }
  const request = { driver, path, readonly, create, intMode, statementCacheSize };
  const folder = workingDirectory();
  return [request, () => locate(caller, request, options, folder)];
}

/** Loaded with the first connection, since many programs need neither. */
async function locate(
  caller: string,
  plain: OpenRequest,
  options: SetUpOptions,
  folder: string | undefined,
): Promise<OpenRequest> {
  const request = { ...plain, ...await setUpIn(caller, options, folder) };
  const { parseLocalLocation } = await import("../sqlite/location.ts");
  const location = parseLocalLocation(request.path, folder, caller);
  if (location.kind === "memory") return { ...request, path: ":memory:" };
  const { path, mode } = location;
  return {
    ...request,
    path,
    readonly: request.readonly || mode === "ro",
    create: request.create && mode === "rwc",
  };
}

async function setUpIn(
  caller: string,
  { extensions, setUp }: SetUpOptions,
  folder: string | undefined,
): Promise<Pick<OpenRequest, "extensions" | "setUp">> {
  if (extensions === undefined && setUp === undefined) return {};
  const { moduleOnly, resolveSetUp } = await import("../driver/set_up/options.ts");
  return moduleOnly(resolveSetUp({ extensions, setUp }, folder), caller);
}
