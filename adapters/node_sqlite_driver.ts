/**
 * The driver `node:sqlite`, opened by location: Node, Deno and Bun have it.
 *
 * @module
 */

import type { Driver, DriverOpenOptions } from "../src/sqlite/driver.ts";
import { builtinLibrary, builtinModule } from "./builtin_modules.ts";
import { adaptNodeSqlite, type NodeSqliteHandle } from "./node_sqlite.ts";
import { openHandle } from "./open_error.ts";

interface NodeSqlite {
  readonly DatabaseSync: new (path: string, options: object) => NodeSqliteHandle;
}

/** node:sqlite. */
export const nodeSqlite: Driver = {
  name: "node:sqlite",
  get library() {
    return builtinLibrary("node:sqlite");
  },
  open(path, { readonly, ...options }: DriverOpenOptions) {
    const { DatabaseSync } = builtinModule("node:sqlite") as NodeSqlite;
    const open = () => new DatabaseSync(path, { readOnly: readonly, timeout: 0 });
    return adaptNodeSqlite(openHandle(open), options);
  },
};
