/**
 * The driver `node-sqlite3-wasm`: SQLite in WebAssembly, for hosts where no native module runs.
 * Readers and writers of a file share one lock, so it suits a pool of one connection, and
 * `openDatabase` does not support it.
 *
 * @example
 * ```ts
 * import sqlite from "node-sqlite3-wasm";
 * import { adaptNodeSqlite3Wasm } from "@sqlitepool/pool/node-sqlite3-wasm";
 *
 * const conn = adaptNodeSqlite3Wasm(new sqlite.Database("app.db"));
 * const { rows } = await conn.execute("SELECT ? AS answer", [42]);
 * await conn.close();
 * ```
 *
 * @module
 */

import { messageOf } from "../../src/platform/describe.ts";
import type { NulText } from "../../src/sqlite/bind.ts";
import { misuse } from "../../src/sqlite/errors.ts";
import * as resultCode from "../../src/sqlite/result_codes.ts";
import type { Statement } from "../../src/sqlite/scan.ts";
import type { Row, SQLiteValue } from "../../src/sqlite/types.ts";
import type { DriverConnection } from "../../src/driver/connection.ts";
import { SyncConnection } from "../../src/driver/sync_connection.ts";
import type {
  Changes,
  SyncCursor,
  SyncHandle,
  SyncStatement,
} from "../../src/driver/sync_handle.ts";
import type { DriverLimit } from "../limits.ts";
import type { AdaptOptions } from "../options.ts";

import type { NodeSqlite3WasmHandle, NodeSqlite3WasmStatement } from "./handle.ts";

export { isNodeSqlite3WasmHandle } from "./handle.ts";
export type { NodeSqlite3WasmHandle, NodeSqlite3WasmStatement } from "./handle.ts";

/** The limits of the driver. */
export const nodeSqlite3WasmLimits: readonly DriverLimit[] = [
  ...["nul-text", "int-mode", "negative-zero", "duplicate-columns", "proto-column"] as const,
  ...["number-columns", "empty-columns", "extended-codes", "error-codes"] as const,
  ...["shared-lock", "interrupt"] as const,
];

/**
 * Creates a connection from a handle of node-sqlite3-wasm.
 *
 * @param handle An open `Database`. The connection closes it.
 * @param options The options of the connection.
 * @throws {TypeError | RangeError} for an invalid option; the driver supports only `intMode:
 *   "number"`.
 *
 * @example
 * ```ts
 * import sqlite from "node-sqlite3-wasm";
 * import { adaptNodeSqlite3Wasm } from "@sqlitepool/pool/node-sqlite3-wasm";
 *
 * const conn = adaptNodeSqlite3Wasm(new sqlite.Database(":memory:"));
 * await conn.execute("SELECT 1");
 * ```
 */
export function adaptNodeSqlite3Wasm(
  handle: NodeSqlite3WasmHandle,
  options: AdaptOptions = {},
): DriverConnection {
  checkIntMode(options.intMode);
  return new SyncConnection(new WasmHandle(handle), options);
}

/** @throws {TypeError} if the driver does not support the mode. */
function checkIntMode(intMode: AdaptOptions["intMode"]): void {
  if (intMode !== "bigint") return;
  throw new TypeError(
    'node-sqlite3-wasm does not support intMode "bigint": it does not tell INTEGER from REAL',
  );
}

class WasmHandle implements SyncHandle {
  readonly raw: NodeSqlite3WasmHandle;
  readonly library = "node-sqlite3-wasm";
  readonly nulText: NulText = "refused";

  constructor(raw: NodeSqlite3WasmHandle) {
    this.raw = raw;
  }

  get inTransaction(): boolean {
    return this.raw.inTransaction;
  }

  refuse(value: SQLiteValue): string | undefined {
    return Object.is(value, -0)
      ? "is -0, which node-sqlite3-wasm would store as the integer 0"
      : undefined;
  }

  prepare(statement: Statement): SyncStatement {
    return new WasmStatement(this.raw, statement);
  }

  close(): void {
    if (!this.raw.isOpen) return;
    if (this.raw.inTransaction) runOnce(this.raw, "ROLLBACK");
    this.raw.close();
  }

  /** The driver's errors have only messages. */
  resultCodeOf(error: unknown): number | undefined {
    return /closed|already finalized/.test(messageOf(error)) ? resultCode.MISUSE : undefined;
  }
}

