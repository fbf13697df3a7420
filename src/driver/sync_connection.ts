/**
 * The connection that all synchronous drivers share.
 *
 * @module
 */

import { systemEnvironment } from "../platform/clock.ts";
import { connectionClosed, SQLiteError } from "../sqlite/errors.ts";
import type {
  BindParams,
  ResultSet,
  Row,
  RowOptions,
  StatementDescription,
} from "../sqlite/types.ts";
import type { DriverConnection } from "./connection.ts";
import type { Prepared } from "./statement_cache.ts";
import * as resultCode from "../sqlite/result_codes.ts";
import { RowCursor } from "./sync_cursor.ts";
import type { IntMode } from "../sqlite/rows.ts";
import { StatementRunner } from "./statement_runner.ts";
import { type OnTiming, reportTiming } from "./timing.ts";
import { splitScript } from "../sqlite/scan.ts";
import type { SyncHandle } from "./sync_handle.ts";

const { now } = systemEnvironment.clock;

/** How a connection over a synchronous handle behaves. */
export interface SyncConnectionOptions {
  /** How integers are returned. Default: `"number"`. */
  intMode?: IntMode;
  /** How many prepared statements are cached. Default: 128. */
  statementCacheSize?: number;
  /** Called after each statement with its text and its duration in milliseconds. */
  onTiming?: OnTiming;
}

/**
 * A connection over a synchronous handle of a driver.
 *
 * Every method has completed its work by the time it returns its promise.
 */
export class SyncConnection implements DriverConnection {
  /** Always true: the driver is asked. */
  readonly inTransactionIsCertain: boolean = true;
  readonly #handle: SyncHandle;
  readonly #runner: StatementRunner;
  readonly #cursors = new Set<RowCursor<unknown>>();
  readonly #onTiming: OnTiming | undefined;
  #closed: Promise<void> | undefined;

