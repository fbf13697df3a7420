/**
 * A connection as its holder uses it: rows in every shape, cursors, transactions.
 *
 * @module
 */

import { describeValue } from "../platform/describe.ts";
import type {
  BindParams,
  ResultSet,
  Row,
  RowFactory,
  RowOptions,
  SQLiteValue,
} from "../sqlite/types.ts";
import { arrayRow } from "../sqlite/rows.ts";
import { SqlQuery } from "../sqlite/sql_query.ts";
import { Cursor } from "./cursor.ts";
import type { Holder } from "./physical_connection.ts";
import { beginStatement, type TransactionMode, TransactionStack } from "./transaction.ts";

/** SQL text of one statement, or what the `sql` tag made. */
export type Query = string | SqlQuery;

/** How the rows of one call are made. */
export interface QueryOptions<R> {
  /** Makes each row instead of the connection's own row factory. */
  rowFactory?: RowFactory<R>;
}

/** How a transaction runs. */
export interface TransactionOptions {
  /** How the transaction begins. Without effect in a nested one. Default: "immediate". */
  mode?: TransactionMode;
}

/** Runs on a connection and may return a promise. */
export type ConnectionCallback<R, T> = (connection: Connection<R>) => T | PromiseLike<T>;

/**
 * A connection in the hands of its holder. `R` is what its rows are, unless a call says
 * otherwise.
 *
 * After its release, or once the callback it was lent to has settled, it is dead: every call
 * rejects with a `ConnectionReleasedError`.
 *
 * @example
 * ```ts
 * import { DatabaseSync } from "node:sqlite";
 * import { type Connection, SQLiteConnectionPool } from "@sqlitepool/pool";
 *
 * async function countUsers(conn: Connection): Promise<number> {
 *   const row = await conn.get<{ count: number }>("SELECT count(*) AS count FROM users");
 *   return row!.count;
 * }
 *
 * const pool = new SQLiteConnectionPool(() => new DatabaseSync("app.db"));
 * await pool.execute("CREATE TABLE IF NOT EXISTS users (id INTEGER PRIMARY KEY, name TEXT)");
 * console.log(await pool.withConnection(countUsers));
 * await pool.close();
 * ```
 */
export interface Connection<R = Row> {
  /** The driver's own handle. What is done through it the pool does not see. */
  readonly raw: unknown;
  /** Whether a transaction is open. */
  readonly inTransaction: boolean;
  /**
   * Runs one statement.
   *
   * @param query SQL text, or what the `sql` tag made.
   * @param params values by position or by name; none beside what the `sql` tag made.
   * @param options how the rows of this call are made.
   * @returns columns, rows, and what the statement changed.
   * @throws {SQLiteError} when SQLite refuses the statement, or when it is not exactly one.
   * @throws {TypeError | RangeError} when the parameters are not those the statement takes.
   */
  execute<T = R>(
    query: Query,
    params?: BindParams,
    options?: QueryOptions<T>,
  ): Promise<ResultSet<T>>;
  /**
   * The same as {@linkcode Connection.execute}, for statements that write: the name says so to
   * the reader.
   *
   * @param query SQL text, or what the `sql` tag made.
   * @param params values by position or by name.
   * @param options how the rows of RETURNING are made.
   * @returns columns, rows of RETURNING, and what the statement changed.
   */
  run<T = R>(query: Query, params?: BindParams, options?: QueryOptions<T>): Promise<ResultSet<T>>;
  /**
   * Runs one statement and gives all its rows.
   *
   * @param query SQL text, or what the `sql` tag made.
   * @param params values by position or by name.
   * @param options how the rows of this call are made.
   * @returns the rows; none is an empty array.
   */
  all<T = R>(query: Query, params?: BindParams, options?: QueryOptions<T>): Promise<T[]>;
  /**
   * Runs one statement and gives its first row.
   *
   * @param query SQL text, or what the `sql` tag made.
   * @param params values by position or by name.
   * @param options how the row is made.
   * @returns the row; `undefined` when there is none.
   */
  get<T = R>(
    query: Query,
    params?: BindParams,
    options?: QueryOptions<T>,
  ): Promise<T | undefined>;
  /**
   * Runs one statement and gives its rows as arrays. Columns of the same name are all kept.
   *
   * @param query SQL text, or what the `sql` tag made.
   * @param params values by position or by name.
   * @returns the values of each row, in the order of the columns.
   */
  values(query: Query, params?: BindParams): Promise<SQLiteValue[][]>;
  /**
   * Gives the rows of one statement one after the other, for `for await`. The statement begins
   * with the first row that is asked for; its cursor closes with the loop, or with the connection.
   *
   * @param query SQL text, or what the `sql` tag made.
   * @param params values by position or by name.
   * @param options how the rows of this call are made.
   * @returns an iterator, to be used once.
   */
  iterate<T = R>(
    query: Query,
    params?: BindParams,
    options?: QueryOptions<T>,
  ): AsyncIterableIterator<T>;
  /**
   * Runs every statement of a script, up to the first that fails. It is no transaction unless the
   * script makes it one.
   *
   * @param sql the statements, without parameters.
   * @throws {SQLiteError} when a statement fails; those before it have taken effect.
   */
  executeScript(sql: string): Promise<void>;
  /**
   * Begins a transaction, which you end with `commit` or `rollback`. One that takes the write lock
   * waits for its turn, and for up to `busyTimeoutMs` while another process has it.
   *
   * @param mode when the write lock is taken. Default: "immediate".
   * @throws {SQLiteError} when a transaction is open already, or the database stays locked.
   */
  begin(mode?: TransactionMode): Promise<void>;
  /** Commits; does nothing outside a transaction. */
  commit(): Promise<void>;
  /** Rolls back; does nothing outside a transaction. */
  rollback(): Promise<void>;
  /**
   * Runs `fn` in a transaction: commits when it returns, rolls back when it throws. Inside
   * another transaction it is a savepoint.
   *
   * @param fn gets this connection.
   * @param options how the transaction begins.
   * @returns what `fn` returns, once it is committed.
   * @throws what `fn` throws, after the rollback.
   */
  transaction<T>(fn: ConnectionCallback<R, T>, options?: TransactionOptions): Promise<T>;
}

/** What a call picks from a result. */
export const wholeResult = <R>(result: ResultSet<R>): ResultSet<R> => result;
export const allRows = <R>(result: ResultSet<R>): R[] => result.rows;
export const firstRow = <R>(result: ResultSet<R>): R | undefined => result.rows[0];

/** Rows as arrays of values. */
export const AS_VALUES: RowOptions<SQLiteValue[]> = { rowFactory: arrayRow };

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
