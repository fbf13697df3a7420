/**
 * The database of a SQLite Durable Object as a connection.
 *
 * @module
 */

import { bindValues } from "../../src/sqlite/bind.ts";
import { connectionClosed, SQLiteError, withStatement } from "../../src/sqlite/errors.ts";
import * as resultCode from "../../src/sqlite/result_codes.ts";
import { objectRow } from "../../src/sqlite/rows.ts";
import { soleStatement, splitScript, type Statement } from "../../src/sqlite/scan.ts";
import { isWrite, mayChangeSchema } from "../../src/sqlite/statement_head.ts";
import type {
  BindParams,
  ResultSet,
  Row,
  RowFactory,
  RowOptions,
  SQLiteValue,
} from "../../src/sqlite/types.ts";
import type { DriverConnection } from "../../src/driver/connection.ts";
import { RowCursor, type RowSource } from "../../src/driver/sync_cursor.ts";
import type { DriverLimit } from "../limits.ts";
import type { AdaptOptions } from "../options.ts";
import { platformError } from "../workerd/errors.ts";
import { refusalOf } from "../workerd/refusals.ts";
import { bindable, namesWithoutCasts, TypedStatement } from "../workerd/typed_placeholders.ts";
import { checkIntMode, fromPlatform } from "../workerd/values.ts";
import { Cursors } from "./cursor.ts";
import { Effects, remember } from "./effects.ts";
import type { DurableObjectCursor, DurableObjectStorage } from "./handle.ts";

/** What the platform cannot do. */
export const durableObjectLimits: readonly DriverLimit[] = [
  ...[
    "int64-out",
    "int-mode",
    "transactions",
    "hundred-parameters",
    "readonly",
    "settings",
    "files",
    "interrupt",
  ] as const,
];

const REMEDY = "use batch(), or write(async (tx) => ...), which begins and commits for you";
const OR_FAIL = /\bfail\b/i;

/**
 * Makes a connection of the storage of a Durable Object.
 *
 * @param storage `ctx.storage`.
 * @param options How the connection behaves.
 * @throws {TypeError} An option is not one of the allowed values.
 */
export function adaptDurableObject(
  storage: DurableObjectStorage,
  { intMode = "number" }: Pick<AdaptOptions, "intMode"> = {},
): DurableObjectConnection {
  checkIntMode(intMode);
  return new DurableObjectConnection(storage);
}

/** A statement that has begun to run. */
interface Running {
  readonly columns: string[];
  readonly rows: IterableIterator<unknown[]>;
  /** The values of the next row. */
  readonly read: () => SQLiteValue[] | undefined;
  /** The values of all rows. It has run to its end by then, even if one cannot be given. */
  readonly all: () => SQLiteValue[][];
}

/**
 * A connection over the storage of a Durable Object. Every method has done its work by the time it
 * returns.
 */
export class DurableObjectConnection implements DriverConnection {
  readonly raw: DurableObjectStorage;
  readonly inTransaction = false;
  readonly inTransactionIsCertain = true;
  readonly #statements = new Map<string, TypedStatement>();
  readonly #effects: Effects;
  readonly #cursors = new Cursors();
  readonly #reading = new Set<RowCursor<unknown>>();
  #closed = false;

  /** @param raw The storage, which stays open when the connection is closed. */
  constructor(raw: DurableObjectStorage) {
    this.raw = raw;
    this.#effects = new Effects((text) => run(raw, text, []).raw());
  }

