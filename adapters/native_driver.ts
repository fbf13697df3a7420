/**
 * The driver to use where none is named: the runtime's own.
 *
 * @module
 */

import type { Driver } from "../src/sqlite/driver.ts";
import { nativeDriverName } from "../src/sqlite/runtime.ts";
import { nodeSqlite } from "./node_sqlite_driver.ts";

/** All runtimes have node:sqlite; only Bun loads what it has of its own. */
export async function nativeDriver(): Promise<Driver> {
  if (nativeDriverName() === "node:sqlite") return nodeSqlite;
  return (await import("./bun_sqlite_driver.ts")).bunSqlite;
}
