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

import { builtinLibrary } from "../../src/platform/builtins.ts";
import type { DriverConnection } from "../../src/driver/connection.ts";
import * as resultCode from "../../src/sqlite/result_codes.ts";
import type { Statement } from "../../src/sqlite/scan.ts";
import { SyncConnection } from "../../src/driver/sync_connection.ts";
import type { SyncHandle, SyncStatement } from "../../src/driver/sync_handle.ts";
import type { NulText } from "../../src/sqlite/bind.ts";
import { NodeStatement } from "./statement.ts";
import { type Traits, traitsOf } from "./quirks.ts";
import { type UserFunctions, watchUserFunctions } from "./user_functions.ts";
import type { AdaptOptions } from "../options.ts";

import type { NodeSqliteHandle } from "./handle.ts";

export { isNodeSqliteHandle } from "./handle.ts";
export type { NodeSqliteHandle, NodeSqliteStatement } from "./handle.ts";

/**
 * Creates a connection from a handle of node:sqlite.
 *
 * @param handle An open `DatabaseSync`. The connection closes it.
 * @param options The options of the connection.
 * @throws {TypeError | RangeError} for an invalid option.
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
  readonly library: string = builtinLibrary("node:sqlite");
  readonly nulText: NulText;
  readonly #traits: Traits;
  readonly #functions: UserFunctions;

  constructor(raw: NodeSqliteHandle) {
    this.raw = raw;
    this.#traits = traitsOf(raw);
    this.nulText = this.#traits.nulText;
    this.#functions = watchUserFunctions(raw);
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
      functions: this.#functions,
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

  /** Makes SQLite reload the schema if another connection has changed it. */
  #noticeSchema(): void {
    this.raw.prepare("SELECT 1 FROM sqlite_schema").get();
  }
}
