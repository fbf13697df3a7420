/**
 * The driver `jsr:@db/sqlite` of Deno: for handles opened by the user. Experimental.
 *
 * @example
 * ```ts ignore
 * import { Database } from "jsr:@db/sqlite";
 * import { adaptDbSqlite } from "@sqlitepool/pool/db-sqlite";
 *
 * const conn = adaptDbSqlite(new Database("app.db"));
 * const { rows } = await conn.execute("SELECT ? AS answer", [42]);
 * await conn.close();
 * ```
 *
 * @module
 */

import { misuse, SQLiteError } from "../../src/sqlite/errors.ts";
import type { SQLiteValue } from "../../src/sqlite/types.ts";
import type { DriverConnection } from "../../src/driver/connection.ts";
import type { Statement } from "../../src/sqlite/scan.ts";
import { SyncConnection } from "../../src/driver/sync_connection.ts";
import {
  type Changes,
  cursorOver,
  type SyncCursor,
  type SyncHandle,
  type SyncStatement,
} from "../../src/driver/sync_handle.ts";
import type { NulText } from "../../src/sqlite/bind.ts";
import type { DriverLimit } from "../limits.ts";
import type { AdaptOptions } from "../options.ts";

import type { DbSqliteHandle, DbSqliteStatement } from "./handle.ts";

export { isDbSqliteHandle } from "./handle.ts";
export type { DbSqliteHandle, DbSqliteStatement } from "./handle.ts";

/** The limits of the driver. */
export const dbSqliteLimits: readonly DriverLimit[] = [
  ...["nul-text", "int-mode", "negative-zero", "large-real", "extended-codes"] as const,
  ...["error-codes", "streaming", "interrupt"] as const,
];

/**
 * Creates a connection from a handle of @db/sqlite.
 *
 * @param handle An open `Database`. The connection closes it.
 * @param options The options of the connection.
 * @throws {TypeError | RangeError} for an invalid option; the driver supports only `intMode:
 *   "number"`.
 *
 * @example
 * ```ts ignore
 * import { Database } from "jsr:@db/sqlite";
 * import { adaptDbSqlite } from "@sqlitepool/pool/db-sqlite";
 *
 * const conn = adaptDbSqlite(new Database(":memory:"));
 * await conn.execute("SELECT 1");
 * ```
 */
export function adaptDbSqlite(
  handle: DbSqliteHandle,
  options: AdaptOptions = {},
): DriverConnection {
  checkIntMode(options.intMode);
  return new SyncConnection(new Handle(handle), options);
}

/** @throws {TypeError} if the driver does not support the mode. */
export function checkIntMode(intMode: AdaptOptions["intMode"]): void {
  if (intMode !== "bigint") return;
  throw new TypeError(
    'intMode "bigint" is not to be had from @db/sqlite, which does not tell INTEGER from REAL',
  );
}

class Handle implements SyncHandle {
  readonly raw: DbSqliteHandle;
  readonly library = "@db/sqlite";
  readonly nulText: NulText = "refused";

  constructor(raw: DbSqliteHandle) {
    this.raw = raw;
  }

  get inTransaction(): boolean {
    checkOpen(this.raw);
    return this.raw.inTransaction;
  }

  prepare({ text }: Statement): SyncStatement {
    checkOpen(this.raw);
    return new DbStatement(this.raw, text);
  }

  close(): void {
    if (this.raw.open) this.raw.close();
  }

  /** The driver binds all integral numbers as 64-bit integers and truncates larger ones. */
  refuse(value: SQLiteValue): string | undefined {
    if (!Number.isInteger(value) || (Number.isSafeInteger(value) && !Object.is(value, -0))) {
      return undefined;
    }
    const name = Object.is(value, -0) ? "-0" : "a whole number of at least 2^53";
    return `is ${name}, which @db/sqlite would store as an integer: pass a bigint if that is meant`;
  }

  /** The driver's errors have only messages. */
  resultCodeOf(error: unknown): number | undefined {
    return error instanceof SQLiteError ? error.rawCode : undefined;
  }
}

class DbStatement implements SyncStatement {
  readonly #database: DbSqliteHandle;
  readonly #raw: DbSqliteStatement;

  constructor(database: DbSqliteHandle, sql: string) {
    this.#database = database;
    this.#raw = database.prepare(sql);
    this.#raw.int64 = true;
    this.#raw.parseJson = false;
  }

  columns(): string[] {
    checkOpen(this.#database);
    return this.#raw.columnNames();
  }

  mayHaveNewColumns(): boolean {
    return true;
  }

  all(values: SQLiteValue[]): SQLiteValue[][] {
    const args = this.#argumentsOf(values);
    return (args === undefined ? this.#raw.values() : this.#raw.values(args)) as SQLiteValue[][];
  }

  first(values: SQLiteValue[]): SQLiteValue[] | undefined {
    return this.all(values)[0];
  }

  run(values: SQLiteValue[]): Changes {
    const args = this.#argumentsOf(values);
    const changes = args === undefined ? this.#raw.run() : this.#raw.run(args);
    return { changes, lastInsertRowid: this.#lastInsertRowid() };
  }

  iterate(values: SQLiteValue[]): SyncCursor {
    // The driver's iterator leaves the statement running after it is closed.
    return cursorOver(this.all(values));
  }

  finalize(): void {
    if (!this.#database.open) return;
    try {
      this.#raw.finalize();
    } catch {
      // SQLite reports the last failure again; the statement is freed anyway.
    }
  }

  #argumentsOf(values: SQLiteValue[]): SQLiteValue[] | undefined {
    checkOpen(this.#database);
    if (values.length === 0) return undefined;
    return values;
  }

  /** The value reported by the driver is rounded. */
  #lastInsertRowid(): number | bigint {
    const statement = this.#database.prepare("SELECT last_insert_rowid()");
    try {
      statement.int64 = true;
      return statement.values()[0][0] as number | bigint;
    } finally {
      statement.finalize();
    }
  }
}

/** The driver would use freed memory and crash the process. */
function checkOpen({ open }: DbSqliteHandle): void {
  if (!open) throw misuse("the database is closed");
}
