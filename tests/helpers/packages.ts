/** Drivers that are not part of a runtime: their packages, or why they cannot be loaded. */

import process from "node:process";

import type { BetterSqlite3Class } from "../../adapters/better_sqlite3/driver.ts";
import type { DbSqliteClass } from "../../adapters/db_sqlite/driver.ts";
import type { LibsqlSyncClass } from "../../adapters/libsql/driver.ts";
import type { NodeSqlite3WasmHandle } from "../../adapters/node_sqlite3_wasm/adapter.ts";
import { runtimeName } from "./runtime.ts";

/** A package's exports, or why this runtime cannot load it. */
export interface Loaded<M> {
  readonly module: M | undefined;
  readonly unavailable: string | undefined;
}

export async function load<M>(specifier: string): Promise<Loaded<M>> {
  try {
    return { module: await import(specifier) as M, unavailable: undefined };
  } catch (error) {
    const [reason] = (error as Error).message.split("\n");
    return { module: undefined, unavailable: `${specifier} cannot be loaded: ${reason}` };
  }
}

/** There it crashes the process once enough of its objects have been garbage-collected. */
export async function loadLibsql<M>(specifier: string): Promise<Loaded<M>> {
  if (runtimeName() !== "deno") return load<M>(specifier);
  const unavailable = `${specifier}: the native module of libsql crashes Deno (SIGSEGV at exit)`;
  return { module: undefined, unavailable };
}

export const betterSqlite3Module: Loaded<{ default: BetterSqlite3Class }> = await load(
  "better-sqlite3",
);

export const libsqlModule: Loaded<{ default: LibsqlSyncClass }> = await loadLibsql("libsql");

interface NodeSqlite3Wasm {
  readonly Database: new (path: string, options?: object) => NodeSqlite3WasmHandle;
}

export const nodeSqlite3WasmModule: Loaded<{ default: NodeSqlite3Wasm }> = await load(
  "node-sqlite3-wasm",
);

/** The tests must not need JSR, so the environment names the module. */
export const dbSqliteModule: Loaded<{ Database: DbSqliteClass }> =
  process.env.DB_SQLITE_MODULE === undefined
    ? { module: undefined, unavailable: "DB_SQLITE_MODULE does not name the mod.ts of @db/sqlite" }
    : await load(process.env.DB_SQLITE_MODULE);
