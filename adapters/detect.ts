/**
 * Finds out what a handle is, and makes a connection of it.
 *
 * @module
 */

import { UnsupportedHandleError } from "../src/pool/errors.ts";
import type { AsyncConnection, DriverConnection } from "../src/sqlite/protocol.ts";
import type { IntMode } from "../src/sqlite/rows.ts";
import { ThreeMethodConnection } from "../src/sqlite/three_methods.ts";
import { describe } from "../src/sqlite/values.ts";
import { adaptBunSqlite, isBunSqliteHandle } from "./bun_sqlite.ts";
import { adaptNodeSqlite, isNodeSqliteHandle } from "./node_sqlite.ts";
import { hasMethods, read } from "./shape.ts";

/** How an adapted connection behaves. */
export interface AdaptOptions {
  /** How integers come out: "number" refuses those a number cannot hold. Default: "number". */
  intMode?: IntMode;
  /** Prepared statements kept; 0 keeps none. */
  statementCacheSize?: number;
}

/** How one driver's handles are recognised and adapted. */
interface Adapter {
  readonly name: string;
  matches(handle: unknown): boolean;
  adapt(handle: never, options: AdaptOptions): DriverConnection;
}

const ADAPTERS: readonly Adapter[] = [
  { name: "node:sqlite (DatabaseSync)", matches: isNodeSqliteHandle, adapt: adaptNodeSqlite },
  { name: "bun:sqlite (Database)", matches: isBunSqliteHandle, adapt: adaptBunSqlite },
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
  const adapter = ADAPTERS.find(({ matches }) => matches(handle));
  if (adapter !== undefined) return adapter.adapt(handle as never, options);
  if (isObject(handle) && hasMethods(handle, THREE_METHODS)) {
    return new ThreeMethodConnection(handle as AsyncConnection);
  }
  throw new UnsupportedHandleError(
    `Got ${sayWhat(handle)}, which is no connection. ${remedy(handle)} Supported are handles ` +
      `of ${ADAPTERS.map(({ name }) => name).join(" and ")}, and any object with execute(), ` +
      "rollback() and close().",
  );
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function isDriverConnection(value: unknown): value is DriverConnection {
  return isObject(value) && typeof read(value, "inTransactionIsCertain") === "boolean" &&
    hasMethods(value, [...THREE_METHODS, "iterate", "executeScript"]);
}

function sayWhat(handle: unknown): string {
  return typeof handle === "string" ? `the string ${JSON.stringify(handle)}` : describe(handle);
}

function remedy(handle: unknown): string {
  if (handle === undefined) return "Did the factory forget to return the connection?";
  if (typeof handle === "string") {
    return "A path is no handle: open it, as in new DatabaseSync(path).";
  }
  if (typeof handle === "function") return "A class is no handle: make one of it with new.";
  if (hasMethods(handle, ["then"])) return "Await the promise first.";
  const missing = THREE_METHODS.filter((name) => !hasMethods(handle, [name]));
  return isObject(handle)
    ? `It has no ${missing.map((name) => `${name}()`).join(" and no ")}.`
    : "";
}
