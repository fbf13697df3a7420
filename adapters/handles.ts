/**
 * What a handle is, told by its shape. They are not where the adapters are: what
 * a handle is must be known before its adapter is loaded.
 *
 * @module
 */

import type { AsyncConnection, DriverConnection } from "../src/sqlite/protocol.ts";
import type { BetterSqlite3Handle } from "./better_sqlite3.ts";
import type { BunSqliteHandle } from "./bun_sqlite.ts";
import type { DbSqliteHandle } from "./db_sqlite.ts";
import type { LibsqlSyncHandle } from "./libsql_sync.ts";
import type { LibsqlClient } from "./libsql.ts";
import type { NodeSqliteHandle } from "./node_sqlite.ts";
import type { Sqlite3Handle } from "./sqlite3.ts";
import type { TursoHandle } from "./turso.ts";
import { brandOf, hasMethods, read } from "./shape.ts";

/**
 * Whether something is a handle of node:sqlite, of whatever version, runtime or realm.
 *
 * @param value Anything.
 */
export function isNodeSqliteHandle(value: unknown): value is NodeSqliteHandle {
  return brandOf(value) === "node:sqlite" && hasMethods(value, ["prepare", "exec", "close"]);
}

/**
 * Whether something is a handle of bun:sqlite.
 *
 * @param value Anything.
 */
export function isBunSqliteHandle(value: unknown): value is BunSqliteHandle {
  return brandOf(value) === "bun:sqlite" && hasMethods(value, ["prepare", "query", "close"]);
}

/**
 * Whether something is a handle of better-sqlite3.
 *
 * @param value Anything.
 */
export function isBetterSqlite3Handle(value: unknown): value is BetterSqlite3Handle {
  return brandOf(value) === undefined && typeof read(value, "inTransaction") === "boolean" &&
    hasMethods(value, ["prepare", "exec", "close", "defaultSafeIntegers", "unsafeMode"]) &&
    // Those of libsql have the same methods, and more.
    !hasMethods(value, ["sync"]);
}

/**
 * Whether something is a handle of @db/sqlite.
 *
 * @param value Anything.
 */
export function isDbSqliteHandle(value: unknown): value is DbSqliteHandle {
  return brandOf(value) === undefined && typeof read(value, "int64") === "boolean" &&
    typeof read(value, "autocommit") === "boolean" &&
    hasMethods(value, ["prepare", "exec", "openBlob", "transaction", "close"]);
}

/**
 * Whether something is a handle of libsql.
 *
 * @param value Anything.
 */
export function isLibsqlSyncHandle(value: unknown): value is LibsqlSyncHandle {
  // Not the flag for transactions: to read that of a closed handle ends the process.
  return brandOf(value) === undefined && typeof read(value, "open") === "boolean" &&
    hasMethods(value, ["prepare", "exec", "close", "defaultSafeIntegers", "sync", "authorizer"]);
}

/**
 * Whether something is a client of @libsql/client.
 *
 * @param value Anything.
 */
export function isLibsqlClient(value: unknown): value is LibsqlClient {
  return brandOf(value) === undefined && typeof read(value, "protocol") === "string" &&
    hasMethods(value, ["execute", "batch", "transaction", "executeMultiple", "close"]);
}

/**
 * Whether something is a handle of sqlite3.
 *
 * @param value Anything.
 */
export function isSqlite3Handle(value: unknown): value is Sqlite3Handle {
  return brandOf(value) === undefined &&
    hasMethods(value, ["run", "all", "each", "exec", "close", "configure", "parallelize", "wait"]);
}

/**
 * Whether something is a handle of Turso.
 *
 * @param value Anything.
 */
export function isTursoHandle(value: unknown): value is TursoHandle {
  return brandOf(value) === undefined &&
    hasMethods(value, ["prepare", "exec", "connect", "transactionAsync", "batch", "close"]);
}

/** What any object needs to be a connection. */
export const THREE_METHODS: readonly string[] = ["execute", "rollback", "close"];

/**
 * Whether something has the three methods of a connection.
 *
 * @param value Anything.
 */
export function isThreeMethods(value: unknown): value is AsyncConnection {
  return typeof value === "object" && value !== null && hasMethods(value, THREE_METHODS);
}

/**
 * Whether something is a connection of this package, or made like one.
 *
 * @param value Anything.
 */
export function isDriverConnection(value: unknown): value is DriverConnection {
  return isThreeMethods(value) && typeof read(value, "inTransactionIsCertain") === "boolean" &&
    hasMethods(value, ["iterate", "executeScript"]);
}

/**
 * Whether a handle carries the mark of a driver but has been closed.
 *
 * @param handle Anything.
 */
export function isClosed(handle: unknown): boolean {
  if (brandOf(handle) === "node:sqlite") return read(handle, "isOpen") === false;
  // The getter throws then.
  return brandOf(handle) === "bun:sqlite" && read(handle, "inTransaction") === undefined;
}
