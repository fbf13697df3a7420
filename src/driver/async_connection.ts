/**
 * The connection that asynchronous drivers share: one statement at a time, in the order of calls.
 *
 * @module
 */

import { type BindLimits, bindValues } from "../sqlite/bind.ts";
import { copyBytes } from "../sqlite/bind/take_params.ts";
import { classify } from "../sqlite/classify.ts";
import { connectionClosed, SQLiteError, withStatement } from "../sqlite/errors.ts";
import * as resultCode from "../sqlite/result_codes.ts";
import { type Outcome, resultSetOf } from "../sqlite/outcome.ts";
import type { IntMode } from "../sqlite/rows.ts";
import { scanStatement, soleStatement, splitScript, type Statement } from "../sqlite/scan.ts";
import { mayChangeSchema, type Verb } from "../sqlite/statement_head.ts";
import type {
  BindParams,
  ColumnDescription,
  ResultSet,
  Row,
  RowOptions,
  SQLiteValue,
  StatementDescription,
} from "../sqlite/types.ts";
import { BufferedCursor } from "./buffered_cursor.ts";
import type { CanInterrupt, DriverConnection, ExecuteOptions } from "./connection.ts";
import { driverError } from "./driver_error.ts";
import {
  type LastRowid,
  lastRowidQuery,
  saysNoRowid,
  toLastRowid,
  upsertInserted,
} from "./inserted_rowid.ts";

export type { Outcome } from "../sqlite/outcome.ts";

/** How a connection over an asynchronous handle behaves. */
export interface AsyncConnectionOptions {
  /** How integers are returned. Default: `"number"`. */
  intMode?: IntMode;
}

/**
 * What a connection needs from an asynchronous driver. `SyncStatement` documents which values are
 * passed and what may be thrown.
 */
export interface AsyncHandle extends BindLimits {
  /** The driver's own object. */
  readonly raw: unknown;
  /** The SQLite library that the driver brings; see `DriverConnection`. */
  readonly library?: string;
  /** Whether files may stay open after the connection was closed. */
  readonly closesLate?: boolean;
  /** Whether a transaction is open. */
  readonly inTransaction: boolean;
  /** Whether the driver itself reports `inTransaction`. */
  readonly inTransactionIsCertain: boolean;
  /** Whether outcomes say if the last rowid is their own, which saves a query. */
  readonly tellsRowids?: boolean;
  /** What can stop a running statement; absent if nothing can. */
  readonly canInterrupt?: CanInterrupt;
  /**
   * Runs one statement to completion. Nothing else runs in the meantime.
   *
   * @param timeoutMs a time limit, for handles that can stop statements by one.
   */
  run(statement: Statement, values: SQLiteValue[], timeoutMs?: number): Promise<Outcome>;
  /**
   * Stops the statement of `run`, but none that the handle itself runs before or after it. Does
   * nothing unless the driver runs it.
   */
  interrupt?(): void;
  /** Tells the columns of a statement without running it, if the driver can. */
  columnsOf?(statement: Statement): Promise<ColumnDescription[]>;
  /** Rolls back an open transaction and closes the database. */
  close(): Promise<void>;
  /** SQLite's result code for a driver error; `undefined` if the driver reports none. */
  resultCodeOf(error: unknown): number | undefined;
}

/** The maximum number of tables remembered. */
const MOST_TABLES = 128;

const rollbackStatement = scanStatement("ROLLBACK")!;

/**
 * Statements that are never stopped: they are short, and a transaction that cannot be ended would
 * keep its locks.
 */
const unstoppable: ReadonlySet<Verb> = new Set(
  ["begin", "commit", "rollback", "rollback to", "savepoint", "release"],
);

