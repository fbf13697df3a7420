/**
 * A connection as its holder uses it: rows in every shape, cursors, transactions.
 *
 * @module
 */

import { describeValue } from "../pool/options.ts";
import type {
  BindParams,
  ResultSet,
  Row,
  RowFactory,
  RowOptions,
  SQLiteValue,
} from "../sqlite/protocol.ts";
import { SqlQuery } from "../sqlite/sql_tag.ts";
import { Cursor } from "./cursor.ts";
import type { Holder } from "./session.ts";
import { beginStatement, type TransactionMode, TransactionStack } from "./transaction.ts";

/** SQL text, or what the `sql` tag made. */
export type Query = string | SqlQuery;

/** How the rows of one call are made. */
export interface QueryOptions<R> {
  /** Makes each row instead of the connection's own row factory. */
  rowFactory?: RowFactory<R>;
}

/** How a transaction runs. */
export interface TransactionOptions {
  /** Default: "immediate". Without effect in a nested transaction. */
  mode?: TransactionMode;
}

/** Runs on a connection and may return a promise. */
export type ConnectionCallback<R, T> = (connection: Connection<R>) => T | PromiseLike<T>;

/**
 * A connection in the hands of its holder. `R` is what its rows are, unless a call says
 * otherwise.
 */
export interface Connection<R = Row> {
  /** The driver's own handle. What is done through it the pool does not see. */
  readonly raw: unknown;
  /** Whether a transaction is open. */
  readonly inTransaction: boolean;
  /** Runs one statement and returns all it gave back. */
  execute<T = R>(
    query: Query,
    params?: BindParams,
    options?: QueryOptions<T>,
  ): Promise<ResultSet<T>>;
  /** Runs one statement, usually one that writes: the name says so to the reader. */
  run<T = R>(query: Query, params?: BindParams, options?: QueryOptions<T>): Promise<ResultSet<T>>;
  /** All rows. */
  all<T = R>(query: Query, params?: BindParams, options?: QueryOptions<T>): Promise<T[]>;
  /** The first row, or `undefined` when there is none. */
  get<T = R>(
    query: Query,
    params?: BindParams,
    options?: QueryOptions<T>,
  ): Promise<T | undefined>;
  /** All rows as arrays of values, in the order of the columns. */
  values(query: Query, params?: BindParams): Promise<SQLiteValue[][]>;
  /** Rows one after the other. The cursor closes with the loop, or with the connection. */
  iterate<T = R>(
    query: Query,
    params?: BindParams,
    options?: QueryOptions<T>,
  ): AsyncIterableIterator<T>;
  /** Runs every statement of a script. Not a transaction unless the script makes it one. */
  executeScript(sql: string): Promise<void>;
  /** Begins a transaction; you end it with `commit` or `rollback`. */
  begin(mode?: TransactionMode): Promise<void>;
  /** Commits; does nothing outside a transaction. */
  commit(): Promise<void>;
  /** Rolls back; does nothing outside a transaction. */
  rollback(): Promise<void>;
  /**
   * Runs `fn` in a transaction: commits when it returns, rolls back when it throws. Inside
   * another transaction it is a savepoint.
   */
  transaction<T>(fn: ConnectionCallback<R, T>, options?: TransactionOptions): Promise<T>;
}

/** What a call picks from a result. */
export const wholeResult = <R>(result: ResultSet<R>): ResultSet<R> => result;
export const allRows = <R>(result: ResultSet<R>): R[] => result.rows;
export const firstRow = <R>(result: ResultSet<R>): R | undefined => result.rows[0];

/** Rows as arrays of values. */
export const AS_VALUES: RowOptions<SQLiteValue[]> = { rowFactory: (values) => values };

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

/** The SQL of a query. */
export function textOf(query: Query): string {
  if (typeof query === "string") return query;
  if (query instanceof SqlQuery) return query.text;
  throw new TypeError(
    `The query must be a string or made with the sql tag; got ${describeValue(query)}`,
  );
}

/** The parameters of a query: its own or those beside it. */
export function paramsOf(query: Query, params: BindParams | undefined): BindParams | undefined {
  if (typeof query === "string") return params;
  if (params === undefined) return query.values;
  throw new TypeError(
    "A query made with the sql tag carries its parameters: pass no others beside it",
  );
}

/** {@linkcode Connection} over a session, for as long as its holder has it. */
export class HeldConnection<R = Row> implements Connection<R> {
  readonly #holder: Holder;
  readonly #rows: RowDefaults<R>;
  readonly #transactions = new TransactionStack();

  constructor(holder: Holder, rows: RowDefaults<R>) {
    this.#holder = holder;
    this.#rows = rows;
  }

  get raw(): unknown {
    return this.#holder.value.connection.raw;
  }

  get inTransaction(): boolean {
    return this.#holder.value.connection.inTransaction;
  }

  execute<T = R>(
    query: Query,
    params?: BindParams,
    options?: QueryOptions<T>,
  ): Promise<ResultSet<T>> {
    return this.#run(query, params, this.#rows.everyRow(options), wholeResult);
  }

  run<T = R>(query: Query, params?: BindParams, options?: QueryOptions<T>): Promise<ResultSet<T>> {
    return this.#run(query, params, this.#rows.everyRow(options), wholeResult);
  }

  all<T = R>(query: Query, params?: BindParams, options?: QueryOptions<T>): Promise<T[]> {
    return this.#run(query, params, this.#rows.everyRow(options), allRows);
  }

  get<T = R>(
    query: Query,
    params?: BindParams,
    options?: QueryOptions<T>,
  ): Promise<T | undefined> {
    return this.#run(query, params, this.#rows.firstRow(options), firstRow);
  }

  values(query: Query, params?: BindParams): Promise<SQLiteValue[][]> {
    return this.#run(query, params, AS_VALUES, allRows);
  }

  iterate<T = R>(
    query: Query,
    params?: BindParams,
    options?: QueryOptions<T>,
  ): AsyncIterableIterator<T> {
    const open = (): AsyncIterableIterator<T> =>
      this.#holder.value.connection.iterate(
        textOf(query),
        paramsOf(query, params),
        this.#rows.everyRow(options),
      );
    return new Cursor(this.#holder, open);
  }

  async executeScript(sql: string): Promise<void> {
    await this.#holder.value.executeScript(this.#holder, sql);
  }

  async begin(mode: TransactionMode = "immediate"): Promise<void> {
    const statement = beginStatement(mode);
    if (mode === "deferred") await this.execute(statement);
    else await this.#holder.value.takeWriteLock(this.#holder, statement);
  }

  async commit(): Promise<void> {
    if (this.inTransaction) await this.execute("COMMIT");
  }

  async rollback(): Promise<void> {
    await this.#holder.value.rollback();
  }

  transaction<T>(
    fn: ConnectionCallback<R, T>,
    { mode = "immediate" }: TransactionOptions = {},
  ): Promise<T> {
    return this.#transactions.run(this, mode, () => fn(this));
  }

  #run<T, S>(
    query: Query,
    params: BindParams | undefined,
    rows: RowOptions<T>,
    pick: (result: ResultSet<T>) => S,
  ): Promise<S> {
    try {
      const sql = textOf(query);
      return this.#holder.value.execute(this.#holder, sql, paramsOf(query, params), rows, pick);
    } catch (error) {
      return Promise.reject(error);
    }
  }
}
