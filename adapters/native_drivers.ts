/**
 * The drivers that runtimes bring along, opened by location.
 *
 * @module
 */

import type { Driver, DriverOpenOptions } from "../src/sqlite/driver.ts";
import { detectRuntime } from "../src/sqlite/runtime.ts";
import { adaptBunSqlite, type BunSqliteHandle } from "./bun_sqlite.ts";
import { adaptNodeSqlite, type NodeSqliteHandle } from "./node_sqlite.ts";
import { openHandle } from "./opening.ts";

type HandleClass<H> = new (path: string, options: object) => H;

interface Builtins {
  "node:sqlite": { readonly DatabaseSync: HandleClass<NodeSqliteHandle> };
  "bun:sqlite": { readonly Database: HandleClass<BunSqliteHandle> };
}

function load<N extends keyof Builtins>(name: N): Builtins[N] {
  const { process } = globalThis as {
    process?: { getBuiltinModule?(name: string): unknown };
  };
  const module = process?.getBuiltinModule?.(name);
  if (module !== undefined) return module as Builtins[N];
  throw new TypeError(
    `This runtime (${detectRuntime()}) has no ${name}. Pass another driver to openDatabase.`,
  );
}

/** Bun has one SQLite library behind both of its modules. */
const library = (name: string): string => detectRuntime() === "bun" ? "Bun's SQLite" : name;

/**
 * The driver `node:sqlite`, which Node, Deno and Bun have.
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
    return library("node:sqlite");
  },
  open(path, { readonly, ...options }: DriverOpenOptions) {
    const { DatabaseSync } = load("node:sqlite");
    const open = () => new DatabaseSync(path, { readOnly: readonly, timeout: 0 });
    return adaptNodeSqlite(openHandle(open), options);
  },
};

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
    return library("bun:sqlite");
  },
  open(path, { readonly, create, ...options }: DriverOpenOptions) {
    const { Database } = load("bun:sqlite");
    const access = readonly ? { readonly } : { readwrite: true, create };
    return adaptBunSqlite(openHandle(() => new Database(path, access)), options);
  },
};

/**
 * The driver to use where none is named: the runtime's own.
 *
 * @throws {TypeError} The runtime has none.
 */
export function nativeDriver(): Driver {
  const runtime = detectRuntime();
  // workerd has a module node:sqlite, but nothing can be opened with it.
  if (runtime === "workerd" || runtime === "other") {
    throw new TypeError(
      `This runtime (${runtime}) has no SQLite of its own. Pass another driver to openDatabase, or ` +
        "pool connections of your own with SQLiteConnectionPool.",
    );
  }
  return runtime === "bun" ? bunSqlite : nodeSqlite;
}
