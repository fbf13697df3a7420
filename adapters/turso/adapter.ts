/**
 * The driver `@tursodatabase/database`: a rewrite of SQLite that is not complete yet.
 *
 * @example
 * ```ts
 * import { connect } from "@tursodatabase/database";
 * import { adaptTurso } from "@sqlitepool/pool/turso";
 *
 * const conn = adaptTurso(await connect("app.db"), { intMode: "bigint" });
 * const { rows } = await conn.execute("SELECT ? AS answer", [42]);
 * await conn.close();
 * ```
 *
 * @module
 */

import { messageOf } from "../../src/platform/describe.ts";
import { codeFromMessage } from "../../src/sqlite/message_codes.ts";
import type { ColumnDescription, SQLiteValue } from "../../src/sqlite/types.ts";
import type { DriverConnection } from "../../src/driver/connection.ts";
import * as resultCode from "../../src/sqlite/result_codes.ts";
import type { Statement } from "../../src/sqlite/scan.ts";
import type { NulText } from "../../src/sqlite/bind.ts";
import {
  AsyncDriverConnection,
  type AsyncHandle,
  type Outcome,
} from "../../src/driver/async_connection.ts";
import { describeColumn } from "../../src/driver/columns.ts";
import type { DriverLimit } from "../limits.ts";
import { asInteger, plainRow } from "../native_values.ts";
import type { AdaptOptions } from "../options.ts";

import type { TursoHandle, TursoStatement } from "./handle.ts";

export { isTursoHandle } from "./handle.ts";
export type { TursoHandle, TursoStatement } from "./handle.ts";

/** The limits of the driver. */
export const tursoLimits: readonly DriverLimit[] = [
  ...[
    "negative-zero",
    "large-real",
    "extended-codes",
    "error-codes",
    "streaming",
    "interrupt-by-call",
    "without-rowid",
  ] as const,
];

/**
 * Creates a connection from a handle of Turso.
 *
 * @param handle A connected `Database`. The connection closes it.
 * @param options The options of the connection.
 * @throws {TypeError} for an invalid option.
 *
 * @example
 * ```ts
 * import { connect } from "@tursodatabase/database";
 * import { adaptTurso } from "@sqlitepool/pool/turso";
 *
 * const conn = adaptTurso(await connect(":memory:"));
 * await conn.execute("SELECT 1");
 * ```
 */
export function adaptTurso(
  handle: TursoHandle,
  options: Pick<AdaptOptions, "intMode"> = {},
): DriverConnection {
  return new AsyncDriverConnection(new Handle(handle), options);
}

class Handle implements AsyncHandle {
  readonly raw: TursoHandle;
  readonly library = "@tursodatabase/database";
  readonly nulText: NulText = "allowed";
  readonly inTransactionIsCertain: boolean = true;
  /** Its `interrupt()` is not implemented. */
  readonly canInterrupt = "by time limit";

  constructor(raw: TursoHandle) {
    this.raw = raw;
  }

  get inTransaction(): boolean {
    return this.raw.inTransaction;
  }

  refuse(value: SQLiteValue): string | undefined {
    if (Object.is(value, -0)) return "is -0, which Turso would store as the integer 0";
    return Number.isInteger(value) && !Number.isSafeInteger(value)
      ? "is a whole number of at least 2^53, which Turso would store as an INTEGER: pass a bigint"
      : undefined;
  }

  async run(
    { text, returning, verb }: Statement,
    values: SQLiteValue[],
    timeoutMs?: number,
  ): Promise<Outcome> {
    const writes = returning || ["insert", "replace", "update", "delete"].includes(verb);
    const statement = await this.raw.prepare(text);
    try {
      statement.raw(true);
      statement.safeIntegers(true);
      const rows = await all(statement, values, timeoutMs);
      const columns = statement.columns().map(({ name }) => name);
      const changes = writes ? await this.#lastChanges() : { changes: 0, lastInsertRowid: 0 };
      return { columns, rows, ...changes };
    } catch (error) {
      // What it has written would be seen until the end of the transaction, which cannot commit.
      const isHalf = writes && this.resultCodeOf(error) === resultCode.INTERRUPT;
      if (isHalf && this.inTransaction) await this.#rollBack();
      throw error;
    } finally {
      statement.close();
    }
  }

  /** Only their names: what the driver reports as type is the affinity. */
  async columnsOf({ text }: Statement): Promise<ColumnDescription[]> {
    const statement = await this.raw.prepare(text);
    try {
      return statement.columns().map(({ name }) => describeColumn(name));
    } finally {
      statement.close();
    }
  }

  async close(): Promise<void> {
    if (this.inTransaction) await this.#rollBack();
    await this.raw.close();
  }

  /** The driver reports no codes. These are its messages that differ from SQLite's. */
  resultCodeOf(error: unknown): number | undefined {
    const message = messageOf(error).replace(/^\w+ failed: /, "");
    if (message.startsWith(raisedPrefix)) return codeOfRaised(message.slice(raisedPrefix.length));
    if (/snapshot is stale/.test(message)) return resultCode.BUSY_SNAPSHOT;
    if (/is busy|is locked/.test(message)) return resultCode.BUSY;
    if (/read.?only|query_only/i.test(message)) return resultCode.READONLY;
    if (message === "statement was interrupted") return resultCode.INTERRUPT;
    if (/is full/.test(message)) return resultCode.FULL;
    if (/not a database/i.test(message)) return resultCode.NOTADB;
    if (/corrupt/i.test(message)) return resultCode.CORRUPT;
    return undefined;
  }

  async #rollBack(): Promise<void> {
    const statement = await this.raw.prepare("ROLLBACK");
    try {
      await all(statement, []);
    } finally {
      statement.close();
    }
  }

  async #lastChanges(): Promise<Omit<Outcome, "columns" | "rows">> {
    const statement = await this.raw.prepare("SELECT changes(), last_insert_rowid()");
    statement.raw(true);
    statement.safeIntegers(true);
    try {
      const [[changes, lastInsertRowid]] = await all(statement, []) as bigint[][];
      return { changes: Number(changes), lastInsertRowid };
    } finally {
      statement.close();
    }
  }
}

/** Errors while a statement runs, including those raised by triggers. */
const raisedPrefix = "Runtime error: ";

/** The text may come from a trigger, so a lock it mentions is not the database's. */
function codeOfRaised(words: string): number {
  const code = codeFromMessage(words.replace(/ \(\d+\)$/, ""));
  return code === resultCode.BUSY || code === resultCode.LOCKED ? resultCode.ERROR : code;
}

/** The longest time limit of the driver in milliseconds, which counts them in 32 bits. */
const LONGEST_MS = 2 ** 32 - 1;

async function all(
  statement: TursoStatement,
  values: SQLiteValue[],
  timeoutMs?: number,
): Promise<SQLiteValue[][]> {
  const args = values.map(asInteger);
  const call = timeoutMs === undefined || timeoutMs > LONGEST_MS
    ? statement.all(args)
    // 0 would be no limit.
    : statement.all(args, { queryTimeout: Math.max(1, Math.ceil(timeoutMs)) });
  const rows = await call as SQLiteValue[][];
  rows.forEach(plainRow);
  return rows;
}
