/**
 * The default driver: the runtime's own.
 *
 * @module
 */

import type { Driver } from "../src/driver/driver.ts";
import { detectRuntime } from "../src/platform/runtime.ts";
import { nativeDriverName } from "../src/platform/surroundings.ts";
import { nodeSqlite } from "./node_sqlite/driver.ts";

/**
 * All runtimes with SQLite have node:sqlite; only Bun loads its own driver instead.
 *
 * @throws {TypeError} if the runtime has none.
 */
export async function nativeDriver(): Promise<Driver> {
  expectSqlite();
  if (nativeDriverName() === "node:sqlite") return nodeSqlite;
  return (await import("./bun_sqlite/driver.ts")).bunSqlite;
}

/** @throws {TypeError} if the runtime has no SQLite. The message says what to use instead. */
export function expectSqlite(): void {
  const runtime = detectRuntime();
  if (runtime === "workerd") {
    throw new TypeError(
      "This runtime (workerd) has no SQLite for files or memory. Use openD1(env.DB) of " +
        "@sqlitepool/pool/d1, openDurableObject(ctx.storage) of @sqlitepool/pool/durable-object, " +
        "or the URL of a libSQL server.",
    );
  }
  if (runtime === "other") {
    throw new TypeError(
      "This runtime has no SQLite of its own. Use the URL of a libSQL server, pass another driver " +
        "to openDatabase, or pool connections of your own with SQLiteConnectionPool.",
    );
  }
}
