/**
 * The driver `better-sqlite3`.
 *
 * @example
 * ```ts
 * import Database from "better-sqlite3";
 * import { adaptBetterSqlite3 } from "@sqlitepool/pool/better-sqlite3";
 *
 * const conn = adaptBetterSqlite3(new Database("app.db"), { intMode: "bigint" });
 * const { rows } = await conn.execute("SELECT ? AS answer", [42]);
 * await conn.close();
 * ```
 *
 * @module
 */

import { misuse, SQLiteError } from "../../src/sqlite/errors.ts";
import type { ColumnDescription, SQLiteValue } from "../../src/sqlite/types.ts";
import type { DriverConnection } from "../../src/driver/connection.ts";
import * as resultCode from "../../src/sqlite/result_codes.ts";
import type { Statement } from "../../src/sqlite/scan.ts";
import { SyncConnection } from "../../src/driver/sync_connection.ts";
import type {
  Changes,
  SyncCursor,
  SyncHandle,
  SyncStatement,
} from "../../src/driver/sync_handle.ts";
import type { NulText } from "../../src/sqlite/bind.ts";
import type { DriverLimit } from "../limits.ts";
import { describeColumns } from "../native_columns.ts";
import { asInteger, plainRow } from "../native_values.ts";
import type { AdaptOptions } from "../options.ts";

import { type BetterSqlite3Handle, type BetterSqlite3Statement, packageOf } from "./handle.ts";

export { isBetterSqlite3Handle } from "./handle.ts";
export type { BetterSqlite3Handle, BetterSqlite3Statement } from "./handle.ts";

/** The limits of the driver. */
export const betterSqlite3Limits: readonly DriverLimit[] = ["prefix-names", "interrupt"];

/**
 * Creates a connection from a handle of better-sqlite3.
 *
 * @param handle An open `Database`. The connection closes it.
 * @param options The options of the connection.
 * @throws {TypeError | RangeError} for an invalid option.
 *
 * @example
 * ```ts
 * import Database from "better-sqlite3";
 * import { adaptBetterSqlite3 } from "@sqlitepool/pool/better-sqlite3";
 *
 * const conn = adaptBetterSqlite3(new Database(":memory:"));
 * await conn.execute("SELECT 1");
 * ```
 */
export function adaptBetterSqlite3(
  handle: BetterSqlite3Handle,
  options: AdaptOptions = {},
): DriverConnection {
  return new SyncConnection(new BetterHandle(handle), options);
}

class BetterHandle implements SyncHandle {
  readonly raw: BetterSqlite3Handle;
  readonly library: string;
  readonly nulText: NulText = "allowed";
  readonly #cursors = new Set<BetterCursor>();

  constructor(raw: BetterSqlite3Handle) {
    this.raw = raw;
    this.library = packageOf(raw);
  }

  get inTransaction(): boolean {
    if (!this.raw.open) throw misuse("the database is closed");
    return this.raw.inTransaction;
  }

  prepare(statement: Statement): SyncStatement {
    return new BetterStatement(this.raw.prepare(statement.text), statement, this.#cursors);
  }

  close(): void {
    this.raw.close();
  }

  resultCodeOf(error: unknown): number | undefined {
    if (error instanceof SQLiteError) return error.rawCode;
    const { code, message } = error as { code?: unknown; message?: unknown };
    if (typeof code === "string") return resultCode.codeOfName(code);
    return /not open|closed/.test(String(message)) ? resultCode.MISUSE : undefined;
  }
}

class BetterStatement implements SyncStatement {
  readonly #raw: BetterSqlite3Statement;
  readonly #reader: boolean;
  readonly #parameters: readonly string[];
  readonly #cursors: Set<BetterCursor>;
  #exact = false;

