/** The real classes of the drivers are what the adapters say they take. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { test } from "node:test";

import type { D1Database, DurableObjectStorage as ObjectStorage } from "@cloudflare/workers-types";
import type { Client as LibsqlClient } from "@libsql/client";
import type { Database as Turso } from "@tursodatabase/database";
import type BetterSqlite3Module from "better-sqlite3";
import type { Database as BetterSqlite3 } from "better-sqlite3";
import type LibsqlSync from "libsql";
import type { Database as NodeSqlite3Wasm } from "node-sqlite3-wasm";
import type { Database as Sqlite3 } from "sqlite3";

import {
  adaptBetterSqlite3,
  type BetterSqlite3Class,
} from "../../adapters/better_sqlite3/driver.ts";
import { adaptDbSqlite, type DbSqliteClass } from "../../adapters/db_sqlite/driver.ts";
import { adaptLibsql } from "../../adapters/libsql_client/adapter.ts";
import { adaptLibsqlSync, type LibsqlSyncClass } from "../../adapters/libsql/driver.ts";
import { adaptNodeSqlite } from "../../adapters/node_sqlite/adapter.ts";
import { adaptNodeSqlite3Wasm } from "../../adapters/node_sqlite3_wasm/adapter.ts";
import { adaptSqlite3 } from "../../adapters/sqlite3/adapter.ts";
import { adaptTurso } from "../../adapters/turso/adapter.ts";
import type { DriverConnection } from "../../src/driver/connection.ts";
import { openD1 } from "../../src/edge/d1.ts";
import { openDurableObject } from "../../src/edge/durable_object.ts";
import type { Database } from "../../mod.ts";
import { repositoryRoot, temporaryDirectory } from "../helpers/runtime.ts";

type Adapts<Handle> = (handle: Handle) => DriverConnection;

// Checked by the compiler: nobody calls them.
export const adaptsDatabaseSync: Adapts<DatabaseSync> = (handle) => adaptNodeSqlite(handle);
export const adaptsBetter: Adapts<BetterSqlite3> = (handle) => adaptBetterSqlite3(handle);
export const adaptsLibsql: Adapts<LibsqlClient> = (client) => adaptLibsql(client);
export const adaptsLibsqlSync: Adapts<LibsqlSync.Database> = (handle) => adaptLibsqlSync(handle);
export const adaptsNodeSqlite3Wasm: Adapts<NodeSqlite3Wasm> = (handle) =>
  adaptNodeSqlite3Wasm(handle);
export const adaptsSqlite3: Adapts<Sqlite3> = (handle) => adaptSqlite3(handle);
export const adaptsTurso: Adapts<Turso> = (handle) => adaptTurso(handle);

export const opensBinding = (binding: D1Database): Database => openD1(binding);
export const opensStorage = (storage: ObjectStorage): Database => openDurableObject(storage);
export const takesBetter = (Database: typeof BetterSqlite3Module): BetterSqlite3Class => Database;
export const takesLibsql = (Database: typeof LibsqlSync): LibsqlSyncClass => Database;

/** How @db/sqlite, which cannot be had here, declares what is used of it. */
declare class DbSqliteDatabase {
  constructor(path: string | URL, options?: { readonly?: boolean; create?: boolean });
  get open(): boolean;
  get inTransaction(): boolean;
  prepare(sql: string): {
    values<T extends unknown[] = unknown[]>(...args: DbSqliteParameters): T[];
    run(...args: DbSqliteParameters): number;
    columnNames(): string[];
    finalize(): void;
  };
  close(): void;
}
type DbSqliteValue = number | string | null | boolean | Date | bigint | Uint8Array;
type DbSqliteParameters = DbSqliteValue[] | [DbSqliteValue[] | Record<string, DbSqliteValue>];

export const adaptsDbSqlite: Adapts<DbSqliteDatabase> = (handle) => adaptDbSqlite(handle);
export const takesDbSqlite = (Database: typeof DbSqliteDatabase): DbSqliteClass => Database;

/** Compiles a program with the types of Bun, which do not go with those of the other tests. */
function compile(directory: string, source: string): Promise<string> {
  const path = (name: string) => join(repositoryRoot, name);
  writeFileSync(join(directory, "main.ts"), source);
  const compilerOptions = {
    module: "nodenext",
    target: "esnext",
    // The last one has what all runtimes share, performance.now() say.
    lib: ["ES2024", "ESNext.Disposable", "DOM"],
    types: ["bun-types/sqlite"],
    typeRoots: [path("node_modules")],
    strict: true,
    noEmit: true,
    allowImportingTsExtensions: true,
    skipLibCheck: true,
  };
  const config = { compilerOptions, files: ["main.ts"] };
  writeFileSync(join(directory, "tsconfig.json"), JSON.stringify(config));
  const tsc = [path("node_modules/typescript/bin/tsc"), "-p", directory];
  return new Promise((resolve) => {
    execFile(path("node_modules/node26/bin/node"), tsc, (_error, stdout) => resolve(stdout));
  });
}

test("a Database of bun:sqlite is what its adapter takes", async (t) => {
  const adapter = join(repositoryRoot, "adapters/bun_sqlite/adapter.ts");
  const source = (handle: string) => `
    import type { Database } from "bun:sqlite";
    import { adaptBunSqlite } from ${JSON.stringify(adapter)};
    export const adapts = (handle: ${handle}) => adaptBunSqlite(handle);
  `;
  const directory = temporaryDirectory(t);
  assert.equal(await compile(directory, source("Database")), "");
  assert.match(await compile(directory, source("Pick<Database, 'prepare'>")), /error TS/);
});
