/**
 * Opens the database of a thread or process and the server that runs its statements.
 *
 * @module
 */

import { betterSqlite3, type BetterSqlite3Class } from "../../../adapters/better_sqlite3/driver.ts";
import { bunSqlite } from "../../../adapters/bun_sqlite/driver.ts";
import { libsqlSync, type LibsqlSyncClass } from "../../../adapters/libsql/driver.ts";
import { nodeSqlite } from "../../../adapters/node_sqlite/driver.ts";
import type { Driver, DriverOpenOptions } from "../../driver/driver.ts";
import { setUpConnection } from "../../driver/set_up/run.ts";
import type { SyncConnection } from "../../driver/sync_connection.ts";
import { systemEnvironment } from "../../platform/clock.ts";
import type { MessageWriter, OpenRequest, WorkerDriverName } from "../wire/wire.ts";
import { cannotLimit, limitHeap, limitMemory } from "./memory_limit.ts";
import { Server, type ServerMode } from "./server.ts";

type Open = (path: string, options: DriverOpenOptions) => ReturnType<Driver["open"]>;

const openers: Readonly<Record<WorkerDriverName, Open>> = {
  "node:sqlite": nodeSqlite.open,
  "bun:sqlite": bunSqlite.open,
  "better-sqlite3": openBetterSqlite3("better-sqlite3"),
  "better-sqlite3-multiple-ciphers": openBetterSqlite3("better-sqlite3-multiple-ciphers"),
  async libsql(path, options) {
    return libsqlSync(await load<LibsqlSyncClass>("libsql")).open(path, options);
  },
};

function openBetterSqlite3(name: string): Open {
  return async (path, options) =>
    betterSqlite3(await load<BetterSqlite3Class>(name)).open(path, options);
}

/** In a variable, so that no bundler treats the package as required. */
async function load<M>(name: string): Promise<M> {
  const module: { readonly default: M } = await import(name);
  return module.default;
}

/**
 * Opens a database.
 *
 * @param request What to open, and how.
 * @param post Sends a message to the host.
 * @param mode "announces" if the host must know when a commit begins, because it may kill this.
 */
export async function openServer(
  { driver, path, extensions = [], setUp, memory, ...options }: OpenRequest,
  post: (message: MessageWriter) => void,
  mode: ServerMode = "silent",
): Promise<Server> {
  const isLimited = memory !== undefined && limitMemory(memory.limit);
  // The adapters of synchronous drivers create no other connections.
  const connection = await openers[driver](path, {
    ...options,
    allowExtensions: extensions.length > 0,
  }) as SyncConnection;
  if (memory !== undefined) {
    const isHeapLimited = limitHeap(connection, memory.limit);
    if (memory.isRequired && !isLimited && !isHeapLimited) throw cannotLimit(memory.limit);
  }
  if (extensions.length > 0 || setUp !== undefined) {
    const role = options.readonly ? "reader" : "writer";
    await setUpConnection(connection, { extensions, setUp }, { role, driver });
  }
  connection.executeSync("PRAGMA busy_timeout = 0");
  return new Server(connection, post, systemEnvironment.clock.now, mode);
}
