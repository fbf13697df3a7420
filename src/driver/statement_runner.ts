/**
 * Running statements on a synchronous handle: what they take, give and change.
 *
 * @module
 */

import { columnsOfRows } from "./columns.ts";
import { driverError } from "./driver_error.ts";
import { connectionClosed } from "../sqlite/errors.ts";
import type { BindParams, ResultSet, RowOptions, SQLiteValue } from "../sqlite/types.ts";
import { query, readRows } from "./query.ts";
import type { RowSource } from "./row_cursor.ts";
import { buildRows, type IntMode } from "../sqlite/rows.ts";
import {
  isWrite,
  scanStatement,
  soleStatement,
  splitScript,
  type Statement,
} from "../sqlite/scan.ts";
import { type Prepared, StatementCache } from "./statement_cache.ts";
import { StatementRows } from "./statement_rows.ts";
import {
  type Changes,
  cursorOver,
  type SyncCursor,
  type SyncHandle,
  type SyncStatement,
} from "./sync_handle.ts";
import { bindValues } from "../sqlite/bind.ts";

/**
 * Statements worth keeping. The others are rare, and some must not be kept: a PRAGMA takes
 * effect while it is prepared.
 */
const keptVerbs: ReadonlySet<string> = new Set([
  ...["select", "insert", "replace", "update", "delete"],
  ...["begin", "commit", "savepoint", "release"],
]);

/** Statements that may change the schema, and with it the columns of those that are kept. */
const schemaVerbs: ReadonlySet<string> = new Set([
  ...["create", "alter", "drop", "attach", "detach", "other"],
]);

const CHANGES = "SELECT changes(), last_insert_rowid()";

/** Runs statements on one handle and keeps those that may come again. */
export class StatementRunner {
  readonly #handle: SyncHandle;
  readonly #intMode: IntMode;
  readonly #statements: StatementCache;
  #lastChanges: SyncStatement | undefined;
  /** Whether a rollback might bring an older schema back. */
  #schemaChanged = false;
  #closed = false;

  /**
   * @param handle The driver's handle.
   * @param intMode How integers come out.
   * @param cacheSize How many statements are kept.
   * @throws {RangeError} The size is not a whole number of at least 0.
   */
  constructor(handle: SyncHandle, intMode: IntMode, cacheSize: number | undefined) {
    this.#handle = handle;
    this.#intMode = intMode;
    this.#statements = new StatementCache(cacheSize);
  }

  /**
   * Runs one statement to its end, or a SELECT to its first row where that is all that is wanted.
   *
   * @param sql The statement.
   * @param params Its parameters.
   * @param options How its rows are made.
   * @throws {SQLiteError | TypeError | RangeError} As `DriverConnection.execute` rejects.
   */
  execute<R>(
    sql: string,
    params: BindParams | undefined,
    options: RowOptions<R> | undefined,
  ): ResultSet<R> {
    const kept = this.#statements.get(sql);
    if (kept !== undefined) return this.#execute(kept, params, options);
    const prepared = this.#prepare(sql);
    try {
      return this.#execute(prepared, params, options);
    } finally {
      this.#putBack(prepared);
    }
  }

