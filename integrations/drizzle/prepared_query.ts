/**
 * One query of Drizzle, ready to run.
 *
 * @module
 */

import { fillPlaceholders, type Logger, type Query } from "drizzle-orm";
import type { Cache } from "drizzle-orm/cache/core";
import type { WithCacheConfig } from "drizzle-orm/cache/core/types";
import {
  type PreparedQueryConfig,
  type SelectedFieldsOrdered,
  type SQLiteExecuteMethod,
  SQLitePreparedQuery,
} from "drizzle-orm/sqlite-core";
import type { BindParams, ResultSet, RowOptions } from "../../mod.ts";
import { mapResultRow, notNullableOf, queryWithCache } from "./internals.ts";
import { asObject, asValues } from "./rows.ts";

/** Whatever a statement can be run on: a database, a pool, or a connection in a transaction. */
export interface Executor {
  execute<T>(sql: string, params: BindParams, options: RowOptions<T>): Promise<ResultSet<T>>;
}

/** What Drizzle's builder knows of a query. */
export interface QueryParts {
  readonly query: Query;
  readonly fields: SelectedFieldsOrdered | undefined;
  readonly method: SQLiteExecuteMethod;
  readonly arrayMode: boolean;
  readonly mapRows: ((rows: unknown[][]) => unknown) | undefined;
  readonly metadata: QueryMetadata | undefined;
  readonly cacheConfig: WithCacheConfig | undefined;
}

/** What a query does, and to which tables. */
export interface QueryMetadata {
  type: "select" | "update" | "delete" | "insert";
  tables: string[];
}

type Placeholders = Record<string, unknown> | undefined;

/** A query that runs on a pool. Made by `prepare()` of Drizzle's builders. */
export class PoolPreparedQuery<T extends PreparedQueryConfig = PreparedQueryConfig>
  extends SQLitePreparedQuery<T & { type: "async"; run: ResultSet<unknown> }> {
  readonly #executor: Executor;
  readonly #logger: Logger;
  readonly #parts: QueryParts;

  /** @internal Sessions make queries. */
  constructor(executor: Executor, logger: Logger, cache: Cache, parts: QueryParts) {
    const { method, query, metadata, cacheConfig } = parts;
    super("async", method, query, cache, metadata, cacheConfig);
    this.#executor = executor;
    this.#logger = logger;
    this.#parts = parts;
  }

  /** How rows of this query are made: as arrays where Drizzle knows their columns. */
  get rowFactory(): typeof asValues {
    const { fields, mapRows } = this.#parts;
    return fields === undefined && mapRows === undefined ? asObject : asValues;
  }

  async run(placeholders?: Placeholders): Promise<ResultSet<unknown>> {
    return await this.#execute(placeholders, asObject, (result) => result);
  }

  async all(placeholders?: Placeholders): Promise<T["all"]> {
    const rows = await this.#execute(placeholders, this.rowFactory, (result) => result.rows);
    return this.#mapAll(rows);
  }

  async get(placeholders?: Placeholders): Promise<T["get"]> {
    const rows = await this.#execute(placeholders, this.rowFactory, (result) => result.rows);
    return this.#mapFirst(rows);
  }

  async values(placeholders?: Placeholders): Promise<T["values"]> {
    return await this.#execute(placeholders, asValues, (result) => result.rows);
  }

  override mapAllResult(result: unknown): unknown {
    return this.#mapAll((result as ResultSet<unknown>).rows);
  }

  override mapGetResult(result: unknown): unknown {
    return this.#mapFirst((result as ResultSet<unknown>).rows);
  }

  /** @internal Drizzle asks for it. */
  isResponseInArrayMode(): boolean {
    return this.#parts.arrayMode;
  }

  #execute<S>(
    placeholders: Placeholders,
    rowFactory: typeof asValues,
    pick: (result: ResultSet<unknown>) => S,
  ): Promise<S> {
    const { sql, params } = this.#parts.query;
    const values = fillPlaceholders(params, placeholders ?? {});
    this.#logger.logQuery(sql, values);
    // What is kept in the cache is what the driver gave.
    return queryWithCache(this as never, sql, values, async () => {
      return pick(await this.#executor.execute(sql, values as BindParams, { rowFactory }));
    });
  }

  #mapAll(rows: unknown[]): unknown {
    const { fields, mapRows } = this.#parts;
    if (mapRows !== undefined) return mapRows(rows as unknown[][]);
    return fields === undefined ? rows : rows.map((row) => this.#mapRow(fields, row));
  }

  #mapFirst(rows: unknown[]): unknown {
    const { fields, mapRows } = this.#parts;
    if (rows.length === 0) return undefined;
    if (mapRows !== undefined) return mapRows(rows as unknown[][]);
    return fields === undefined ? rows[0] : this.#mapRow(fields, rows[0]);
  }

  #mapRow(fields: SelectedFieldsOrdered, row: unknown): unknown {
    return mapResultRow(fields, row as unknown[], notNullableOf(this as never));
  }
}
