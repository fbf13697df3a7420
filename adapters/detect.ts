/**
 * Recognizes a handle and creates a connection from it.
 *
 * @module
 */

import type { DriverConnection } from "../src/driver/connection.ts";
import { Adapter } from "./adapter.ts";
import { isClosed, isDriverConnection, isThreeMethods } from "./connection_shape.ts";
import { isTursoHandle } from "./turso/handle.ts";
import { isSqlite3Handle } from "./sqlite3/handle.ts";
import { isNodeSqlite3WasmHandle } from "./node_sqlite3_wasm/handle.ts";
import { isNodeSqliteHandle } from "./node_sqlite/handle.ts";
import { isLibsqlClient } from "./libsql_client/handle.ts";
import { isLibsqlSyncHandle } from "./libsql/handle.ts";
import { isDbSqliteHandle } from "./db_sqlite/handle.ts";
import { isBunSqliteHandle } from "./bun_sqlite/handle.ts";
import { isBetterSqlite3Handle } from "./better_sqlite3/handle.ts";
import type { AdaptOptions } from "./options.ts";

const DRIVERS: readonly Adapter[] = [
  new Adapter(
    "node:sqlite (DatabaseSync)",
    isNodeSqliteHandle,
    async () => (await import("./node_sqlite/adapter.ts")).adaptNodeSqlite,
  ),
  new Adapter(
    "bun:sqlite (Database)",
    isBunSqliteHandle,
    async () => (await import("./bun_sqlite/adapter.ts")).adaptBunSqlite,
  ),
  new Adapter(
    "better-sqlite3 (Database)",
    isBetterSqlite3Handle,
    async () => (await import("./better_sqlite3/adapter.ts")).adaptBetterSqlite3,
  ),
  new Adapter(
    "node-sqlite3-wasm (Database)",
    isNodeSqlite3WasmHandle,
    async () => (await import("./node_sqlite3_wasm/adapter.ts")).adaptNodeSqlite3Wasm,
  ),
  new Adapter(
    "@db/sqlite (Database)",
    isDbSqliteHandle,
    async () => (await import("./db_sqlite/adapter.ts")).adaptDbSqlite,
  ),
  new Adapter(
    "libsql (Database)",
    isLibsqlSyncHandle,
    async () => (await import("./libsql/adapter.ts")).adaptLibsqlSync,
  ),
  new Adapter(
    "@libsql/client (Client)",
    isLibsqlClient,
    async () => (await import("./libsql_client/adapter.ts")).adaptLibsql,
  ),
  new Adapter(
    "sqlite3 (Database)",
    isSqlite3Handle,
    async () => (await import("./sqlite3/adapter.ts")).adaptSqlite3,
  ),
  new Adapter(
    "@tursodatabase/database (Database)",
    isTursoHandle,
    async () => (await import("./turso/adapter.ts")).adaptTurso,
  ),
];

const OTHERS: Adapter = new Adapter(
  "any object with execute(), rollback() and close()",
  isThreeMethods,
  async () => (await import("../src/driver/three_methods.ts")).adaptThreeMethods,
);

/**
 * Creates a connection from a driver's handle, or from any object with `execute`, `rollback` and
 * `close`. Handles are recognized by their shape, because their class may come from another realm
 * or have been renamed by a bundler.
 *
 * @param handle an open handle, which the connection closes. A connection is returned unchanged.
 * @param options how integers are returned, and how many statements are cached.
 * @returns the connection. The adapter of a driver is loaded with its first connection.
 * @throws {UnsupportedHandleError} for anything else; the message says what was passed, what is
 *   supported and what to do.
 * @throws {SQLitePoolError} when the adapter for the driver cannot be loaded.
 * @throws {TypeError | RangeError} for an invalid option.
 *
 * @example
 * ```ts
 * import { DatabaseSync } from "node:sqlite";
 * import { adapt } from "@sqlitepool/pool";
 *
 * const conn = await adapt(new DatabaseSync(":memory:"));
 * const { rows } = await conn.execute("SELECT 1 AS one");
 * console.log(rows); // [{ one: 1 }]
 * await conn.close();
 * ```
 */
export async function adapt(
  handle: unknown,
  options: AdaptOptions = {},
): Promise<DriverConnection> {
  return await adaptHandle(handle, options);
}

/** The same, synchronously if the adapter is already loaded. */
export function adaptHandle(
  handle: unknown,
  options: AdaptOptions,
): DriverConnection | Promise<DriverConnection> {
  if (isDriverConnection(handle)) return handle;
  if (isClosed(handle)) return refuse(handle);
  const adapter = [...DRIVERS, OTHERS].find(({ matches }) => matches(handle));
  return adapter === undefined ? refuse(handle) : adapter.adapt(handle, options);
}

/** Loaded on demand, since most programs never need this error. */
async function refuse(handle: unknown): Promise<never> {
  const { unsupportedHandle } = await import("./unsupported_handle.ts");
  throw unsupportedHandle(handle, DRIVERS.map(({ name }) => name));
}
