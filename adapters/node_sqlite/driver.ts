/**
 * The driver `node:sqlite`, built into Node, Deno and Bun: for `openDatabase`, and for handles
 * opened by the user.
 *
 * @example
 * ```ts
 * import { DatabaseSync } from "node:sqlite";
 * import { adaptNodeSqlite } from "@sqlitepool/pool/node-sqlite";
 *
 * const conn = adaptNodeSqlite(new DatabaseSync("app.db"), { intMode: "bigint" });
 * const { rows } = await conn.execute("SELECT ? AS answer", [42]);
 * await conn.close();
 * ```
 *
 * @module
 */

import type { Driver, DriverOpenOptions } from "../../src/driver/driver.ts";
import { builtinLibrary, builtinModule, fileStatus } from "../../src/platform/builtins.ts";
import { SQLiteError } from "../../src/sqlite/errors.ts";
import * as resultCode from "../../src/sqlite/result_codes.ts";
import { adaptNodeSqlite, type NodeSqliteHandle } from "./adapter.ts";
import { fileUri } from "../file_uri.ts";
import { openHandle } from "../open_error.ts";

export {
  adaptNodeSqlite,
  isNodeSqliteHandle,
  type NodeSqliteHandle,
  type NodeSqliteStatement,
} from "./adapter.ts";

interface NodeSqlite {
  readonly DatabaseSync: new (path: string, options: object) => NodeSqliteHandle;
}

/**
 * The driver `node:sqlite`, built into Node, Deno and Bun.
 *
 * @example
 * ```ts
 * import { openDatabase } from "@sqlitepool/pool";
 * import { nodeSqlite } from "@sqlitepool/pool/node-sqlite";
 *
 * const db = await openDatabase("app.db", { driver: nodeSqlite });
 * await db.close();
 * ```
 */
export const nodeSqlite: Driver = {
  name: "node:sqlite",
  get library() {
    return builtinLibrary("node:sqlite");
  },
  opensImmutable: true,
  hasPlainLog: true,
  open(path, { readonly, create, immutable, allowExtensions, ...options }: DriverOpenOptions) {
    // The driver would create the file.
    if (!create && path !== ":memory:" && fileStatus(path) === undefined) {
      throw new SQLiteError("unable to open database file", resultCode.CANTOPEN);
    }
    const { DatabaseSync } = builtinModule("node:sqlite") as NodeSqlite;
    const location = immutable ? fileUri(path, "immutable=1") : path;
    const open = () =>
      new DatabaseSync(location, {
        readOnly: readonly,
        timeout: 0,
        allowExtension: allowExtensions === true,
      });
    return adaptNodeSqlite(openHandle(open), options);
  },
};
