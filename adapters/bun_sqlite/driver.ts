/**
 * The driver `bun:sqlite`, built into Bun: for `openDatabase`, and for a handle that the user
 * opened.
 *
 * @example
 * ```ts
 * import { Database } from "bun:sqlite";
 * import { adaptBunSqlite } from "@sqlitepool/pool/bun-sqlite";
 *
 * const conn = adaptBunSqlite(new Database("app.db"), { intMode: "bigint" });
 * const { rows } = await conn.execute("SELECT ? AS answer", [42]);
 * await conn.close();
 * ```
 *
 * @module
 */

import type { Driver, DriverOpenOptions } from "../../src/driver/driver.ts";
import { builtinLibrary, builtinModule } from "../../src/platform/builtins.ts";
import { adaptBunSqlite, type BunSqliteHandle } from "./adapter.ts";
import { openHandle } from "../open_error.ts";

export {
  adaptBunSqlite,
  type BunSqliteHandle,
  type BunSqliteStatement,
  isBunSqliteHandle,
} from "./adapter.ts";

interface BunSqlite {
  readonly Database: new (path: string, options: object) => BunSqliteHandle;
}

/**
 * The driver `bun:sqlite`, Bun's own.
 *
 * @example
 * ```ts ignore
 * import { openDatabase } from "@sqlitepool/pool";
 * import { bunSqlite } from "@sqlitepool/pool/bun-sqlite";
 *
 * const db = await openDatabase("app.db", { driver: bunSqlite });
 * await db.close();
 * ```
 */
export const bunSqlite: Driver = {
  name: "bun:sqlite",
  get library() {
    return builtinLibrary("bun:sqlite");
  },
  open(path, { readonly, create, ...options }: DriverOpenOptions) {
    const { Database } = builtinModule("bun:sqlite") as BunSqlite;
    const access = readonly ? { readonly } : { readwrite: true, create };
    return adaptBunSqlite(openHandle(() => new Database(path, access)), options);
  },
};
