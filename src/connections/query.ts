/**
 * Queries: text, parameters, and how rows are created.
 *
 * @module
 */

import { describeValue } from "../platform/describe.ts";
import { arrayRow } from "../sqlite/array_row.ts";
import { takeParams } from "../sqlite/bind/take_params.ts";
import { SqlQuery } from "../sqlite/sql_query.ts";
import type {
  BindParams,
  ResultSet,
  RowFactory,
  RowOptions,
  SQLiteValue,
} from "../sqlite/types.ts";

/** The SQL text of one statement, or an `sql` query. */
export type Query = string | SqlQuery;

/** How the rows of one call are created. */
export interface QueryOptions<R> {
  /** Creates each row, overriding the connection's row factory. */
  rowFactory?: RowFactory<R>;
}

/** What else a result tells. */
export interface ResultOptions<R> extends QueryOptions<R> {
  /**
   * Adds the declared types of the columns to the result, as `columnTypes`. Not every driver can.
   * Default: false.
   */
  columnTypes?: boolean;
}

/**
 * Whether a call asks for the types of its columns.
 *
 * @throws {TypeError} the option is neither true nor false.
 */
export function wantsTypes({ columnTypes = false }: ResultOptions<never>): boolean {
  if (typeof columnTypes === "boolean") return columnTypes;
  throw new TypeError(`columnTypes must be true or false; got ${describeValue(columnTypes)}`);
}

/** Selects what a call returns from a result. */
export const wholeResult = <R>(result: ResultSet<R>): ResultSet<R> => result;
export const allRows = <R>(result: ResultSet<R>): R[] => result.rows;
export const firstRow = <R>(result: ResultSet<R>): R | undefined => result.rows[0];
export const firstValue = (result: ResultSet<SQLiteValue[]>): SQLiteValue | undefined =>
  result.rows[0]?.[0];

/** Rows as arrays of values. */
export const AS_VALUES: RowOptions<SQLiteValue[]> = { rowFactory: arrayRow };

/** The first row as an array of values. */
export const FIRST_AS_VALUES: RowOptions<SQLiteValue[]> = { ...AS_VALUES, firstRowOnly: true };

/** No rows: results of script statements are dropped. */
export const NO_ROWS: RowOptions<undefined> = { rowFactory: () => undefined };

/** The default row options, created once so that most calls allocate no object. */
export class RowDefaults<R> {
  readonly #everyRow: RowOptions<R>;
  readonly #firstRow: RowOptions<R>;

  constructor(rowFactory: RowFactory<R> | undefined) {
    this.#everyRow = { rowFactory };
    this.#firstRow = { rowFactory, firstRowOnly: true };
  }

  everyRow<T = R>(options: QueryOptions<T> | undefined): RowOptions<T> {
    // Without its own row factory a call returns rows of the default type, so T is R.
    if (options?.rowFactory === undefined) return this.#everyRow as unknown as RowOptions<T>;
    return { rowFactory: options.rowFactory };
  }

  firstRow<T = R>(options: QueryOptions<T> | undefined): RowOptions<T> {
    if (options?.rowFactory === undefined) return this.#firstRow as unknown as RowOptions<T>;
    return { rowFactory: options.rowFactory, firstRowOnly: true };
  }
}

/** A call that runs later, unaffected by what its caller changes meanwhile. */
export interface TakenCall<O> {
  readonly sql: string;
  readonly params: BindParams | undefined;
  readonly options: O;
}

/**
 * Copies what a cursor needs at its call, since its statement starts at the first row.
 *
 * @returns a function that returns the copies, or throws what is wrong with them.
 */
export function takeCall<O>(
  query: Query,
  params: BindParams | undefined,
  options: O,
): () => TakenCall<O> {
  try {
    const sql = textOf(query);
    const isObject = typeof options === "object" && options !== null;
    const taken = {
      sql,
      params: takeParams(paramsOf(query, params)),
      options: isObject ? { ...options } : options,
    };
    return () => taken;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

/** Returns the SQL text of a query. Throws a TypeError for anything else. */
export function textOf(query: Query): string {
  if (typeof query === "string") return query;
  if (query instanceof SqlQuery) return query.text;
  throw new TypeError(
    `The query must be a string or an sql query; got ${describeValue(query)}`,
  );
}

/** Returns the parameters of a query: its own, or those passed separately. */
export function paramsOf(query: Query, params: BindParams | undefined): BindParams | undefined {
  if (typeof query === "string") return params;
  if (params === undefined) return query.values;
  throw new TypeError(
    "An sql query contains its parameters: pass no others with it",
  );
}
