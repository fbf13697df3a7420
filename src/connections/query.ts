/**
 * What a call asks for: its text, its parameters, and how its rows are made.
 *
 * @module
 */

import { describeValue } from "../platform/describe.ts";
import { arrayRow } from "../sqlite/array_row.ts";
import { SqlQuery } from "../sqlite/sql_query.ts";
import type {
  BindParams,
  ResultSet,
  RowFactory,
  RowOptions,
  SQLiteValue,
} from "../sqlite/types.ts";

/** SQL text of one statement, or what the `sql` tag made. */
export type Query = string | SqlQuery;

/** How the rows of one call are made. */
export interface QueryOptions<R> {
  /** Makes each row instead of the connection's own row factory. */
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

/** What a call picks from a result. */
export const wholeResult = <R>(result: ResultSet<R>): ResultSet<R> => result;
export const allRows = <R>(result: ResultSet<R>): R[] => result.rows;
export const firstRow = <R>(result: ResultSet<R>): R | undefined => result.rows[0];
export const firstValue = (result: ResultSet<SQLiteValue[]>): SQLiteValue | undefined =>
  result.rows[0]?.[0];

/** Rows as arrays of values. */
export const AS_VALUES: RowOptions<SQLiteValue[]> = { rowFactory: arrayRow };

/** The first row as an array of values. */
export const FIRST_AS_VALUES: RowOptions<SQLiteValue[]> = { ...AS_VALUES, firstRowOnly: true };

/** No rows: what a statement of a script gives is dropped. */
export const NO_ROWS: RowOptions<undefined> = { rowFactory: () => undefined };

/** How rows are made when a call does not say; made once, so that most calls make no object. */
export class RowDefaults<R> {
  readonly #everyRow: RowOptions<R>;
  readonly #firstRow: RowOptions<R>;

  constructor(rowFactory: RowFactory<R> | undefined) {
    this.#everyRow = { rowFactory };
    this.#firstRow = { rowFactory, firstRowOnly: true };
  }

  everyRow<T = R>(options: QueryOptions<T> | undefined): RowOptions<T> {
    // Without a factory of its own a call makes rows of the default type: T is R then.
    if (options?.rowFactory === undefined) return this.#everyRow as unknown as RowOptions<T>;
    return { rowFactory: options.rowFactory };
  }

  firstRow<T = R>(options: QueryOptions<T> | undefined): RowOptions<T> {
    if (options?.rowFactory === undefined) return this.#firstRow as unknown as RowOptions<T>;
    return { rowFactory: options.rowFactory, firstRowOnly: true };
  }
}

/** Returns the SQL text of a query. Throws a TypeError for anything that is no query. */
export function textOf(query: Query): string {
  if (typeof query === "string") return query;
  if (query instanceof SqlQuery) return query.text;
  throw new TypeError(
    `The query must be a string or made with the sql tag; got ${describeValue(query)}`,
  );
}

/** Returns the parameters of a query: its own, or those passed beside it. */
export function paramsOf(query: Query, params: BindParams | undefined): BindParams | undefined {
  if (typeof query === "string") return params;
  if (params === undefined) return query.values;
  throw new TypeError(
    "A query made with the sql tag carries its parameters: pass no others beside it",
  );
}
