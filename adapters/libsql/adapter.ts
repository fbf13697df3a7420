/**
 * The driver `libsql`, which has the methods of better-sqlite3.
 *
 * @example
 * ```ts
 * import Database from "libsql";
 * import { adaptLibsqlSync } from "@sqlitepool/pool/libsql-sync";
 *
 * const conn = adaptLibsqlSync(new Database("app.db"), { intMode: "bigint" });
 * const { rows } = await conn.execute("SELECT ? AS answer", [42]);
 * await conn.close();
 * ```
 *
 * @module
 */

import { misuse, SQLiteError } from "../../src/sqlite/errors.ts";
import type { ColumnDescription, SQLiteValue } from "../../src/sqlite/types.ts";
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
import { describeColumns } from "../native_columns.ts";
import { asInteger, plainRow } from "../native_values.ts";
import type { AdaptOptions } from "../options.ts";

import type { LibsqlStatement, LibsqlSyncHandle } from "./handle.ts";

export { isLibsqlSyncHandle } from "./handle.ts";
export type { LibsqlStatement, LibsqlSyncHandle } from "./handle.ts";

/** The limits of the driver. */
export const libsqlSyncLimits: readonly DriverLimit[] = [
  "nul-text",
  "streaming",
  "interrupt",
  "late-close",
];

/**
 * Creates a connection from a handle of libsql.
 *
 * @param handle An open `Database`. The connection closes it.
 * @param options The options of the connection.
 * @throws {TypeError | RangeError} for an invalid option.
 *
 * @example
 * ```ts
 * import Database from "libsql";
 * import { adaptLibsqlSync } from "@sqlitepool/pool/libsql-sync";
 *
 * const conn = adaptLibsqlSync(new Database(":memory:"));
 * await conn.execute("SELECT 1");
 * ```
 */
export function adaptLibsqlSync(
  handle: LibsqlSyncHandle,
  options: AdaptOptions = {},
): DriverConnection {
  return new SyncConnection(new LibsqlHandle(handle), options);
}

class LibsqlHandle implements SyncHandle {
  readonly raw: LibsqlSyncHandle;
  readonly library = "libsql";
  readonly closesLate = true;
  readonly nulText: NulText = "refused";

  constructor(raw: LibsqlSyncHandle) {
    this.raw = raw;
  }

  get inTransaction(): boolean {
    this.#checkOpen();
    return this.raw.inTransaction;
  }

  prepare(statement: Statement): SyncStatement {
    this.#checkOpen();
    return new LibsqlSyncStatement(this.raw, statement);
  }

  close(): void {
    if (!this.raw.open) return;
    // Statements that are not yet garbage-collected would keep the lock.
    if (this.raw.inTransaction) this.raw.prepare("ROLLBACK").run([]);
    this.raw.close();
  }

  resultCodeOf(error: unknown): number | undefined {
    const { rawCode } = error as { rawCode?: unknown };
    return error instanceof SQLiteError || typeof rawCode === "number"
      ? rawCode as number
      : undefined;
  }

  /** The driver crashes the process when a closed handle is used. */
  #checkOpen(): void {
    if (!this.raw.open) throw misuse("the database is closed");
  }
}

class LibsqlSyncStatement implements SyncStatement {
  readonly #database: LibsqlSyncHandle;
  readonly #raw: LibsqlStatement;
  readonly #reader: boolean;
  readonly #explains: boolean;
  #exact = false;

  constructor(database: LibsqlSyncHandle, { text, verb }: Statement) {
    this.#database = database;
    this.#explains = verb === "explain";
    this.#raw = database.prepare(text);
    this.#reader = this.#raw.reader;
    this.#raw.safeIntegers(false);
    if (this.#reader) this.#raw.raw(true);
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
    const args = this.#prepareFor(values, exact);
    const rows = this.#raw.all(args) as SQLiteValue[][];
    // SQLite does not end an EXPLAIN after its last row, and the driver resets statements only in
    // `get`. Otherwise it would hold the snapshot of the next read for all later ones.
    if (this.#explains) this.#raw.get(args);
    rows.forEach(plainRow);
    return rows;
  }

  first(values: SQLiteValue[], exact: boolean): SQLiteValue[] | undefined {
    const row = this.#raw.get(this.#prepareFor(values, exact)) as SQLiteValue[] | undefined;
    return row && plainRow(row);
  }

  run(values: SQLiteValue[]): Changes {
    const { changes, lastInsertRowid } = this.#raw.run(this.#prepareFor(values, true));
    if (Number.isSafeInteger(lastInsertRowid)) return { changes, lastInsertRowid };
    return { changes, lastInsertRowid: this.#exactRowid() };
  }

  iterate(values: SQLiteValue[]): SyncCursor {
    // The driver's own iterator cannot be closed.
    return cursorOver(this.all(values, true));
  }

  finalize(): void {
    // The driver frees statements on garbage collection or when the database is closed.
  }

  #prepareFor(values: SQLiteValue[], exact: boolean): SQLiteValue[] {
    if (!this.#database.open) throw misuse("the database is closed");
    if (exact !== this.#exact) {
      this.#exact = exact;
      this.#raw.safeIntegers(exact);
    }
    for (let i = 0; i < values.length; i++) values[i] = asInteger(values[i]);
    return values;
  }

  /** The value reported by the driver is rounded. */
  #exactRowid(): bigint {
    const statement = this.#database.prepare("SELECT last_insert_rowid()");
    statement.raw(true);
    statement.safeIntegers(true);
    return (statement.get([]) as bigint[])[0];
  }
}
