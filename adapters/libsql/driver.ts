/**
 * The driver `libsql`, which has the methods of better-sqlite3: for `openDatabase`, and for handles
 * opened by the user.
 *
 * @example
 * ```ts
 * import Database from "libsql";
 * import { adaptLibsqlSync } from "@sqlitepool/pool/libsql-sync";
 *
 * const conn = adaptLibsqlSync(new Database("app.db"), { intMode: "bigint" });
 * const { rows } = await conn.execute("SELECT ? AS answer", [42]);
 * await conn.close();
 * ```
 *
 * @module
 */

import type { Driver, DriverOpenOptions } from "../../src/driver/driver.ts";
import { checkDriverClass, type DriverClass } from "../driver_class.ts";
import { adaptLibsqlSync, type LibsqlSyncHandle } from "./adapter.ts";
import { accessMode, fileUri } from "../file_uri.ts";
import { openHandle } from "../open_error.ts";
import { hasMethods } from "../shape.ts";

export {
  adaptLibsqlSync,
  isLibsqlSyncHandle,
  type LibsqlStatement,
  type LibsqlSyncHandle,
  libsqlSyncLimits,
} from "./adapter.ts";

/** What is used of the class `Database` of libsql. */
export interface LibsqlSyncClass {
  /** Opens a database. */
  new (path: string, options: { readonly timeout: number }): LibsqlSyncHandle;
}

const driverClass: DriverClass = {
  taker: "libsqlSync",
  module: "libsql",
  example: 'import Database from "libsql"; libsqlSync(Database)',
  matches: (value) => hasMethods(value, ["prepare", "exec", "close", "sync", "authorizer"]),
};

/**
 * Creates a driver for `openDatabase` from libsql. Threads load the package by name, whichever
 * class is passed.
 *
 * @param Database The class that the package exports.
 * @returns The driver.
 * @throws {TypeError} for anything but that class.
 *
 * @example
 * ```ts
 * import Database from "libsql";
 * import { openDatabase } from "@sqlitepool/pool";
 * import { libsqlSync } from "@sqlitepool/pool/libsql-sync";
 *
 * const db = await openDatabase("app.db", { driver: libsqlSync(Database), onWarning: () => {} });
 * console.log(await db.values("SELECT sqlite_version()"));
 * await db.close();
 * ```
 */
export function libsqlSync(Database: LibsqlSyncClass): Driver {
  checkDriverClass(Database, driverClass);
  return {
    name: "libsql",
    library: "libsql",
    // Statements keep the file open until they are garbage-collected.
    closesLate: true,
    opensImmutable: true,
    // The driver has no access options.
    open(path, { readonly, create, immutable, ...options }: DriverOpenOptions) {
      const access = `mode=${accessMode(readonly, create)}${immutable ? "&immutable=1" : ""}`;
      const name = path === ":memory:" ? path : fileUri(path, access);
      return adaptLibsqlSync(openHandle(() => new Database(name, { timeout: 0 })), options);
    },
  };
}
