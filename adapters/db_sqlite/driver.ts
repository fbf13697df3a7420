/**
 * The driver `jsr:@db/sqlite` of Deno: for `openDatabase`, and for handles opened by the user.
 * Experimental.
 *
 * @example
 * ```ts ignore
 * import { Database } from "jsr:@db/sqlite";
 * import { adaptDbSqlite } from "@sqlitepool/pool/db-sqlite";
 *
 * const conn = adaptDbSqlite(new Database("app.db"));
 * const { rows } = await conn.execute("SELECT ? AS answer", [42]);
 * await conn.close();
 * ```
 *
 * @module
 */

import type { Driver, DriverOpenOptions } from "../../src/driver/driver.ts";
import { adaptDbSqlite, checkIntMode, type DbSqliteHandle } from "./adapter.ts";
import { checkDriverClass, type DriverClass } from "../driver_class.ts";
import { openHandle } from "../open_error.ts";
import { hasMethods } from "../shape.ts";

export {
  adaptDbSqlite,
  type DbSqliteHandle,
  dbSqliteLimits,
  type DbSqliteStatement,
  isDbSqliteHandle,
} from "./adapter.ts";

/** What is used of the class `Database` of @db/sqlite. */
export interface DbSqliteClass {
  /** Opens a database. */
  new (
    path: string,
    options: { readonly readonly: boolean; readonly create: boolean },
  ): DbSqliteHandle;
}

const driverClass: DriverClass = {
  taker: "dbSqlite",
  module: "jsr:@db/sqlite",
  example: 'import { Database } from "jsr:@db/sqlite"; dbSqlite(Database)',
  matches: (value) => hasMethods(value, ["prepare", "exec", "openBlob", "transaction", "close"]),
};

/**
 * Creates a driver for `openDatabase` from @db/sqlite. It runs inline only, because threads cannot
 * load the class.
 *
 * @param Database The class that the module exports.
 * @returns The driver. It does not support `intMode: "bigint"`.
 * @throws {TypeError} for anything but that class.
 *
 * @example
 * ```ts ignore
 * import { Database } from "jsr:@db/sqlite";
 * import { openDatabase } from "@sqlitepool/pool";
 * import { dbSqlite } from "@sqlitepool/pool/db-sqlite";
 *
 * const db = await openDatabase("app.db", { driver: dbSqlite(Database) });
 * console.log(await db.values("SELECT sqlite_version()"));
 * await db.close();
 * ```
 */
export function dbSqlite(Database: DbSqliteClass): Driver {
  checkDriverClass(Database, driverClass);
  return {
    name: "@db/sqlite",
    library: "@db/sqlite",
    open(path, { readonly, create, ...options }: DriverOpenOptions) {
      checkIntMode(options.intMode);
      return adaptDbSqlite(openHandle(() => new Database(path, { readonly, create })), options);
    },
  };
}