  /**
   * Runs the statements of a script up to the first that fails.
   *
   * @param script The script.
   * @throws {SQLiteError | TypeError | RangeError} As `DriverConnection.executeScript` rejects.
   */
  executeScript(script: string): void {
    for (const statement of splitScript(script)) {
      const prepared = this.#prepare(statement.text, statement);
      try {
        const values = bindValues(undefined, statement.parameters);
        if (givesRows(prepared)) readRows(this.#handle, prepared, values, false);
        else this.#change(prepared, values);
      } finally {
        this.#retire(prepared);
      }
    }
  }

  /**
   * Starts one statement, whose rows are read one by one. A statement that is no SELECT runs to
   * its end here.
   *
   * @param sql The statement.
   * @param params Its parameters.
   * @param options How its rows are made.
   * @returns The rows; closing them frees the statement.
   * @throws {SQLiteError | TypeError | RangeError} As `DriverConnection.execute` rejects.
   */
  open<R>(
    sql: string,
    params: BindParams | undefined,
    options: RowOptions<R> | undefined,
  ): RowSource<R> {
    // Not left in the cache: to run it again would end the rows that are being read.
    const prepared = this.#statements.take(sql) ?? this.#prepare(sql);
    try {
      const values = this.#bind(prepared.statement, params);
      return new StatementRows<R>(this.#start(prepared, values, options?.firstRowOnly === true), {
        prepared,
        intMode: this.#intMode,
        rowFactory: options?.rowFactory,
        toError: (error) => driverError(this.#handle, error, values),
        onClose: () => this.#putBack(prepared),
      });
    } catch (error) {
      this.#putBack(prepared);
      throw error;
    }
  }

  /**
   * Finalizes all statements and closes the handle. All rows must have been closed.
   *
   * @throws {SQLiteError} The driver could not close the handle.
   */
  close(): void {
    this.#closed = true;
    this.#statements.clear();
    this.#lastChanges?.finalize();
    try {
      this.#handle.close();
    } catch (error) {
      throw driverError(this.#handle, error);
    }
  }

  /** @throws {SQLiteError} `close` has been called. */
  checkOpen(): void {
    if (this.#closed) throw connectionClosed();
  }

  #prepare(sql: string, statement: Statement = soleStatement(sql)): Prepared {
    this.checkOpen();
    try {
      const driver = this.#handle.prepare(statement);
      const repeatable = statement.verb === "select";
      return {
        sql,
        statement,
        driver,
        columns: driver.columns(),
        repeatable,
        exact: this.#intMode === "bigint" || !repeatable,
        generation: this.#statements.generation,
      };
    } catch (error) {
      throw driverError(this.#handle, error);
    }
  }

  #bind(statement: Statement, params: BindParams | undefined): SQLiteValue[] {
    return bindValues(params, statement.parameters, this.#handle.nulText);
  }

  #execute<R>(
    prepared: Prepared,
    params: BindParams | undefined,
    options: RowOptions<R> | undefined,
  ): ResultSet<R> {
    const { statement } = prepared;
    const values = this.#bind(statement, params);
    if (!givesRows(prepared)) {
      return this.#resultSet(statement, this.#change(prepared, values), [], []);
    }
    if (!statement.returning) {
      return query(this.#handle, prepared, values, this.#intMode, options);
    }
    const read = readRows(this.#handle, prepared, values, options?.firstRowOnly === true);
    const changes = this.#changesOfLast();
    const columns = columnsOfRows(prepared, read);
    const rows = buildRows(read, columns, this.#intMode, true, options?.rowFactory)!;
    return this.#resultSet(statement, changes, columns.slice(), rows);
  }

  #resultSet<R>(
    { verb }: Statement,
    { changes, lastInsertRowid }: Changes,
    columns: string[],
    rows: R[],
  ): ResultSet<R> {
    const inserted = changes > 0 && (verb === "insert" || verb === "replace");
    return {
      columns,
      rows,
      rowsAffected: isWrite(verb) ? changes : 0,
      lastInsertRowid: inserted ? this.#rowid(lastInsertRowid) : undefined,
    };
  }

  #rowid(rowid: number | bigint): number | bigint {
    if (this.#intMode === "bigint") return BigInt(rowid);
    const number = Number(rowid);
    return Number.isSafeInteger(number) ? number : rowid;
  }

  /** Runs a statement that gives no rows. */
  #change({ driver }: Prepared, values: SQLiteValue[]): Changes {
    try {
      return driver.run(values);
    } catch (error) {
      throw driverError(this.#handle, error, values);
    }
  }

  #start(prepared: Prepared, values: SQLiteValue[], firstRowOnly: boolean): SyncCursor {
    if (!givesRows(prepared)) {
      this.#change(prepared, values);
      return cursorOver([]);
    }
    if (!prepared.repeatable || firstRowOnly) {
      return cursorOver(readRows(this.#handle, prepared, values, firstRowOnly));
    }
    try {
      return prepared.driver.iterate(values);
    } catch (error) {
      throw driverError(this.#handle, error, values);
    }
  }

  /** What the last statement changed; drivers do not tell that of one that gave rows. */
  #changesOfLast(): Changes {
    try {
      this.#lastChanges ??= this.#handle.prepare(scanStatement(CHANGES)!);
      const [changes, lastInsertRowid] = this.#lastChanges.all([], true)[0] as bigint[];
      return { changes: Number(changes), lastInsertRowid };
    } catch (error) {
      throw driverError(this.#handle, error);
    }
  }

  /** Keeps a statement that is not in use any more, or finalizes it. */
  #putBack(prepared: Prepared): void {
    const { driver, statement } = prepared;
    if (keptVerbs.has(statement.verb) && !driver.once) this.#statements.give(prepared);
    else this.#retire(prepared);
  }

  #retire(prepared: Prepared): void {
    const { verb } = prepared.statement;
    prepared.driver.finalize();
    const undone = this.#schemaChanged && verb.startsWith("rollback");
    this.#schemaChanged ||= schemaVerbs.has(verb);
    // SQLite prepares statements again by itself, but the names of their columns are ours.
    if (undone || schemaVerbs.has(verb)) this.#statements.clear();
  }
}

function givesRows({ columns }: Prepared): boolean {
  return columns.length > 0;
}
