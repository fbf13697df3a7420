/**
 * The driver to use where none is named: the runtime's own.
 *
 * @module
 */

import type { Driver } from "../src/sqlite/driver.ts";
import { detectRuntime } from "../src/sqlite/runtime.ts";

/** The name of the runtime's own driver. */
export function nativeDriverName(): "node:sqlite" | "bun:sqlite" {
  return detectRuntime() === "bun" ? "bun:sqlite" : "node:sqlite";
}

/** Loads the runtime's own driver, and no other. */
export async function nativeDriver(): Promise<Driver> {
  if (nativeDriverName() === "bun:sqlite") {
    return (await import("./bun_sqlite_driver.ts")).bunSqlite;
  }
  return (await import("./node_sqlite_driver.ts")).nodeSqlite;
}
