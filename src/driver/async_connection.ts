/**
 * The connection that asynchronous drivers share: one statement at a time, in the order of calls.
 *
 * @module
 */

import { messageOf } from "../platform/describe.ts";
import { SQLitePoolError } from "../pool/errors.ts";
import { connectionClosed, SQLiteError } from "../sqlite/errors.ts";
import { codeFromMessage } from "../sqlite/message_codes.ts";
import type { BindParams, ResultSet, Row, RowOptions, SQLiteValue } from "../sqlite/types.ts";
import type { DriverConnection } from "./connection.ts";
import { redactValues } from "./redact.ts";
import * as resultCode from "../sqlite/result_codes.ts";
import type { IntMode } from "../sqlite/rows.ts";
import { scanStatement, soleStatement, splitScript, type Statement } from "../sqlite/scan.ts";
import { bindValues, copyBytes, type NulText } from "../sqlite/bind.ts";
import { BufferedCursor } from "./buffered_cursor.ts";
import { type Outcome, resultSetOf } from "../sqlite/outcome.ts";

export type { Outcome } from "../sqlite/outcome.ts";

/** How a connection over an asynchronous handle behaves. */
export interface AsyncConnectionOptions {
  /** How integers come out; `"number"` without it. */
  intMode?: IntMode;
}

/** What a connection needs of an asynchronous driver. */
export interface AsyncHandle {
  /** The driver's own object. */
  readonly raw: unknown;
  /** The SQLite library that the driver brings; see `DriverConnection`. */
  readonly library?: string;
  /** Whether files may stay open after they were closed. */
  readonly closesLate?: boolean;
  /** Whether a transaction is open. */
  readonly inTransaction: boolean;
  /** Whether that is the driver's own word. */
  readonly inTransactionIsCertain: boolean;
  /** Whether text with NUL characters survives the driver. */
  readonly nulText: NulText;
  /** Why the driver cannot bind a value as it is; `undefined` where it can. */
  refuse(value: SQLiteValue): string | undefined;
  /** Runs one statement to its end. Nothing else runs meanwhile. */
  run(statement: Statement, values: SQLiteValue[]): Promise<Outcome>;
  /** Rolls back what is open, and closes the database. */
  close(): Promise<void>;
  /** SQLite's result code of what the driver threw; `undefined` where it gives none. */
  resultCodeOf(error: unknown): number | undefined;
}

const rollbackStatement = scanStatement("ROLLBACK")!;

/** A connection over an asynchronous handle of a driver. */
export class AsyncDriverConnection implements DriverConnection {
  readonly #handle: AsyncHandle;
  readonly #intMode: IntMode;
  readonly #cursors = new Set<BufferedCursor<unknown>>();
  #last: Promise<unknown> = Promise.resolve();
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
  }

  /** The driver's own handle. */
  get raw(): unknown {
    return this.#handle.raw;
  }

  /** The SQLite library behind it. */
  get library(): string | undefined {
    return this.#handle.library;
  }

  /** Whether its file may stay open after it was closed. */
  get closesLate(): boolean {
    return this.#handle.closesLate === true;
  }

  /** Whether a transaction is open. */
  get inTransaction(): boolean {
    return this.#closed === undefined && this.#handle.inTransaction;
  }

  /** Whether `inTransaction` is the driver's own word. */
  get inTransactionIsCertain(): boolean {
    return this.#handle.inTransactionIsCertain;
  }

  /** Runs one statement; see `DriverConnection`. */
  async execute<R = Row>(
    sql: string,
    params?: BindParams,
    options?: RowOptions<R>,
  ): Promise<ResultSet<R>> {
    const statement = soleStatement(sql);
    const outcome = await this.#run(statement, params);
    return resultSetOf(statement.verb, outcome, this.#intMode, options);
  }

  /** Gives the rows of one statement, all of which are read at the first `next()`. */
  iterate<R = Row>(sql: string, params?: BindParams, options?: RowOptions<R>): BufferedCursor<R> {
    const read = async () => (await this.execute(sql, params, options)).rows;
    return new BufferedCursor(read, this.#cursors);
  }

  /** Runs every statement of a script, up to the first that fails. */
  async executeScript(sql: string): Promise<void> {
    this.#checkOpen();
    for (const statement of splitScript(sql)) await this.#run(statement, undefined);
  }

  /** Closes open cursors and rolls the open transaction back, if there is one. */
  async rollback(): Promise<void> {
    this.#checkOpen();
    this.#cutOffCursors(
      new SQLiteError("the cursor was closed by a rollback", resultCode.ABORT_ROLLBACK),
    );
    await this.#inTurn(async () => {
      if (this.#handle.inTransaction) await this.#handle.run(rollbackStatement, []);
    }).catch((error) => {
      throw this.#toError(error, []);
    });
  }

  /** Closes open cursors and the handle, once the calls before it have ended. */
  close(): Promise<void> {
    if (this.#closed !== undefined) return this.#closed;
    this.#cutOffCursors(connectionClosed());
    const closed = this.#inTurn(() => this.#handle.close()).catch((error) => {
      throw this.#toError(error, []);
    });
    return this.#closed = closed;
  }

  async #run(statement: Statement, params: BindParams | undefined): Promise<Outcome> {
    this.#checkOpen();
    const values = this.#bind(statement, params);
    try {
      return await this.#inTurn(() => this.#handle.run(statement, values));
    } catch (error) {
      throw this.#toError(error, values);
    }
  }

  #bind({ parameters }: Statement, params: BindParams | undefined): SQLiteValue[] {
    const values = bindValues(params, parameters, this.#handle.nulText);
    return values.map((value, index) => {
      const reason = this.#handle.refuse(value);
      if (reason !== undefined) throw new RangeError(`parameter ${index + 1} ${reason}`);
      // Its turn may come after the caller has changed the bytes.
      return value instanceof Uint8Array ? copyBytes(value)! : value;
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => {});
    return turn;
  }

  #toError(error: unknown, values: readonly SQLiteValue[]): SQLiteError | SQLitePoolError {
    if (error instanceof SQLiteError) return error;
    // A handle over a network says more than SQLite can: that the outcome is unknown, say.
    if (error instanceof SQLitePoolError) return error;
    const message = messageOf(error);
    const code = this.#handle.resultCodeOf(error) ?? codeFromMessage(message);
    return new SQLiteError(redactValues(message, values), code, { cause: error });
  }

  #checkOpen(): void {
    if (this.#closed !== undefined) throw connectionClosed();
  }

  #cutOffCursors(reason: SQLiteError): void {
    for (const cursor of [...this.#cursors]) cursor.cutOff(reason);
  }
}