  /**
   * What the text of one statement tells.
   *
   * @throws {SQLiteError} There are several statements, or none, or one that the platform must not
   *   be given.
   */
  prepare(sql: string): TypedStatement {
    if (this.#closed) throw connectionClosed();
    const known = this.#statements.get(sql);
    return known ?? remember(this.#statements, sql, checked(soleStatement(sql), sql));
  }

  /** Runs one statement, in this very call. */
  executeSync<R = Row>(sql: string, params?: BindParams, options?: RowOptions<R>): ResultSet<R> {
    const prepared = this.prepare(sql);
    return naming(sql, () => this.#execute(prepared, params, options));
  }

  /** Runs one statement; see `DriverConnection`. */
  execute<R = Row>(
    sql: string,
    params?: BindParams,
    options?: RowOptions<R>,
  ): Promise<ResultSet<R>> {
    return attempt(() => this.executeSync(sql, params, options));
  }

  /** Streams the rows of one statement, which begins with the first `next()`. */
  iterate<R = Row>(sql: string, params?: BindParams, options?: RowOptions<R>): RowCursor<R> {
    return new RowCursor(() => this.open(sql, params, options), this.#reading);
  }

  /** Runs every statement of a script, up to the first that fails. */
  executeScript(sql: string): Promise<void> {
    return attempt(() => this.executeScriptSync(sql));
  }

  /** Runs a script, in this very call. */
  executeScriptSync(sql: string): void {
    if (this.#closed) throw connectionClosed();
    for (const statement of splitScript(sql)) {
      const { text } = statement;
      naming(text, () => this.#execute(checked(statement, text), undefined, undefined));
    }
  }

  /** Closes open cursors: there is no transaction to roll back. */
  rollback(): Promise<void> {
    return attempt(() => {
      if (this.#closed) throw connectionClosed();
      this.#cutOff(
        new SQLiteError("the cursor was closed by a rollback", resultCode.ABORT_ROLLBACK),
      );
    });
  }

  /** Closes open cursors, and refuses what comes after. */
  close(): Promise<void> {
    if (!this.#closed) this.#cutOff(connectionClosed());
    this.#closed = true;
    return Promise.resolve();
  }

  #execute<R>(
    prepared: TypedStatement,
    params: BindParams | undefined,
    options: RowOptions<R> | undefined,
  ): ResultSet<R> {
    const { statement } = prepared;
    const values = bindValues(params, statement.parameters);
    const run = (): ResultSet<R> => this.#run(prepared, values, options);
    // A failure of these could leave part of what they did.
    const isRisky = isWrite(statement.verb) &&
      (statement.returning || OR_FAIL.test(statement.text));
    return isRisky ? this.raw.transactionSync(run) : run();
  }

  #run<R>(
    prepared: TypedStatement,
    values: SQLiteValue[],
    options: RowOptions<R> | undefined,
  ): ResultSet<R> {
    const { statement } = prepared;
    const before = statement.upserts ? this.#effects.lastRowid(statement) : undefined;
    const running = this.#start(prepared, values);
    const { columns } = running;
    const firstOnly = options?.firstRowOnly === true;
    const isSelect = statement.verb === "select";
    const read = firstOnly && isSelect ? this.#first(running) : running.all();
    const changes = isWrite(statement.verb) ? this.#effects.read() : undefined;
    const made = changes !== undefined && this.#effects.madeRowid(statement, changes, before);
    if (mayChangeSchema(statement.verb)) this.#effects.forgetTables();
    const rows = (firstOnly ? read.slice(0, 1) : read).map(rowMaker(options, columns));
    const rowsAffected = changes?.changes ?? 0;
    return {
      columns,
      rows,
      rowsAffected,
      lastInsertRowid: made ? changes.lastInsertRowid : undefined,
    };
  }

  /** Starts one statement, whose rows are read one by one. */
  open<R>(
    sql: string,
    params: BindParams | undefined,
    options: RowOptions<R> | undefined,
  ): RowSource<R> {
    const prepared = this.prepare(sql);
    const { verb, parameters } = prepared.statement;
    if (verb !== "select") {
      const { rows } = this.executeSync(sql, params, options);
      return { next: () => toResult(rows), close: () => {} };
    }
    const start = (): Running => this.#start(prepared, bindValues(params, parameters));
    const { rows, read, columns } = naming(sql, start);
    const cursor = this.#cursors.open(rows, read);
    const makeRow = rowMaker(options, columns);
    return {
      next: () => {
        const row = naming(sql, () => cursor.next());
        return toResult(row === undefined ? [] : [makeRow(row)]);
      },
      close: () => cursor.close(),
    };
  }

  #start(prepared: TypedStatement, values: SQLiteValue[]): Running {
    const { verb } = prepared.statement;
    if (mayChangeSchema(verb)) this.#cursors.finish();
    else if (isWrite(verb)) this.#cursors.readAhead();
    const cursor = run(this.raw, prepared.textFor(values), values);
    const columns = namesWithoutCasts(cursor.columnNames);
    const rows = cursor.raw();
    const convert = (row: unknown[]): SQLiteValue[] =>
      row.map((value, i) => fromPlatform(value, columns[i]));
    return {
      columns,
      rows,
      read: () => {
        const { done, value } = converting(values, () => rows.next());
        return done ? undefined : convert(value);
      },
      all: () => converting(values, () => [...rows]).map(convert),
    };
  }

  /** Most SELECTs for one row have no other, and end when asked for it. */
  #first({ rows, read }: Running): SQLiteValue[][] {
    let row: SQLiteValue[] | undefined;
    try {
      row = read();
    } catch (error) {
      this.#cursors.leave(rows);
      throw error;
    }
    if (row === undefined) return [];
    try {
      if (!rows.next().done) this.#cursors.leave(rows);
    } catch {
      // It is not this row that fails.
    }
    return [row];
  }

  #cutOff(reason: SQLiteError): void {
    for (const cursor of [...this.#reading]) cursor.cutOff(reason);
  }
}

/** Runs what the platform may refuse. */
function converting<T>(values: readonly SQLiteValue[], work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw platformError(error, values);
  }
}

/** Notes in an error which statement failed. */
function naming<T>(sql: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw withStatement(error, sql);
  }
}

function rowMaker<R>(
  options: RowOptions<R> | undefined,
  columns: readonly string[],
): (values: SQLiteValue[]) => R {
  const makeRow = options?.rowFactory ?? objectRow as RowFactory<R>;
  return (values) => makeRow(values, columns);
}

function run(
  { sql }: DurableObjectStorage,
  text: string,
  values: readonly SQLiteValue[],
): DurableObjectCursor {
  return converting(values, () => sql.exec(text, ...values.map(bindable)));
}

function checked(statement: Statement, sql: string): TypedStatement {
  const refusal = refusalOf(statement, REMEDY);
  if (refusal !== undefined) throw withStatement(refusal, sql);
  return new TypedStatement(statement);
}

/** Takes the first of some rows, which may be anything. */
function toResult<R>(rows: R[]): IteratorResult<R, undefined> {
  return rows.length === 0
    ? { done: true, value: undefined }
    : { done: false, value: rows.shift()! };
}

function attempt<T>(work: () => T): Promise<T> {
  try {
    return Promise.resolve(work());
  } catch (error) {
    return Promise.reject(error);
  }
}
