/**
 * The driver `bun:sqlite`, built into Bun: for `openDatabase`, and for handles opened by the user.
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
import { accessMode, fileUri } from "../file_uri.ts";
import { openHandle } from "../open_error.ts";

export {
  adaptBunSqlite,
  type BunSqliteHandle,
  type BunSqliteStatement,
  isBunSqliteHandle,
} from "./adapter.ts";

interface BunSqlite {
  readonly Database: new (path: string, options: object | number) => BunSqliteHandle;
  readonly constants: {
    readonly SQLITE_OPEN_READWRITE: number;
    readonly SQLITE_OPEN_CREATE: number;
    readonly SQLITE_OPEN_URI: number;
  };
}

/**
 * The driver `bun:sqlite`, built into Bun.
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
  opensImmutable: true,
  hasPlainLog: true,
  open(path, { readonly, create, immutable, ...options }: DriverOpenOptions) {
    const { Database, constants } = builtinModule("bun:sqlite") as BunSqlite;
    // The driver trims whitespace from a plain path and would open a different file.
    const parameters = immutable
      ? "mode=ro&immutable=1"
      : path === path.trim()
      ? undefined
      : `mode=${accessMode(readonly, create)}`;
    if (parameters === undefined) {
      const access = readonly ? { readonly } : { readwrite: true, create };
      return adaptBunSqlite(openHandle(() => new Database(path, access)), options);
    }
    const { SQLITE_OPEN_READWRITE, SQLITE_OPEN_CREATE, SQLITE_OPEN_URI } = constants;
    const flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI;
    const open = () => new Database(fileUri(path, parameters), flags);
    return adaptBunSqlite(openHandle(open), options);
  },
};
