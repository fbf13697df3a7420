/**
 * The driver `bun:sqlite`, built into Bun.
 *
 * @example
 * ```ts
 * import { Database } from "bun:sqlite";
 * import { adaptBunSqlite } from "@sqlitepool/pool/bun-sqlite";
 *
 * const conn = adaptBunSqlite(new Database("app.db"), { intMode: "bigint" });
 * const { rows } = await conn.execute("SELECT ? AS answer", [42]);
 * await conn.close();
 * ```
 *
 * @module
 */

import { builtinLibrary } from "../../src/platform/builtins.ts";
import type { ColumnDescription, Row, SQLiteValue } from "../../src/sqlite/types.ts";
import type { DriverConnection } from "../../src/driver/connection.ts";
import * as resultCode from "../../src/sqlite/result_codes.ts";
import type { Statement } from "../../src/sqlite/scan.ts";
import { SyncConnection } from "../../src/driver/sync_connection.ts";
import {
  type Changes,
  cursorOver,
  type SyncCursor,
  type SyncHandle,
  type SyncStatement,
} from "../../src/driver/sync_handle.ts";
import { describeColumn } from "../../src/driver/columns.ts";
import type { NulText } from "../../src/sqlite/bind.ts";
import type { AdaptOptions } from "../options.ts";

import type { BunSqliteHandle, BunSqliteStatement } from "./handle.ts";

export { isBunSqliteHandle } from "./handle.ts";
export type { BunSqliteHandle, BunSqliteStatement } from "./handle.ts";

/**
 * Creates a connection from a handle of bun:sqlite.
 *
 * @param handle An open `Database`. The connection closes it.
 * @param options The options of the connection.
 * @throws {TypeError | RangeError} for an invalid option.
 *
 * @example
 * ```ts
 * import { Database } from "bun:sqlite";
 * import { adaptBunSqlite } from "@sqlitepool/pool/bun-sqlite";
 *
 * const conn = adaptBunSqlite(new Database(":memory:"));
 * await conn.execute("SELECT 1");
 * ```
 */
export function adaptBunSqlite(
  handle: BunSqliteHandle,
  options: AdaptOptions = {},
): DriverConnection {
  return new SyncConnection(new BunHandle(handle), options);
}

class BunHandle implements SyncHandle {
  readonly raw: BunSqliteHandle;
  readonly library: string = builtinLibrary("bun:sqlite");
  readonly nulText: NulText = "allowed";

  constructor(raw: BunSqliteHandle) {
    this.raw = raw;
  }

  get inTransaction(): boolean {
    return this.raw.inTransaction;
  }

  prepare(statement: Statement): SyncStatement {
    return new BunStatement(this.raw, this.raw.prepare(statement.text));
  }

  close(): void {
    this.raw.close(true);
  }

  resultCodeOf(error: unknown): number | undefined {
    const { errno, message } = Object(error) as { errno?: unknown; message?: unknown };
    if (typeof errno === "number") return errno;
    return /closed|finalized/.test(String(message)) ? resultCode.MISUSE : undefined;
  }
}

class BunStatement implements SyncStatement {
  readonly #handle: BunSqliteHandle;
  readonly #raw: BunSqliteStatement;
  #exact = false;

  constructor(handle: BunSqliteHandle, raw: BunSqliteStatement) {
    this.#handle = handle;
    this.#raw = raw;
    raw.safeIntegers(this.#exact);
  }

  columns(): string[] {
    return this.#raw.columnNames;
  }

  describe(): ColumnDescription[] {
    const types = this.#raw.declaredTypes;
    return this.#raw.columnNames.map((name, i) => describeColumn(name, types[i]));
  }

  all(values: SQLiteValue[], exact: boolean): SQLiteValue[][] {
    this.#prepareFor(exact);
    return this.#raw.values(values) as SQLiteValue[][];
  }

  first(values: SQLiteValue[], exact: boolean): SQLiteValue[] | undefined {
    this.#prepareFor(exact);
    const row = this.#raw.get(values) as Row | null;
    if (row === null) return undefined;
    const names = this.#raw.columnNames;
    return areDistinct(names) ? valuesOf(row, names) : this.all(values, exact)[0];
  }

  objects(values: SQLiteValue[], exact: boolean, firstRowOnly: boolean): Row[] {
    this.#prepareFor(exact);
    if (!firstRowOnly) return this.#raw.all(values) as Row[];
    const row = this.#raw.get(values) as Row | null;
    return row === null ? [] : [row];
  }

  run(values: SQLiteValue[]): Changes {
    this.#prepareFor(true);
    return this.#raw.run(values);
  }

  iterate(values: SQLiteValue[]): SyncCursor {
    // Rows are returned only as objects, which have one value per name.
    if (!areDistinct(this.#raw.columnNames)) return cursorOver(this.all(values, true));
    this.#prepareFor(true);
    return new BunCursor(this.#raw, this.#raw.iterate(...values) as Iterator<Row>);
  }

  finalize(): void {
    this.#raw.finalize();
  }

  #prepareFor(exact: boolean): void {
    // Throws if the handle was closed elsewhere; its statements and their locks would survive that.
    void this.#handle.inTransaction;
    if (exact === this.#exact) return;
    this.#exact = exact;
    this.#raw.safeIntegers(exact);
  }
}

class BunCursor implements SyncCursor {
  readonly #statement: BunSqliteStatement;
  readonly #rows: Iterator<Row>;
  #names: readonly string[] | undefined;

  constructor(statement: BunSqliteStatement, rows: Iterator<Row>) {
    this.#statement = statement;
    this.#rows = rows;
  }

  next(): SQLiteValue[] | undefined {
    const { done, value } = this.#rows.next();
    if (done) return undefined;
    return valuesOf(value, this.#names ??= this.#statement.columnNames);
  }

  close(): void {
    this.#rows.return?.();
  }
}

function valuesOf(row: Row, names: readonly string[]): SQLiteValue[] {
  return names.map((name) => row[name]);
}

function areDistinct(names: readonly string[]): boolean {
  return new Set(names).size === names.length;
}