  constructor(
    raw: BetterSqlite3Statement,
    { parameters }: Statement,
    cursors: Set<BetterCursor>,
  ) {
    this.#raw = raw;
    this.#reader = raw.reader;
    this.#parameters = parameters;
    this.#cursors = cursors;
    checkNames(parameters);
    raw.safeIntegers(false);
    if (this.#reader) raw.raw(true);
  }

  columns(): string[] {
    return this.#reader ? this.#raw.columns().map(({ name }) => name) : [];
  }

  describe(): ColumnDescription[] {
    return this.#reader ? describeColumns(this.#raw.columns()) : [];
  }

  mayHaveNewColumns(): boolean {
    return true;
  }

  all(values: SQLiteValue[], exact: boolean): SQLiteValue[][] {
    const rows = this.#raw.all(...this.#prepareFor(values, exact)) as SQLiteValue[][];
    rows.forEach(plainRow);
    return rows;
  }

  first(values: SQLiteValue[], exact: boolean): SQLiteValue[] | undefined {
    const row = this.#raw.get(...this.#prepareFor(values, exact)) as SQLiteValue[] | undefined;
    return row && plainRow(row);
  }

  run(values: SQLiteValue[]): Changes {
    return this.#raw.run(...this.#prepareFor(values, true));
  }

  iterate(values: SQLiteValue[]): SyncCursor {
    const rows = this.#raw.iterate(...this.#prepareFor(values, true));
    return new BetterCursor(rows as Iterator<SQLiteValue[]>, this.#cursors);
  }

  finalize(): void {
    // The driver frees statements on garbage collection or when the database is closed.
  }

  #prepareFor(values: SQLiteValue[], exact: boolean): unknown[] {
    for (const cursor of this.#cursors) cursor.readAhead();
    if (exact !== this.#exact) {
      this.#exact = exact;
      this.#raw.safeIntegers(exact);
    }
    const byName: Record<string, SQLiteValue> = {};
    const args: unknown[] = [];
    values.forEach((value, index) => {
      const parameter = this.#parameters[index];
      if (parameter === "?") args.push(asInteger(value));
      else byName[parameter.slice(1)] = asInteger(value);
    });
    if (args.length < values.length) args.push(byName);
    return args;
  }
}

/** The rows of a running statement. The driver cannot run other statements in the meantime. */
class BetterCursor implements SyncCursor {
  readonly #rows: Iterator<SQLiteValue[]>;
  readonly #running: Set<BetterCursor>;
  #ahead: SQLiteValue[][] | undefined;
  #failure: { error: unknown } | undefined;
  #at = 0;

  constructor(rows: Iterator<SQLiteValue[]>, running: Set<BetterCursor>) {
    this.#rows = rows;
    this.#running = running.add(this);
  }

  next(): SQLiteValue[] | undefined {
    if (this.#ahead === undefined) return this.#read();
    const row = this.#ahead[this.#at++];
    if (row === undefined && this.#failure !== undefined) throw this.#failure.error;
    return row;
  }

  /** Reads the remaining rows so that another statement can run. */
  readAhead(): void {
    const ahead: SQLiteValue[][] = this.#ahead = [];
    try {
      for (let row = this.#read(); row !== undefined; row = this.#read()) ahead.push(row);
    } catch (error) {
      this.#failure = { error };
    }
    this.#running.delete(this);
  }

  close(): void {
    this.#running.delete(this);
    this.#ahead = [];
    this.#failure = undefined;
    this.#rows.return?.();
  }

  #read(): SQLiteValue[] | undefined {
    const { done, value } = this.#rows.next();
    if (!done) return plainRow(value);
    this.#running.delete(this);
    return undefined;
  }
}

/** The driver treats `:a`, `@a` and `$a` as the same name `a`. */
function checkNames(parameters: readonly string[]): void {
  const named = parameters.filter((parameter) => parameter !== "?");
  if (new Set(named.map((parameter) => parameter.slice(1))).size === named.length) return;
  throw misuse(
    "the statement has two parameters whose names differ only in their prefix, which " +
      "better-sqlite3 cannot tell apart: rename one of them",
  );
}
