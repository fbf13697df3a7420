/**
 * The driver `bun:sqlite`, opened by location.
 *
 * @module
 */

import type { Driver, DriverOpenOptions } from "../src/sqlite/driver.ts";
import { builtinLibrary, builtinModule } from "./builtin_modules.ts";
import { adaptBunSqlite, type BunSqliteHandle } from "./bun_sqlite.ts";
import { openHandle } from "./open_error.ts";

interface BunSqlite {
  readonly Database: new (path: string, options: object) => BunSqliteHandle;
}

/** bun:sqlite, Bun's own. */
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
