/**
 * The driver to use where none is named: the runtime's own.
 *
 * @module
 */

import type { Driver } from "../src/driver/driver.ts";
import { detectRuntime } from "../src/platform/runtime.ts";
import { nativeDriverName } from "../src/platform/surroundings.ts";
import { nodeSqlite } from "./node_sqlite/driver.ts";

/**
 * All runtimes with SQLite have node:sqlite; only Bun loads what it has of its own.
 *
 * @throws {TypeError} The runtime has none.
 */
export async function nativeDriver(): Promise<Driver> {
  const runtime = detectRuntime();
  // workerd has a module node:sqlite, but nothing can be opened with it.
  if (runtime === "workerd" || runtime === "other") {
    throw new TypeError(
      `This runtime (${runtime}) has no SQLite of its own. Pass another driver to openDatabase, ` +
        "or pool connections of your own with SQLiteConnectionPool.",
    );
  }
  if (nativeDriverName() === "node:sqlite") return nodeSqlite;
  return (await import("./bun_sqlite/driver.ts")).bunSqlite;
}
