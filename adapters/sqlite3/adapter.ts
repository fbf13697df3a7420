/**
 * The driver `sqlite3`, whose methods take callbacks.
 *
 * @example
 * ```ts
 * import sqlite3 from "sqlite3";
 * import { adaptSqlite3 } from "@sqlitepool/pool/sqlite3";
 *
 * const conn = adaptSqlite3(new sqlite3.Database("app.db"));
 * const { rows } = await conn.execute("SELECT ? AS answer", [42]);
 * await conn.close();
 * ```
 *
 * @module
 */

import { misuse, SQLiteIntegerRangeError } from "../../src/sqlite/errors.ts";
import { codeFromMessage } from "../../src/sqlite/message_codes.ts";
import type { Row, SQLiteValue } from "../../src/sqlite/types.ts";
import type { DriverConnection } from "../../src/driver/connection.ts";
import { primaryCode } from "../../src/sqlite/result_codes.ts";
import type { Statement } from "../../src/sqlite/scan.ts";
import type { NulText } from "../../src/sqlite/bind.ts";
import {
  AsyncDriverConnection,
  type AsyncHandle,
  type Outcome,
} from "../../src/driver/async_connection.ts";
import type { DriverLimit } from "../limits.ts";
import { plainBytes } from "../native_values.ts";
import type { AdaptOptions } from "../options.ts";

import type { RunResult, Sqlite3Handle } from "./handle.ts";

export { isSqlite3Handle } from "./handle.ts";
export type { RunResult, Sqlite3Handle } from "./handle.ts";

/** The limits of the driver. */
export const sqlite3Limits: readonly DriverLimit[] = [
  ...["int64-in", "int64-out", "int-mode", "negative-zero", "duplicate-columns"] as const,
  ...["proto-column", "number-columns"] as const,
  ...["empty-columns", "extended-codes", "streaming"] as const,
];

/**
 * Creates a connection from a handle of sqlite3.
 *
 * @param handle A `Database`, open or opening. The connection closes it.
 * @param options The options of the connection.
 * @throws {TypeError} if `intMode` is not `"number"`, the only mode of the driver.
 *
 * @example
 * ```ts
 * import sqlite3 from "sqlite3";
 * import { adaptSqlite3 } from "@sqlitepool/pool/sqlite3";
 *
 * const conn = adaptSqlite3(new sqlite3.Database(":memory:"));
 * await conn.execute("SELECT 1");
 * ```
 */
export function adaptSqlite3(
  handle: Sqlite3Handle,
  options: Pick<AdaptOptions, "intMode"> = {},
): DriverConnection {
  if (options.intMode === "bigint") {
    throw new TypeError('intMode "bigint" is not to be had from sqlite3, which rounds integers');
  }
  return new AsyncDriverConnection(new CallbackHandle(handle), options);
}

const changesQuery = "SELECT changes() AS changes, CAST(last_insert_rowid() AS TEXT) AS rowid";

class CallbackHandle implements AsyncHandle {
  readonly raw: Sqlite3Handle;
  readonly library = "sqlite3";
  readonly nulText: NulText = "allowed";
  /** Derived from the statements that succeeded, because the driver does not report it. */
  readonly inTransactionIsCertain: boolean = false;
  inTransaction = false;
  readonly canInterrupt = "by call";
  /** Whether the caller's own statement is in the driver. */
  #running = false;

  constructor(raw: Sqlite3Handle) {
    this.raw = raw;
  }

  refuse(value: SQLiteValue): string | undefined {
    if (Object.is(value, -0)) return "is -0, which sqlite3 would store as the integer 0";
    const whole = typeof value === "bigint" || Number.isSafeInteger(value);
    if (!whole || BigInt.asIntN(32, BigInt(value as number)) === BigInt(value as number)) {
      return undefined;
    }
    return "is an integer of more than 32 bits, which sqlite3 would store as a REAL: pass it as " +
      "text, and write CAST(? AS INTEGER)";
  }

  async run(statement: Statement, values: SQLiteValue[]): Promise<Outcome> {
    try {
      const outcome = await this.#dispatch(statement, values.map(asArgument));
      await this.#follow(statement);
      return outcome;
    } catch (error) {
      if (this.inTransaction) this.inTransaction = await this.#isStillOpen();
      throw error;
    }
  }

