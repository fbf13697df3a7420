/**
 * Runs statements on a synchronous handle: parameters, rows and changes.
 *
 * @module
 */

import { bindValues } from "../sqlite/bind.ts";
import { connectionClosed, withStatement } from "../sqlite/errors.ts";
import { areTrusted, buildRows, type IntMode } from "../sqlite/rows.ts";
import { scanStatement, soleStatement, splitScript, type Statement } from "../sqlite/scan.ts";
import { isWrite, mayChangeSchema } from "../sqlite/statement_head.ts";
import type { BindParams, ResultSet, Row, RowOptions, SQLiteValue } from "../sqlite/types.ts";
import { columnsOfObjects, columnsOfRows, mayGiveRows } from "./columns.ts";
import { driverError } from "./driver_error.ts";
import { type LastRowid, RowidProbe } from "./inserted_rowid.ts";
import { type Prepared, StatementCache } from "./statement_cache.ts";
import { type RowSource, StatementRows } from "./sync_cursor.ts";
import {
  type Changes,
  cursorOver,
  type SyncCursor,
  type SyncHandle,
  type SyncStatement,
} from "./sync_handle.ts";

/**
 * Statements worth caching. The others are rare, and some must not be cached: a PRAGMA may take
 * effect when it is prepared.
 */
const keptVerbs: ReadonlySet<string> = new Set([
  ...["select", "insert", "replace", "update", "delete"],
  ...["begin", "commit", "savepoint", "release"],
]);

const CHANGES = "SELECT changes(), last_insert_rowid()";

/** Runs statements on one handle and caches those that may be used again. */
export class StatementRunner {
  readonly #handle: SyncHandle;
  readonly #intMode: IntMode;
  readonly #statements: StatementCache;
  readonly #rowids: RowidProbe;
  #lastChanges: SyncStatement | undefined;
  /** Whether a rollback might restore an older schema. */
  #schemaChanged = false;
  #closed = false;

  /**
   * @param handle The driver's handle.
   * @param intMode How integers are returned.
   * @param cacheSize The maximum number of cached statements.
   * @throws {RangeError} if the size is not a whole number of at least 0.
   */
  constructor(handle: SyncHandle, intMode: IntMode, cacheSize: number | undefined) {
    this.#handle = handle;
    this.#intMode = intMode;
    this.#statements = new StatementCache(cacheSize);
    this.#rowids = new RowidProbe(handle);
  }

  /**
   * Runs one statement to completion, or a SELECT up to its first row if only that is wanted. All
   * in one method, because each layer slows short statements down by several percent.
   *
   * @param sql The statement.
   * @param params Its parameters.
   * @param options How rows are created.
   * @throws {SQLiteError | TypeError | RangeError} As `DriverConnection.execute` rejects.
   */
  execute<R>(
    sql: string,
    params: BindParams | undefined,
    options: RowOptions<R> | undefined,
  ): ResultSet<R> {
    const handle = this.#handle;
    const intMode = this.#intMode;
    let fresh: Prepared | undefined;
    try {
      const prepared = this.#statements.get(sql) ?? (fresh = this.#prepare(sql));
      const { driver, givesRows, repeatable, statement } = prepared;
      const rowFactory = options?.rowFactory;
      const firstRowOnly = options?.firstRowOnly === true;
      const values = bindValues(params, statement.parameters, handle);
      const before = statement.upserts ? this.#beforeUpsert(statement) : undefined;
      if (!givesRows) {
        return this.#changeResult(prepared, this.#change(prepared, values), before, [], []);
      }
      for (;;) {
        const { exact } = prepared;
        let changes: Changes | undefined;
        let objects: Row[] | undefined;
        let read: SQLiteValue[][] | undefined;
        try {
          // Row objects of the driver can be used only if they need no conversion.
          const fit = repeatable && rowFactory === undefined && exact === (intMode === "bigint");
          if (fit) objects = driver.objects?.(values, exact, firstRowOnly);
          if (objects === undefined) {
            if (firstRowOnly && repeatable) {
              const row = driver.first(values, exact);
              read = row === undefined ? [] : [row];
            } else read = driver.all(values, exact);
            if (statement.returning) changes = this.#changesOfLast();
          }
        } catch (error) {
          throw driverError(handle, error, values);
        }
        if (objects !== undefined) {
          const columns = columnsOfObjects(prepared, objects);
          if (exact || areTrusted(objects, columns)) {
            return queryResult(columns, objects as unknown[] as R[]);
          }
        } else if (read !== undefined) {
          const wanted = firstRowOnly && !repeatable ? read.slice(0, 1) : read;
          const columns = columnsOfRows(prepared, read);
          const rows = buildRows(wanted, columns, intMode, exact, rowFactory);
          if (rows !== undefined) {
            if (changes === undefined) return queryResult(columns, rows);
            return this.#changeResult(prepared, changes, before, columns.slice(), rows);
          }
        }
        // Permanently: a statement that returned large integers once will do so again.
        prepared.exact = true;
      }
    } catch (error) {
      throw withStatement(error, sql);
    } finally {
      if (fresh !== undefined) this.#putBack(fresh);
    }
  }

