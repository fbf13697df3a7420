/**
 * Opening a database in a thread, where a driver can only be told by its name.
 *
 * @module
 */

import { adaptBetterSqlite3, type BetterSqlite3Handle } from "../../adapters/better_sqlite3.ts";
import { adaptLibsqlSync, type LibsqlSyncHandle } from "../../adapters/libsql_sync.ts";
import { bunSqlite, nodeSqlite, openError } from "../../adapters/native_drivers.ts";
import type { SyncConnection } from "../sqlite/sync_connection.ts";
import type { OpenRequest } from "./wire.ts";

type HandleClass<H> = new (path: string, options: object) => H;

/** Opens what the host asks for. */
export async function openConnection({ driver, path, ...options }: OpenRequest): Promise<
  SyncConnection
> {
  switch (driver) {
    case "node:sqlite":
      return nodeSqlite.open(path, options) as SyncConnection;
    case "bun:sqlite":
      return bunSqlite.open(path, options) as SyncConnection;
    case "better-sqlite3": {
      const Database = await load<HandleClass<BetterSqlite3Handle>>(driver);
      const access = { readonly: options.readonly, fileMustExist: !options.create, timeout: 0 };
      return adaptBetterSqlite3(attempt(() => new Database(path, access)), options);
    }
    case "libsql": {
      const Database = await load<HandleClass<LibsqlSyncHandle>>(driver);
      return adaptLibsqlSync(attempt(() => new Database(path, { timeout: 0 })), options);
    }
  }
}

/** By a variable, so that no builder takes the package for one that has to be there. */
async function load<M>(name: string): Promise<M> {
  const module: { readonly default: M } = await import(name);
  return module.default;
}

function attempt<H>(open: () => H): H {
  try {
    return open();
  } catch (error) {
    throw openError(error);
  }
}
