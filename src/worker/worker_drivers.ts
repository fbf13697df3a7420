/**
 * Opening a database in a thread, where a driver can only be told by its name.
 *
 * @module
 */

import { betterSqlite3, type BetterSqlite3Class } from "../../adapters/better_sqlite3/driver.ts";
import { bunSqlite } from "../../adapters/bun_sqlite/driver.ts";
import { libsqlSync, type LibsqlSyncClass } from "../../adapters/libsql/driver.ts";
import { nodeSqlite } from "../../adapters/node_sqlite/driver.ts";
import type { Driver, DriverOpenOptions } from "../driver/driver.ts";
import type { SyncConnection } from "../driver/sync_connection.ts";
import type { OpenRequest, WorkerDriverName } from "./wire.ts";

/** Opens what the host asks for. */
export async function openConnection({ driver, path, ...options }: OpenRequest): Promise<
  SyncConnection
> {
  // The adapters of synchronous drivers make no other connections.
  return await openers[driver](path, options) as SyncConnection;
}

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

/** By a variable, so that no builder takes the package for one that has to be there. */
async function load<M>(name: string): Promise<M> {
  const module: { readonly default: M } = await import(name);
  return module.default;
}
