/**
 * Connections in processes, for a pool of your own.
 *
 * @module
 */

import { requestFor, type WorkerOptions } from "../worker/worker_factory.ts";
import {
  limitsOf,
  type ProcessConnectionFactory,
  processFactory,
  type ProcessStart,
} from "./process_factory.ts";

/** Options of connections in processes. */
export interface ProcessOptions extends Omit<WorkerOptions, "worker">, ProcessStart {}

/**
 * Creates a connection factory for a pool. Each connection runs in its own process: statements do
 * not block the event loop, one that takes too long is stopped with its process, and a crash of
 * SQLite is an error.
 *
 * @param path a path, a `file:` URL, or ":memory:". A relative one is resolved in this call.
 * @param options the driver, and how it opens the file.
 * @throws {TypeError} for a driver that processes cannot load, or another invalid option.
 *
 * @example
 * ```ts
 * import { processConnection, SQLiteConnectionPool } from "@sqlitepool/pool";
 *
 * const pool = new SQLiteConnectionPool(processConnection("app.db"), { poolSize: 2 });
 * console.log(await pool.values("SELECT 1 + 1")); // [[2]]
 * await pool.close();
 * ```
 */
export function processConnection(
  path: string,
  options: ProcessOptions = {},
): ProcessConnectionFactory {
  const [request, locate] = requestFor("processConnection", path, options);
  return processFactory(request, limitsOf(options), options.onTiming, locate);
}