/** A connection over an asynchronous handle of a driver. */
export class AsyncDriverConnection implements DriverConnection {
  /** Describes a statement, if the driver can; see `DriverConnection`. */
  readonly describe?: (sql: string) => Promise<StatementDescription>;
  /** Stops the statement in progress, if the driver can; see `DriverConnection`. */
  readonly interrupt?: () => void;
  readonly #handle: AsyncHandle;
  readonly #intMode: IntMode;
  readonly #cursors = new Set<BufferedCursor<unknown>>();
  /**
   * Whether tables have rowids, by their names in INSERT statements; cleared when the schema
   * changes.
   */
  readonly #rowidTables = new Map<string, boolean>();
  #last: Promise<unknown> = Promise.resolve();
  /** Whether the statement in progress may be stopped. */
  #stoppable = false;
  #closed: Promise<void> | undefined;

  /**
   * @param handle The driver's handle.
   * @param options How the connection behaves.
   * @throws {TypeError} An option is not one of the allowed values.
   */
  constructor(handle: AsyncHandle, { intMode = "number" }: AsyncConnectionOptions = {}) {
    if (intMode !== "number" && intMode !== "bigint") {
      throw new TypeError(`intMode must be "number" or "bigint", got ${String(intMode)}`);
    }
    this.#handle = handle;
    this.#intMode = intMode;
    if (handle.columnsOf !== undefined) this.describe = (sql) => this.#describe(sql);
    if (handle.interrupt !== undefined) {
      this.interrupt = () => {
        if (this.#stoppable) this.#handle.interrupt!();
      };
    }
  }

  /** The driver's own handle. */
  get raw(): unknown {
    return this.#handle.raw;
  }

  /** The SQLite library behind it. */
  get library(): string | undefined {
    return this.#handle.library;
  }

  /** Whether its file may stay open after the connection was closed. */
  get closesLate(): boolean {
    return this.#handle.closesLate === true;
  }

  /** What can stop a running statement. */
  get canInterrupt(): CanInterrupt | undefined {
    return this.#handle.canInterrupt;
  }

  /** Whether a transaction is open. */
  get inTransaction(): boolean {
    return this.#closed === undefined && this.#handle.inTransaction;
  }

  /** Whether the driver itself reports `inTransaction`. */
  get inTransactionIsCertain(): boolean {
    return this.#handle.inTransactionIsCertain;
  }

  /** Runs one statement; see `DriverConnection`. */
  async execute<R = Row>(
    sql: string,
    params?: BindParams,
    options?: ExecuteOptions<R>,
  ): Promise<ResultSet<R>> {
    try {
      const statement = soleStatement(sql);
      const { outcome, madeRowid } = await this.#run(statement, params, options?.timeoutMs);
      return resultSetOf(statement.verb, outcome, this.#intMode, options, madeRowid);
    } catch (error) {
      throw withStatement(error, sql);
    }
  }

  /** Iterates over the rows of one statement, all of which are read at the first `next()`. */
  iterate<R = Row>(sql: string, params?: BindParams, options?: RowOptions<R>): BufferedCursor<R> {
    const read = async () => (await this.execute(sql, params, options)).rows;
    return new BufferedCursor(read, this.#cursors);
  }

  /** Runs every statement of a script, up to the first that fails. */
  async executeScript(sql: string): Promise<void> {
    this.#checkOpen();
    for (const statement of splitScript(sql)) {
      try {
        await this.#run(statement, undefined);
      } catch (error) {
        throw withStatement(error, statement.text);
      }
    }
  }

  /** Closes open cursors and rolls back the open transaction, if any. */
  async rollback(): Promise<void> {
    this.#checkOpen();
    this.#cutOffCursors(
      new SQLiteError("the cursor was closed by a rollback", resultCode.ABORT_ROLLBACK),
    );
    await this.#inTurn(async () => {
      if (this.#handle.inTransaction) await this.#handle.run(rollbackStatement, []);
    }).catch((error) => {
      throw driverError(this.#handle, error);
    });
  }

  /** Closes open cursors and the handle once earlier calls have ended. */
  close(): Promise<void> {
    if (this.#closed !== undefined) return this.#closed;
    this.#cutOffCursors(connectionClosed());
    const closed = this.#inTurn(() => this.#handle.close()).catch((error) => {
      throw driverError(this.#handle, error);
    });
    return this.#closed = closed;
  }

  async #run(
    statement: Statement,
    params: BindParams | undefined,
    timeoutMs?: number,
  ): Promise<{ outcome: Outcome; madeRowid: boolean }> {
    this.#checkOpen();
    const values = this.#bind(statement, params);
    try {
      return await this.#inTurn(async () => {
        const asks = !this.#handle.tellsRowids;
        const before = asks && statement.upserts ? await this.#lastRowid(statement) : undefined;
        const outcome = await this.#runStoppable(statement, values, timeoutMs);
        const { verb } = statement;
        if (mayChangeSchema(verb) || verb.startsWith("rollback")) this.#rowidTables.clear();
        const madeRowid = asks
          ? await this.#madeRowid(statement, outcome, before)
          : outcome.madeRowid === true;
        return { outcome, madeRowid };
      });
    } catch (error) {
      throw driverError(this.#handle, error, values);
    }
  }

