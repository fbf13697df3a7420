/**
 * The script of a thread that runs statements for a pool. Do not import it: its URL is passed to
 * `new Worker(...)`, which the package does itself unless a bundler has moved the files.
 *
 * @example
 * ```ts ignore
 * import { Worker } from "node:worker_threads";
 * import { openDatabase } from "@sqlitepool/pool";
 *
 * // In a bundle, where this file is a chunk of its own:
 * const db = await openDatabase("app.db", {
 *   execution: "worker",
 *   worker: () => new Worker(new URL("./worker.js", import.meta.url), { execArgv: [] }),
 * });
 * ```
 *
 * @module
 */

// No top-level await: Node can end the whole process if a thread is terminated while a module
// awaits.

import { betterSqlite3, type BetterSqlite3Class } from "../../adapters/better_sqlite3/driver.ts";
import { bunSqlite } from "../../adapters/bun_sqlite/driver.ts";
import { libsqlSync, type LibsqlSyncClass } from "../../adapters/libsql/driver.ts";
import { nodeSqlite } from "../../adapters/node_sqlite/driver.ts";
import type { Driver, DriverOpenOptions } from "../driver/driver.ts";
import { setUpConnection } from "../driver/set_up/run.ts";
import type { SyncConnection } from "../driver/sync_connection.ts";
import { systemEnvironment } from "../platform/clock.ts";
import { Server } from "./server.ts";
import type { OpenReply, OpenRequest, WirePart, WorkerDriverName } from "./wire.ts";
import { encodeError } from "./wire_errors.ts";

type Open = (path: string, options: DriverOpenOptions) => ReturnType<Driver["open"]>;

const openers: Readonly<Record<WorkerDriverName, Open>> = {
  "node:sqlite": nodeSqlite.open,
  "bun:sqlite": bunSqlite.open,
  async "better-sqlite3"(path, options) {
    return betterSqlite3(await load<BetterSqlite3Class>("better-sqlite3")).open(path, options);
  },
  async libsql(path, options) {
    return libsqlSync(await load<LibsqlSyncClass>("libsql")).open(path, options);
  },
};

/** In a variable, so that no bundler treats the package as required. */
async function load<M>(name: string): Promise<M> {
  const module: { readonly default: M } = await import(name);
  return module.default;
}

interface Port {
  postMessage(message: OpenReply | WirePart[], transfer?: readonly ArrayBuffer[]): void;
  on(event: "message", listener: (message: unknown) => void): void;
  once(event: "message", listener: (message: unknown) => void): void;
  close?(): void;
}

interface Globals {
  readonly process: { getBuiltinModule(name: string): { readonly parentPort: Port | null } };
  close(): void;
}

const { process, close } = globalThis as unknown as Globals;
const port = process.getBuiltinModule("node:worker_threads").parentPort;
port?.once("message", (message) => void serve(port, message as OpenRequest));

async function serve(
  port: Port,
  { driver, path, extensions = [], setUp, ...options }: OpenRequest,
): Promise<void> {
  try {
    // The adapters of synchronous drivers create no other connections.
    const connection = await openers[driver](path, {
      ...options,
      allowExtensions: extensions.length > 0,
    }) as SyncConnection;
    if (extensions.length > 0 || setUp !== undefined) {
      const role = options.readonly ? "reader" : "writer";
      await setUpConnection(connection, { extensions, setUp }, { role, driver });
    }
    connection.executeSync("PRAGMA busy_timeout = 0");
    const server = new Server(
      connection,
      ({ parts, transfer }) => port.postMessage(parts, transfer),
      systemEnvironment.clock.now,
    );
    port.on("message", (requests) => {
      if (server.receive(requests as WirePart[])) end(port);
    });
    port.postMessage({ error: undefined });
  } catch (error) {
    port.postMessage({ error: encodeError(error) });
    end(port);
  }
}

/** The thread exits once its port is closed. */
function end(port: Port): void {
  if (port.close === undefined) close();
  else port.close();
}
