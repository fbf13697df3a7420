/** Drivers that are no part of a runtime: what their packages give, or why they cannot be loaded. */

import process from "node:process";

import type { BetterSqlite3Class } from "../../adapters/better_sqlite3/driver.ts";
import type { DbSqliteClass } from "../../adapters/db_sqlite/driver.ts";
import type { LibsqlSyncClass } from "../../adapters/libsql/driver.ts";
import { runtimeName } from "./runtime.ts";

/** What a package gives, or why this runtime cannot load it. */
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

/** Loaded there, it ends the process once much of what it made was collected as garbage. */
export async function loadLibsql<M>(specifier: string): Promise<Loaded<M>> {
  if (runtimeName() !== "deno") return load<M>(specifier);
  const unavailable = `${specifier}: the native module of libsql crashes Deno (SIGSEGV at exit)`;
  return { module: undefined, unavailable };
}

export const betterSqlite3Module: Loaded<{ default: BetterSqlite3Class }> = await load(
  "better-sqlite3",
);

export const libsqlModule: Loaded<{ default: LibsqlSyncClass }> = await loadLibsql("libsql");

/** JSR is out of reach where these tests run: the module comes from the environment. */
export const dbSqliteModule: Loaded<{ Database: DbSqliteClass }> =
  process.env.DB_SQLITE_MODULE === undefined
    ? { module: undefined, unavailable: "DB_SQLITE_MODULE does not name the mod.ts of @db/sqlite" }
    : await load(process.env.DB_SQLITE_MODULE);
