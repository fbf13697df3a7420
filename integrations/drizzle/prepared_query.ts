/**
 * One query of Drizzle, ready to run.
 *
 * @module
 */

import { DrizzleQueryError, fillPlaceholders, type Logger, type Query } from "drizzle-orm";
import type { Cache } from "drizzle-orm/cache/core";
import type { WithCacheConfig } from "drizzle-orm/cache/core/types";
import {
  type PreparedQueryConfig,
  type SelectedFieldsOrdered,
  type SQLiteExecuteMethod,
  SQLitePreparedQuery,
} from "drizzle-orm/sqlite-core";
import type { BindParams, ResultSet, RowOptions } from "../../mod.ts";
import { notNullableOf, queryWithCache } from "./internals.ts";
import { AS_OBJECTS, AS_VALUES, mapperOf, type RowMapper } from "./rows.ts";

/** Whatever a statement can be run on: a database, a pool, or a connection in a transaction. */
export interface Executor {
  execute<T>(sql: string, params: BindParams, options: RowOptions<T>): Promise<ResultSet<T>>;
  get<T>(sql: string, params: BindParams, options: RowOptions<T>): Promise<T | undefined>;
}

/** What all queries of a session share. */
export interface Surroundings {
  readonly executor: Executor;
  readonly logger: Logger;
  readonly cache: Cache;
  /** Whether the cache keeps anything. */
  readonly caches: boolean;
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
  readonly #surroundings: Surroundings;
  readonly #parts: QueryParts;
  #mapper: RowMapper | undefined;

  /** @internal Sessions make queries. */
  constructor(surroundings: Surroundings, parts: QueryParts) {
    const { method, query, metadata, cacheConfig } = parts;
    super("async", method, query, surroundings.cache, metadata, cacheConfig);
    this.#surroundings = surroundings;
    this.#parts = parts;
  }

  /** How rows of this query are made: as arrays where Drizzle knows their columns. */
  get rowOptions(): RowOptions<unknown> {
    const { fields, mapRows } = this.#parts;
    return fields === undefined && mapRows === undefined ? AS_OBJECTS : AS_VALUES;
  }

  async run(placeholders?: Placeholders): Promise<ResultSet<unknown>> {
    return await this.#execute(placeholders, AS_OBJECTS, wholeResult);
  }

  async all(placeholders?: Placeholders): Promise<T["all"]> {
    return this.#mapAll(await this.#execute(placeholders, this.rowOptions, rowsOf));
  }

  async get(placeholders?: Placeholders): Promise<T["get"]> {
    const { fields, metadata } = this.#parts;
    const { executor, caches } = this.#surroundings;
    // A select runs no further than to its first row, unless all of them are to be cached.
    if (metadata?.type !== "select" || fields === undefined || caches) {
      return this.#mapFirst(await this.#execute(placeholders, this.rowOptions, rowsOf));
    }
    const { sql } = this.#parts.query;
    const values = this.#fill(placeholders);
    let row: unknown;
    try {
      row = await executor.get(sql, values as BindParams, AS_VALUES);
    } catch (error) {
      throw new DrizzleQueryError(sql, values, error as Error);
    }
    return row === undefined ? undefined : this.#mapRow(fields, row);
  }

  async values(placeholders?: Placeholders): Promise<T["values"]> {
    return await this.#execute(placeholders, AS_VALUES, rowsOf);
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

  #fill(placeholders: Placeholders): unknown[] {
    const { sql, params } = this.#parts.query;
    const values = fillPlaceholders(params, placeholders ?? {});
    this.#surroundings.logger.logQuery(sql, values);
    return values;
  }

  async #execute<S>(
    placeholders: Placeholders,
    rows: RowOptions<unknown>,
    pick: (result: ResultSet<unknown>) => S,
  ): Promise<S> {
    const { sql } = this.#parts.query;
    const { executor, caches } = this.#surroundings;
    const values = this.#fill(placeholders);
    if (caches) {
      // What is kept in the cache is what the driver gave.
      return await queryWithCache(this as never, sql, values, async () => {
        return pick(await executor.execute(sql, values as BindParams, rows));
      });
    }
    try {
      return pick(await executor.execute(sql, values as BindParams, rows));
    } catch (error) {
      throw new DrizzleQueryError(sql, values, error as Error);
    }
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
    this.#mapper ??= mapperOf(fields);
    return this.#mapper(fields, row as unknown[], notNullableOf(this as never));
  }
}

const wholeResult = (result: ResultSet<unknown>): ResultSet<unknown> => result;
const rowsOf = ({ rows }: ResultSet<unknown>): unknown[] => rows;