  async #runStoppable(
    statement: Statement,
    values: SQLiteValue[],
    timeoutMs: number | undefined,
  ): Promise<Outcome> {
    const stoppable = this.#stoppable = !unstoppable.has(statement.verb);
    try {
      return await this.#handle.run(statement, values, stoppable ? timeoutMs : undefined);
    } finally {
      this.#stoppable = false;
    }
  }

  async #describe(sql: string): Promise<StatementDescription> {
    try {
      this.#checkOpen();
      const statement = soleStatement(sql);
      const { expectDescribable } = await import("./describe_statement.ts");
      expectDescribable(sql);
      const columns = await this.#inTurn(() => this.#handle.columnsOf!(statement));
      return { readonly: classify(sql).reads, columns, parameters: [...statement.parameters] };
    } catch (error) {
      throw withStatement(driverError(this.#handle, error), sql);
    }
  }

  #bind({ parameters }: Statement, params: BindParams | undefined): SQLiteValue[] {
    const values = bindValues(params, parameters, this.#handle);
    // The caller may change the bytes before the statement runs.
    return values.map((value) => value instanceof Uint8Array ? copyBytes(value)! : value);
  }

  /** Whether the statement that has just run inserted the last rowid. */
  async #madeRowid(
    statement: Statement,
    { changes, lastInsertRowid }: Outcome,
    before: LastRowid | undefined,
  ): Promise<boolean> {
    const { target, upserts } = statement;
    if (changes === 0 || target === undefined) return false;
    try {
      if (!upserts) return await this.#hasRowid(statement);
      const existsNow = async (): Promise<boolean> =>
        (await this.#lastRowid(statement))?.exists === true;
      return before !== undefined && await upsertInserted(before, lastInsertRowid, existsNow);
    } catch {
      // The statement has taken effect and must not be reported as failed.
      return true;
    }
  }

  async #hasRowid(statement: Statement): Promise<boolean> {
    const target = statement.target!;
    const known = this.#rowidTables.get(target);
    if (known !== undefined) return known;
    const hasRowid = await this.#lastRowid(statement) !== undefined;
    if (this.#rowidTables.size >= MOST_TABLES) this.#rowidTables.clear();
    this.#rowidTables.set(target, hasRowid);
    return hasRowid;
  }

  /** `undefined` for a table without rowids. */
  async #lastRowid({ target }: Statement): Promise<LastRowid | undefined> {
    if (target === undefined) return undefined;
    try {
      const { rows: [row] } = await this.#handle.run(lastRowidQuery(target), []);
      return toLastRowid(row);
    } catch (error) {
      if (saysNoRowid(error)) return undefined;
      throw error;
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => {});
    return turn;
  }

  #checkOpen(): void {
    if (this.#closed !== undefined) throw connectionClosed();
  }

  #cutOffCursors(reason: SQLiteError): void {
    for (const cursor of [...this.#cursors]) cursor.cutOff(reason);
  }
}
