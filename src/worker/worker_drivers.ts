/**
 * Opening a database in a thread, where a driver can only be told by its name.
 *
 * @module
 */

import { adaptBetterSqlite3, type BetterSqlite3Handle } from "../../adapters/better_sqlite3.ts";
import { bunSqlite } from "../../adapters/bun_sqlite_driver.ts";
import { adaptLibsqlSync, type LibsqlSyncHandle } from "../../adapters/libsql_sync.ts";
import { nodeSqlite } from "../../adapters/node_sqlite_driver.ts";
import { openHandle } from "../../adapters/open_error.ts";
import type { Driver, DriverOpenOptions } from "../sqlite/driver.ts";
import type { SyncConnection } from "../sqlite/sync_connection.ts";
import type { OpenRequest, WorkerDriverName } from "./wire.ts";

type HandleClass<H> = new (path: string, options: object) => H;

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
    const Database = await load<HandleClass<BetterSqlite3Handle>>("better-sqlite3");
    const access = { readonly: options.readonly, fileMustExist: !options.create, timeout: 0 };
    return adaptBetterSqlite3(openHandle(() => new Database(path, access)), options);
  },
  async libsql(path, options) {
    const Database = await load<HandleClass<LibsqlSyncHandle>>("libsql");
    return adaptLibsqlSync(openHandle(() => new Database(path, { timeout: 0 })), options);
  },
};

/** By a variable, so that no builder takes the package for one that has to be there. */
async function load<M>(name: string): Promise<M> {
  const module: { readonly default: M } = await import(name);
  return module.default;
}
