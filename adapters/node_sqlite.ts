/**
 * The driver `node:sqlite`, built into Node, Deno and Bun.
 *
 * @example
 * ```ts
 * import { DatabaseSync } from "node:sqlite";
 * import { adaptNodeSqlite } from "@sqlitepool/pool/node-sqlite";
 *
 * const conn = adaptNodeSqlite(new DatabaseSync("app.db"), { intMode: "bigint" });
 * const { rows } = await conn.execute("SELECT ? AS answer", [42]);
 * await conn.close();
 * ```
 *
 * @module
 */

import type { DriverConnection } from "../src/sqlite/protocol.ts";
import { resultCode } from "../src/sqlite/result_codes.ts";
import type { Statement } from "../src/sqlite/scan.ts";
import { SyncConnection } from "../src/sqlite/sync_connection.ts";
import type { SyncHandle, SyncStatement } from "../src/sqlite/sync_handle.ts";
import type { NulText } from "../src/sqlite/values.ts";
import { NodeStatement } from "./node_sqlite_statement.ts";
import { type Traits, traitsOf } from "./node_sqlite_traits.ts";
import type { AdaptOptions } from "./options.ts";
import { brandOf, hasMethods } from "./shape.ts";

/** What is used of a `StatementSync` of node:sqlite. */
export interface NodeSqliteStatement {
  /** Runs to the end and returns all rows. */
  all(...params: unknown[]): unknown[];
  /** Runs up to the first row. */
  get(...params: unknown[]): unknown;
  /** Runs to the end and returns what changed. */
  run(...params: unknown[]): {
    readonly changes: number | bigint;
    readonly lastInsertRowid: number | bigint;
  };
  /** Runs row by row. */
  iterate(...params: unknown[]): Iterator<unknown>;
  /** Describes the result columns. */
  columns(): { readonly name: string }[];
  /** Whether rows come as arrays. Always there, but unknown to the types that Deno brings. */
  setReturnArrays?(enabled: boolean): void;
  /** Whether integers come as bigints. */
  setReadBigInts(enabled: boolean): void;
  /** Whether parameters may be named without their prefix. */
  setAllowBareNamedParameters(enabled: boolean): void;
}

/** What is used of a `DatabaseSync` of node:sqlite. */
export interface NodeSqliteHandle {
  /** Whether the database is open. */
  readonly isOpen: boolean;
  /** Whether a transaction is open. */
  readonly isTransaction: boolean;
  /** Prepares a statement. */
  prepare(sql: string): NodeSqliteStatement;
  /** Closes the database. */
  close(): void;
}

/**
 * Whether something is a handle of node:sqlite, of whatever version, runtime or realm.
 *
 * @param value Anything.
 */
export function isNodeSqliteHandle(value: unknown): value is NodeSqliteHandle {
  return brandOf(value) === "node:sqlite" && hasMethods(value, ["prepare", "exec", "close"]);
}

/**
 * Makes a connection of a handle of node:sqlite.
 *
 * @param handle An open `DatabaseSync`. The connection closes it.
 * @param options How the connection behaves.
 * @throws {TypeError | RangeError} An option is not one of the allowed values.
 *
 * @example
 * ```ts
 * import { DatabaseSync } from "node:sqlite";
 * import { adaptNodeSqlite } from "@sqlitepool/pool/node-sqlite";
 *
 * const conn = adaptNodeSqlite(new DatabaseSync(":memory:"));
 * await conn.execute("SELECT 1");
 * ```
 */
export function adaptNodeSqlite(
  handle: NodeSqliteHandle,
  options: AdaptOptions = {},
): DriverConnection {
  return new SyncConnection(new NodeHandle(handle), options);
}

class NodeHandle implements SyncHandle {
  readonly raw: NodeSqliteHandle;
  readonly nulText: NulText;
  readonly #traits: Traits;

  constructor(raw: NodeSqliteHandle) {
    this.raw = raw;
    this.#traits = traitsOf(raw);
    this.nulText = this.#traits.nulText;
  }

  get inTransaction(): boolean {
    return this.raw.isTransaction;
  }

  prepare(statement: Statement): SyncStatement {
    const uncertain = statement.openColumns && !this.#traits.tellsReprepares;
    const once = uncertain && statement.verb !== "select";
    if (once) this.#noticeSchema();
    const raw = this.raw.prepare(statement.text);
    return new NodeStatement(raw, statement, {
      ...this.#traits,
      uncertain,
      once,
      prepare: (sql) => this.raw.prepare(sql),
    });
  }

  close(): void {
    if (this.raw.isOpen) this.raw.close();
  }

  resultCodeOf(error: unknown): number | undefined {
    const { errcode, code } = Object(error) as { errcode?: unknown; code?: unknown };
    if (typeof errcode === "number") return errcode;
    return code === "ERR_INVALID_STATE" ? resultCode.MISUSE : undefined;
  }

  /** Makes SQLite read the schema again if another connection has changed it. */
  #noticeSchema(): void {
    this.raw.prepare("SELECT 1 FROM sqlite_schema").get();
  }
}