  /** Prepares a statement, passes it to `look`, and finalizes it. */
  inspect<T>(sql: string, look: (prepared: Prepared) => T): T {
    try {
      const prepared = this.#prepare(sql);
      try {
        return look(prepared);
      } finally {
        prepared.driver.finalize();
      }
    } catch (error) {
      throw withStatement(error, sql);
    }
  }

  /**
   * Runs the statements of a script until one fails.
   *
   * @param script The script.
   * @throws {SQLiteError | TypeError | RangeError} As `DriverConnection.executeScript` rejects.
   */
  executeScript(script: string): void {
    for (const statement of splitScript(script)) {
      let prepared: Prepared | undefined;
      try {
        prepared = this.#prepare(statement.text, statement);
        const values = bindValues(undefined, statement.parameters);
        if (prepared.givesRows) this.#readRows(prepared, values, false);
        else this.#change(prepared, values);
      } catch (error) {
        throw withStatement(error, statement.text);
      } finally {
        if (prepared !== undefined) this.#retire(prepared);
      }
    }
  }

  /**
   * Starts one statement, whose rows are read one by one. Any statement other than a SELECT runs to
   * completion here.
   *
   * @param sql The statement.
   * @param params Its parameters.
   * @param options How rows are created.
   * @returns The rows. Closing them frees the statement.
   * @throws {SQLiteError | TypeError | RangeError} As `DriverConnection.execute` rejects.
   */
  open<R>(
    sql: string,
    params: BindParams | undefined,
    options: RowOptions<R> | undefined,
  ): RowSource<R> {
    let prepared: Prepared | undefined;
    try {
      // Removed from the cache, since running it again would end this cursor.
      const taken = prepared = this.#statements.take(sql) ?? this.#prepare(sql);
      const values = bindValues(params, taken.statement.parameters, this.#handle);
      return new StatementRows<R>(this.#start(taken, values, options?.firstRowOnly === true), {
        prepared: taken,
        intMode: this.#intMode,
        rowFactory: options?.rowFactory,
        toError: (error) => withStatement(driverError(this.#handle, error, values), sql),
        onClose: () => this.#putBack(taken),
      });
    } catch (error) {
      if (prepared !== undefined) this.#putBack(prepared);
      throw withStatement(error, sql);
    }
  }

  /**
   * Finalizes all statements and closes the handle. All cursors must be closed already.
   *
   * @throws {SQLiteError} if the driver could not close the handle.
   */
  close(): void {
    this.#closed = true;
    this.#statements.clear();
    this.#rowids.clear();
    this.#lastChanges?.finalize();
    try {
      this.#handle.close();
    } catch (error) {
      throw driverError(this.#handle, error);
    }
  }

  /** @throws {SQLiteError} after `close`. */
  checkOpen(): void {
    if (this.#closed) throw connectionClosed();
  }

  #prepare(sql: string, statement: Statement = soleStatement(sql)): Prepared {
    this.checkOpen();
    try {
      const driver = this.#handle.prepare(statement);
      const repeatable = statement.verb === "select";
      const columns = driver.columns();
      return {
        sql,
        statement,
        driver,
        columns,
        givesRows: columns === undefined ? mayGiveRows(statement) : columns.length > 0,
        makesRowid: undefined,
        repeatable,
        exact: this.#intMode === "bigint" || !repeatable,
        generation: this.#statements.generation,
      };
    } catch (error) {
      throw driverError(this.#handle, error);
    }
  }

  #changeResult<R>(
    prepared: Prepared,
    changes: Changes,
    before: LastRowid | undefined,
    columns: string[],
    rows: R[],
  ): ResultSet<R> {
    const { verb, target } = prepared.statement;
    const inserted = target !== undefined && this.#rowids.made(prepared, changes, before);
    return {
      columns,
      rows,
      rowsAffected: isWrite(verb) ? changes.changes : 0,
      lastInsertRowid: inserted ? this.#rowid(changes.lastInsertRowid) : undefined,
    };
  }

  #beforeUpsert(statement: Statement): LastRowid | undefined {
    try {
      return this.#rowids.beforeUpsert(statement);
    } catch (error) {
      throw driverError(this.#handle, error);
    }
  }

  #rowid(rowid: number | bigint): number | bigint {
    if (this.#intMode === "bigint") return BigInt(rowid);
    const number = Number(rowid);
    return Number.isSafeInteger(number) ? number : rowid;
  }

  #readRows(
    { driver, repeatable, exact }: Prepared,
    values: SQLiteValue[],
    firstRowOnly: boolean,
  ): SQLiteValue[][] {
    try {
      if (!firstRowOnly) return driver.all(values, exact);
      if (!repeatable) return driver.all(values, exact).slice(0, 1);
      const row = driver.first(values, exact);
      return row === undefined ? [] : [row];
    } catch (error) {
      throw driverError(this.#handle, error, values);
    }
  }

  /** Runs a statement that returns no rows. */
  #change({ driver }: Prepared, values: SQLiteValue[]): Changes {
    try {
      return driver.run(values);
    } catch (error) {
      throw driverError(this.#handle, error, values);
    }
  }

  #start(prepared: Prepared, values: SQLiteValue[], firstRowOnly: boolean): SyncCursor {
    if (!prepared.givesRows) {
      this.#change(prepared, values);
      return cursorOver([]);
    }
    if (!prepared.repeatable || firstRowOnly) {
      return cursorOver(this.#readRows(prepared, values, firstRowOnly));
    }
    try {
      return prepared.driver.iterate(values);
    } catch (error) {
      throw driverError(this.#handle, error, values);
    }
  }

  /**
   * Reads the changes of the last statement, which drivers do not report for one that returns rows.
   */
  #changesOfLast(): Changes {
    try {
      this.#lastChanges ??= this.#handle.prepare(scanStatement(CHANGES)!);
      const [changes, lastInsertRowid] = this.#lastChanges.all([], true)[0] as bigint[];
      return { changes: Number(changes), lastInsertRowid };
    } catch (error) {
      throw driverError(this.#handle, error);
    }
  }

  /** Caches a statement that is no longer in use, or finalizes it. */
  #putBack(prepared: Prepared): void {
    const { driver, statement } = prepared;
    if (keptVerbs.has(statement.verb) && !driver.once) this.#statements.give(prepared);
    else this.#retire(prepared);
  }

  #retire(prepared: Prepared): void {
    const { verb } = prepared.statement;
    prepared.driver.finalize();
    const undone = this.#schemaChanged && verb.startsWith("rollback");
    this.#schemaChanged ||= mayChangeSchema(verb);
    // SQLite re-prepares statements by itself, but the column names are cached here.
    if (!undone && !mayChangeSchema(verb)) return;
    this.#statements.clear();
    this.#rowids.clear();
  }
}

function queryResult<R>(columns: readonly string[], rows: R[]): ResultSet<R> {
  return { columns: columns.slice(), rows, rowsAffected: 0, lastInsertRowid: undefined };
}