  interrupt(): void {
    if (!this.#running) return;
    try {
      this.raw.interrupt();
    } catch {
      // The user closes the handle, which the driver does as soon as the statement has ended.
    }
  }

  close(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.raw.close((error) => error ? reject(error) : resolve());
    });
  }

  resultCodeOf(error: unknown): number | undefined {
    const { errno, message } = error as { errno?: unknown; message?: unknown };
    if (typeof errno !== "number") return undefined;
    const told = codeFromMessage(String(message));
    return primaryCode(told) === errno ? told : errno;
  }

  async #dispatch(statement: Statement, args: unknown[]): Promise<Outcome> {
    const { text, verb, returning } = statement;
    const gives = returning || ["select", "pragma", "explain", "other"].includes(verb);
    if (!gives) return { columns: [], rows: [], ...await this.#change(text, args) };
    const objects = await this.#asRunning(this.#all(text, args));
    const columns = Object.keys(objects[0] ?? {});
    const changes = returning ? await this.#lastChanges() : { changes: 0, lastInsertRowid: 0 };
    if (objects.length > 0 && (verb === "select" || returning)) {
      await this.#checkNames(text, columns);
    }
    const rows = objects.map((row) => columns.map((name) => fromDriver(row[name], name)));
    return { columns, rows, ...changes };
  }

  #all(sql: string, args: unknown[]): Promise<Row[]> {
    return new Promise((resolve, reject) => {
      this.raw.all(sql, args, (error, rows) => error ? reject(error) : resolve(rows as Row[]));
    });
  }

  async #change(sql: string, args: unknown[]): Promise<Omit<Outcome, "columns" | "rows">> {
    const { changes, lastID } = await this.#asRunning(this.#run(sql, args));
    if (Number.isSafeInteger(lastID)) return { changes, lastInsertRowid: lastID };
    return this.#lastChanges();
  }

  #run(sql: string, args: unknown[]): Promise<RunResult> {
    return new Promise((resolve, reject) => {
      this.raw.run(sql, args, function (error) {
        if (error) reject(error);
        else resolve({ changes: this.changes, lastID: this.lastID });
      });
    });
  }

  /** Lets `interrupt` stop the statement of a call, but not those that follow it. */
  async #asRunning<T>(call: Promise<T>): Promise<T> {
    this.#running = true;
    try {
      return await call;
    } finally {
      this.#running = false;
    }
  }

  async #lastChanges(): Promise<Omit<Outcome, "columns" | "rows">> {
    const [{ changes, rowid }] = await this.#all(changesQuery, []);
    return { changes: changes as number, lastInsertRowid: BigInt(rowid as string) };
  }

  /** An object keeps one value per name and moves numeric names to the front. */
  async #checkNames(sql: string, columns: string[]): Promise<void> {
    const program = await this.#all(`EXPLAIN ${sql}`, []);
    const result = program.find(({ opcode }) => opcode === "ResultRow");
    const moved = columns.length > 1 && columns.some((name) => /^\d+$/.test(name));
    if (!moved && (result === undefined || result.p2 === columns.length)) return;
    throw misuse(
      "sqlite3 returns rows as objects, which cannot represent these column names: two are equal, " +
        "or one is __proto__ or a number. Rename them with AS",
    );
  }

  async #follow({ verb }: Statement): Promise<void> {
    if (verb === "begin" || verb === "savepoint") this.inTransaction = true;
    else if (verb === "commit" || verb === "rollback") this.inTransaction = false;
    else if (verb === "release") this.inTransaction = await this.#isStillOpen();
  }

  /** Some errors end the transaction, and so may a RELEASE; only a BEGIN shows whether one did. */
  async #isStillOpen(): Promise<boolean> {
    try {
      await this.#run("BEGIN", []);
    } catch {
      return true;
    }
    await this.#run("ROLLBACK", []);
    return false;
  }
}

/** The driver supports neither views nor bigints. */
function asArgument(value: SQLiteValue): unknown {
  return typeof value === "bigint" ? Number(value) : value;
}

function fromDriver(value: SQLiteValue, column: string): SQLiteValue {
  if (typeof value === "object" && value !== null) return plainBytes(value);
  // From 2^53 an integer may be rounded; beyond 2^63 the value is a REAL.
  const doubtful = typeof value === "number" && Math.abs(value) > Number.MAX_SAFE_INTEGER &&
    Math.abs(value) <= 2 ** 63;
  if (doubtful) throw new SQLiteIntegerRangeError(column, "read CAST(column AS TEXT) instead");
  return value;
}