  /**
   * Creates a connection that owns a handle and closes it.
   *
   * @param handle The driver's handle.
   * @param options How the connection behaves.
   * @throws {TypeError | RangeError} An option is not one of the allowed values.
   */
  constructor(handle: SyncHandle, options: SyncConnectionOptions = {}) {
    const { intMode = "number", statementCacheSize, onTiming } = options;
    if (intMode !== "number" && intMode !== "bigint") {
      throw new TypeError(`intMode must be "number" or "bigint", got ${String(intMode)}`);
    }
    this.#handle = handle;
    this.#onTiming = onTiming;
    this.#runner = new StatementRunner(handle, intMode, statementCacheSize);
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

  /**
   * Whether a transaction is open.
   *
   * @throws {SQLiteError} if the handle was closed elsewhere, so that the pool must not reuse it.
   */
  get inTransaction(): boolean {
    if (this.#closed !== undefined) return false;
    try {
      return this.#handle.inTransaction;
    } catch (cause) {
      throw new SQLiteError("the connection was closed outside the pool", resultCode.MISUSE, {
        cause,
      });
    }
  }

  /**
   * Runs one statement.
   *
   * @param sql The statement.
   * @param params Its parameters.
   * @param options How its rows are made.
   * @returns Its rows and changes.
   * @throws {SQLiteError} if SQLite rejects it, or the text is not exactly one statement.
   * @throws {TypeError | RangeError} if the parameters do not match the statement.
   */
  execute<R = Row>(
    sql: string,
    params?: BindParams,
    options?: RowOptions<R>,
  ): Promise<ResultSet<R>> {
    try {
      return Promise.resolve(this.#runner.execute(sql, params, options));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * The synchronous form of {@linkcode SyncConnection.execute}.
   *
   * @param sql The statement.
   * @param params Its parameters.
   * @param options How its rows are made.
   * @returns Its rows and changes.
   * @throws {SQLiteError} if SQLite rejects it, or the text is not exactly one statement.
   * @throws {TypeError | RangeError} if the parameters do not match the statement.
   */
  executeSync<R = Row>(sql: string, params?: BindParams, options?: RowOptions<R>): ResultSet<R> {
    if (this.#onTiming === undefined) return this.#runner.execute(sql, params, options);
    const startedAt = now();
    try {
      return this.#runner.execute(sql, params, options);
    } finally {
      reportTiming(this.#onTiming, sql, now() - startedAt);
    }
  }

  /**
   * Describes a statement without running it.
   *
   * @param sql The statement.
   * @throws {SQLiteError} if SQLite rejects it, or the driver cannot describe it.
   */
  async describe(sql: string): Promise<StatementDescription> {
    const { describeWith } = await import("./describe_statement.ts");
    return describeWith(this, sql);
  }

  /** Begins a transaction that the following reads share; see `DriverConnection`. */
  beginReads(): boolean {
    try {
      this.executeSync("BEGIN");
      return true;
    } catch {
      return false;
    }
  }

  /** Ends the transaction of reads; see `DriverConnection`. */
  endReads(): boolean {
    try {
      if (this.inTransaction) this.executeSync("COMMIT");
      return true;
    } catch {
      return false;
    }
  }

  /** Prepares a statement, passes it to `look`, and finalizes it. */
  inspectSync<T>(sql: string, look: (prepared: Prepared) => T): T {
    return this.#runner.inspect(sql, look);
  }

  /**
   * Streams the rows of one statement, which starts at the first `next()`.
   *
   * @param sql The statement.
   * @param params Its parameters.
   * @param options How its rows are made.
   * @returns An iterator whose `return()` frees the statement at once.
   */
  iterate<R = Row>(sql: string, params?: BindParams, options?: RowOptions<R>): RowCursor<R> {
    return new RowCursor(() => this.#runner.open(sql, params, options), this.#cursors);
  }

  /**
   * Runs the statements of a script in order until one fails.
   *
   * @param sql The script. It takes no parameters.
   * @throws {SQLiteError} if a statement fails; those before it have taken effect.
   */
  executeScript(sql: string): Promise<void> {
    return attempt(() => this.executeScriptSync(sql));
  }

  /**
   * The synchronous form of {@linkcode SyncConnection.executeScript}.
   *
   * @param sql The script. It takes no parameters.
   * @throws {SQLiteError} if a statement fails; those before it have taken effect.
   */
  executeScriptSync(sql: string): void {
    this.#runner.executeScript(sql);
  }

  /**
   * Splits a script into statements.
   *
   * @param sql The script.
   */
  *splitScript(sql: string): IterableIterator<string> {
    for (const { text } of splitScript(sql)) yield text;
  }

  /** Closes open cursors and rolls back the open transaction, if any. */
  rollback(): Promise<void> {
    return attempt(() => this.rollbackSync());
  }

  /** The synchronous form of {@linkcode SyncConnection.rollback}. */
  rollbackSync(): void {
    this.#runner.checkOpen();
    this.#cutOffCursors(
      new SQLiteError("the cursor was closed by a rollback", resultCode.ABORT_ROLLBACK),
    );
    if (this.inTransaction) this.#runner.execute("ROLLBACK", undefined, undefined);
  }

  /** Closes open cursors, finalizes all statements and closes the handle. */
  close(): Promise<void> {
    return this.#closed ??= attempt(() => this.closeSync());
  }

  /** The synchronous form of {@linkcode SyncConnection.close}. */
  closeSync(): void {
    this.#closed ??= Promise.resolve();
    this.#cutOffCursors(connectionClosed());
    this.#runner.close();
  }

  #cutOffCursors(reason: SQLiteError): void {
    for (const cursor of [...this.#cursors]) cursor.cutOff(reason);
  }
}

function attempt<T>(work: () => T): Promise<T> {
  try {
    return Promise.resolve(work());
  } catch (error) {
    return Promise.reject(error);
  }
}
