/**
 * Finds out what a handle is, and makes a connection of it.
 *
 * @module
 */

import { UnsupportedHandleError } from "../src/pool/errors.ts";
import type { AsyncConnection, DriverConnection } from "../src/sqlite/protocol.ts";
import { ThreeMethodConnection } from "../src/sqlite/three_methods.ts";
import { describe } from "../src/sqlite/values.ts";
import { adaptBetterSqlite3, isBetterSqlite3Handle } from "./better_sqlite3.ts";
import { adaptBunSqlite, isBunSqliteHandle } from "./bun_sqlite.ts";
import { adaptDbSqlite, isDbSqliteHandle } from "./db_sqlite.ts";
import { adaptLibsql, isLibsqlClient } from "./libsql.ts";
import { adaptLibsqlSync, isLibsqlSyncHandle } from "./libsql_sync.ts";
import { adaptNodeSqlite, isNodeSqliteHandle } from "./node_sqlite.ts";
import type { AdaptOptions } from "./options.ts";
import { brandOf, hasMethods, read } from "./shape.ts";
import { adaptSqlite3, isSqlite3Handle } from "./sqlite3.ts";
import { adaptTurso, isTursoHandle } from "./turso.ts";

/** How one driver's handles are recognised and adapted. */
interface Adapter {
  readonly name: string;
  matches(handle: unknown): boolean;
  adapt(handle: never, options: AdaptOptions): DriverConnection;
}

const ADAPTERS: readonly Adapter[] = [
  { name: "node:sqlite (DatabaseSync)", matches: isNodeSqliteHandle, adapt: adaptNodeSqlite },
  { name: "bun:sqlite (Database)", matches: isBunSqliteHandle, adapt: adaptBunSqlite },
  { name: "better-sqlite3 (Database)", matches: isBetterSqlite3Handle, adapt: adaptBetterSqlite3 },
  { name: "@db/sqlite (Database)", matches: isDbSqliteHandle, adapt: adaptDbSqlite },
  { name: "libsql (Database)", matches: isLibsqlSyncHandle, adapt: adaptLibsqlSync },
  { name: "@libsql/client (Client)", matches: isLibsqlClient, adapt: adaptLibsql },
  { name: "sqlite3 (Database)", matches: isSqlite3Handle, adapt: adaptSqlite3 },
  { name: "@tursodatabase/database (Database)", matches: isTursoHandle, adapt: adaptTurso },
];

const THREE_METHODS: readonly string[] = ["execute", "rollback", "close"];

/**
 * Makes a connection of a driver's handle, or of any object with `execute`, `rollback` and
 * `close`. Handles are recognised by their shape: their class may come from another realm, or
 * have lost its name in a bundler.
 *
 * @param handle an open handle; the connection closes it. A connection is returned as it is.
 * @param options how integers come out, and how many statements are kept.
 * @throws {UnsupportedHandleError} for anything else; the message says what it was, what is
 *   supported, and what to do.
 *
 * @example
 * ```ts
 * import { DatabaseSync } from "node:sqlite";
 * import { adapt } from "@sqlitepool/pool";
 *
 * const conn = adapt(new DatabaseSync(":memory:"));
 * const { rows } = await conn.execute("SELECT 1 AS one");
 * console.log(rows); // [{ one: 1 }]
 * await conn.close();
 * ```
 */
export function adapt(handle: unknown, options: AdaptOptions = {}): DriverConnection {
  if (isDriverConnection(handle)) return handle;
  const adapter = isClosed(handle) ? undefined : ADAPTERS.find(({ matches }) => matches(handle));
  if (adapter !== undefined) return adapter.adapt(handle as never, options);
  if (isObject(handle) && hasMethods(handle, THREE_METHODS)) {
    return new ThreeMethodConnection(handle as AsyncConnection);
  }
  const supported = ADAPTERS.map(({ name }) => name).join(", ");
  throw new UnsupportedHandleError(
    `Got ${describe(handle)}, which is no open connection. ${remedy(handle)} Supported are ` +
      `handles of ${supported}, and any object with execute(), rollback() and close().`,
  );
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function isDriverConnection(value: unknown): value is DriverConnection {
  return isObject(value) && typeof read(value, "inTransactionIsCertain") === "boolean" &&
    hasMethods(value, [...THREE_METHODS, "iterate", "executeScript"]);
}

/** Whether a handle carries the mark of a driver but has been closed. */
function isClosed(handle: unknown): boolean {
  if (brandOf(handle) === "node:sqlite") return read(handle, "isOpen") === false;
  // The getter throws then.
  return brandOf(handle) === "bun:sqlite" && read(handle, "inTransaction") === undefined;
}

function remedy(handle: unknown): string {
  if (handle === undefined || handle === null) {
    return "Did the factory forget to return the connection?";
  }
  // Not the text itself, which may be a URL with a token.
  if (typeof handle === "string") {
    return "A path is no handle: open it, as in new DatabaseSync(path), or use openDatabase(path).";
  }
  if (typeof handle === "function") {
    return "If it is a class, make a handle of it with new; if it is a function, call it.";
  }
  if (typeof handle !== "object") return "";
  if (hasMethods(handle, ["then"])) return "It is a promise: await it first.";
  if (isClosed(handle)) return "The handle is closed: open another one.";
  const missing = THREE_METHODS.filter((name) => !hasMethods(handle, [name]));
  return `It has no ${missing.map((name) => `${name}()`).join(" and no ")}.`;
}
