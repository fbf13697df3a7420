/**
 * The calls that a database and a transaction have in common.
 *
 * @module
 */

import {
  allRows,
  AS_VALUES,
  FIRST_AS_VALUES,
  firstRow,
  firstValue,
  paramsOf,
  type Query,
  type QueryOptions,
  type ResultOptions,
  type RowDefaults,
  textOf,
  wantsTypes,
  wholeResult,
} from "../../connections/query.ts";
import { RowCursor, type RowSource } from "../../driver/sync_cursor.ts";
import { takeParams } from "../../sqlite/bind/take_params.ts";
import { SQLiteError } from "../../sqlite/errors.ts";
import * as resultCode from "../../sqlite/result_codes.ts";
import type { BindParams, ResultSet, RowOptions, SQLiteValue } from "../../sqlite/types.ts";
import { checkOptions } from "../call_options.ts";
import { noColumnTypes } from "../errors.ts";
import type { Watches } from "../watches.ts";
import type { Access, Scope } from "./scope.ts";

/** What a call may be given besides how its rows are made. */
interface AnyOptions<T> extends QueryOptions<T> {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

/** Who makes calls, and what they may do. */
export interface Terms {
  /** The names of the options that say how a call waits. */
  readonly waitOptions: readonly string[];
  /** What the methods that read may do. */
  readonly reads: Access;
  /** Where open cursors are found. */
  readonly cursors: Set<RowCursor<unknown>>;
  /** Who is told of statements. */
  readonly watched: Watches;
  /** Throws where calls are refused. */
  expectOpen(): void;
}

/** Statements of one scope. */
export class Queries<R> {
  /** Who may use the connection. */
  protected readonly scope: Scope;
  /** How rows are made. */
  protected readonly rows: RowDefaults<R>;
  readonly #terms: Terms;

  constructor(scope: Scope, rows: RowDefaults<R>, terms: Terms) {
    this.scope = scope;
    this.rows = rows;
    this.#terms = terms;
  }

  get<T = R>(query: Query, params?: BindParams, options?: AnyOptions<T>): Promise<T | undefined> {
    return this.#call(query, params, options, () => this.rows.firstRow(options), firstRow);
  }

  all<T = R>(query: Query, params?: BindParams, options?: AnyOptions<T>): Promise<T[]> {
    return this.#call(query, params, options, () => this.rows.everyRow(options), allRows);
  }

  values(query: Query, params?: BindParams, options?: object): Promise<SQLiteValue[][]> {
    return this.#call(query, params, options, () => AS_VALUES, allRows);
  }

  value(query: Query, params?: BindParams, options?: object): Promise<SQLiteValue | undefined> {
    return this.#call(query, params, options, () => FIRST_AS_VALUES, firstValue);
  }

  run<T = R>(
    query: Query,
    params?: BindParams,
    options?: AnyOptions<T> & ResultOptions<T>,
  ): Promise<ResultSet<T>> {
    const rows = (): RowOptions<T> => this.rows.everyRow(options);
    return this.#call(query, params, options, rows, wholeResult, "write");
  }

  execute<T = R>(
    query: Query,
    params?: BindParams,
    options?: AnyOptions<T> & ResultOptions<T>,
  ): Promise<ResultSet<T>> {
    return this.run(query, params, options);
  }

  iterate<T = R>(
    query: Query,
    params?: BindParams,
    options?: AnyOptions<T>,
  ): AsyncIterableIterator<T> {
    let open: () => RowSource<T>;
    let sql = "";
    try {
      sql = this.#take(query, options, "read");
      const taken = takeParams(paramsOf(query, params));
      const rows = this.rows.everyRow(options);
      open = () => {
        options?.signal?.throwIfAborted();
        this.#check(sql, this.#terms.reads);
        return this.scope.connection.open(sql, taken, rows);
      };
    } catch (error) {
      open = () => {
        throw error;
      };
    }
    const { cursors, watched } = this.#terms;
    const cursor = new WaitingCursor(open, this.scope, cursors);
    return watched.rows(cursor, sql);
  }

  #call<T, S>(
    query: Query,
    params: BindParams | undefined,
    options: AnyOptions<T> | undefined,
    rows: () => RowOptions<T>,
    pick: (result: ResultSet<T>) => S,
    access: Access = this.#terms.reads,
  ): Promise<S> {
    try {
      const { scope } = this;
      const sql = this.#take(query, options, access);
      const given = paramsOf(query, params);
      const made = rows();
      const { watched } = this.#terms;
      const taken = scope.isBusy ? takeParams(given) : given;
      return watched.around("query", access, sql, (operation) =>
        scope.enter(() => {
          options?.signal?.throwIfAborted();
          this.#check(sql, access);
          const result = scope.connection.executeSync(sql, taken, made);
          if (operation) operation.rows = result.rows.length;
          return pick(result);
        }));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Checks a call, and takes its text. */
  #take(query: Query, options: object | undefined, access: Access): string {
    this.#terms.expectOpen();
    const names = access === "write" ? ["rowFactory", "columnTypes"] : ["rowFactory"];
    checkOptions(options, [...this.#terms.waitOptions, ...names]);
    if (options !== undefined && wantsTypes(options)) throw noColumnTypes("Durable Objects");
    return textOf(query);
  }

  /** Refuses a statement that writes where only reads belong. */
  #check(sql: string, access: Access): void {
    if (access === "write" && this.scope.access === "write") return;
    const { verb } = this.scope.connection.prepare(sql).statement;
    if (verb === "select" || verb === "explain" || verb === "pragma") return;
    throw new SQLiteError(
      "attempt to write a readonly database: use run() or write() for a statement that writes",
      resultCode.READONLY,
    );
  }
}

/** A cursor whose statement begins when its scope is free. */
class WaitingCursor<T> extends RowCursor<T> {
  readonly #scope: Scope;
  #first: Promise<unknown> | undefined;

  constructor(open: () => RowSource<T>, scope: Scope, cursors: Set<RowCursor<unknown>>) {
    super(open, cursors);
    this.#scope = scope;
  }

  override next(): Promise<IteratorResult<T, undefined>> {
    if (this.#first === undefined) {
      const first = this.#scope.enter(() => this.nextSync());
      this.#first = first;
      return first;
    }
    return this.#scope.isBusy ? this.#first.then(() => super.next()) : super.next();
  }
}