class WasmStatement implements SyncStatement {
  readonly #handle: NodeSqlite3WasmHandle;
  readonly #statement: Statement;
  /** `undefined` after a failure or with unread rows, since the driver has no reset. */
  #raw: NodeSqlite3WasmStatement | undefined;
  #ran = false;
  #columns: readonly string[] = [];
  /** The number of columns of a statement with RETURNING; equal names collapse in row objects. */
  readonly #width: number | undefined;
  /** The number of names that was verified to be complete. */
  #checked: number | undefined;

  constructor(handle: NodeSqlite3WasmHandle, statement: Statement) {
    this.#handle = handle;
    this.#statement = statement;
    this.#raw = handle.prepare(statement.text);
    // Must not run after the statement, because its changes must be read next.
    if (statement.returning) this.#width = this.#readWidth();
  }

  columns(): readonly string[] | undefined {
    return this.#ran ? this.#columns : undefined;
  }

  all(values: SQLiteValue[]): SQLiteValue[][] {
    const rows = this.#use((raw) => raw.all(values)) as Row[];
    this.#notice(rows[0]);
    return rows.map((row) => valuesOf(row, this.#columns));
  }

  first(values: SQLiteValue[]): SQLiteValue[] | undefined {
    const [row, ended] = this.#use((raw) => {
      const rows = raw.iterate(values);
      const { value } = rows.next() as IteratorResult<Row, undefined>;
      return [value, value === undefined || rows.next().done] as const;
    });
    if (!ended) this.finalize();
    this.#notice(row);
    return row && valuesOf(row, this.#columns);
  }

  run(values: SQLiteValue[]): Changes {
    return this.#use((raw) => raw.run(values));
  }

  iterate(values: SQLiteValue[]): SyncCursor {
    const rows = this.#use((raw) => raw.iterate(values)) as Iterator<Row>;
    let ended = false;
    return {
      next: () => {
        if (ended) return undefined;
        const { done, value } = this.#use(() => rows.next());
        if (done) ended = true;
        if (!this.#ran || done) this.#notice(value);
        return done ? undefined : valuesOf(value, this.#columns);
      },
      close: () => {
        if (!ended) this.finalize();
        ended = true;
      },
    };
  }

  finalize(): void {
    const raw = this.#raw;
    this.#raw = undefined;
    if (!this.#handle.isOpen) return;
    try {
      raw?.finalize();
    } catch {
      // SQLite reports the last failure again; the statement is freed anyway.
    }
  }

  #use<T>(work: (raw: NodeSqlite3WasmStatement) => T): T {
    try {
      return work(this.#raw ??= this.#handle.prepare(this.#statement.text));
    } catch (error) {
      // Otherwise the driver would refuse to run it again.
      this.finalize();
      throw error;
    }
  }

  /** Reads the names from a row, since the driver reports no others. */
  #notice(row: Row | undefined): void {
    this.#ran = true;
    this.#columns = row === undefined ? [] : Object.keys(row);
    const { verb, returning } = this.#statement;
    if (row === undefined || (verb !== "select" && !returning)) return;
    if (this.#checked !== this.#columns.length) this.#checkNames();
  }

  /** An object keeps one value per name and moves numeric names to the front. */
  #checkNames(): void {
    const names = this.#columns;
    const moved = names.length > 1 && names.some((name) => /^\d+$/.test(name));
    if (moved || (this.#width ?? this.#readWidth()) !== names.length) {
      throw misuse(
        "node-sqlite3-wasm returns rows as objects, which cannot represent these column names: " +
          "two are equal, or one is __proto__ or a number. Rename them with AS",
      );
    }
    this.#checked = names.length;
  }

  #readWidth(): number | undefined {
    const program = runOnce(this.#handle, `EXPLAIN ${this.#statement.text}`);
    return program.find(({ opcode }) => opcode === "ResultRow")?.p2 as number | undefined;
  }
}

function runOnce(handle: NodeSqlite3WasmHandle, sql: string): Row[] {
  const statement = handle.prepare(sql);
  try {
    return statement.all([]) as Row[];
  } finally {
    statement.finalize();
  }
}

function valuesOf(row: Row, names: readonly string[]): SQLiteValue[] {
  return names.map((name) => row[name]);
}
