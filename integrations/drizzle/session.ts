/**
 * Drizzle's session and transaction over a pool.
 *
 * @module
 */

import {
  is,
  type Logger,
  type Query,
  type RelationalSchemaConfig,
  type TablesRelationalConfig,
} from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import { type Cache, NoopCache } from "drizzle-orm/cache/core";
import type { WithCacheConfig } from "drizzle-orm/cache/core/types";
import {
  type PreparedQueryConfig,
  type SelectedFieldsOrdered,
  type SQLiteAsyncDialect,
  type SQLiteExecuteMethod,
  SQLiteSession,
  SQLiteTransaction,
  type SQLiteTransactionConfig,
} from "drizzle-orm/sqlite-core";
import type {
  BindParams,
  Connection,
  Database,
  ResultSet,
  RowOptions,
  SQLiteConnectionPool,
} from "../../mod.ts";
import { GuardedPool } from "./guarded_pool.ts";
import { dialectOf, type PreparedItem, preparedItem, sessionOf } from "./internals.ts";
import { PoolPreparedQuery, type QueryMetadata, type Surroundings } from "./prepared_query.ts";
import { AS_OBJECTS, AS_VALUES } from "./rows.ts";

/** What a Drizzle database can be made over. */
export type Source = Database<unknown> | SQLiteConnectionPool<unknown>;

/** What every session of a database shares. */
export interface SessionParts<TSchema extends TablesRelationalConfig> {
  readonly source: Source;
  readonly schema: RelationalSchemaConfig<TSchema> | undefined;
  readonly logger: Logger;
  readonly cache: Cache;
}

/** Whether it has a writer and readers. */
export function isDatabase(source: Source): source is Database<unknown> {
  return "write" in source;
}

/** A database's own session, or that of a transaction. */
export class PoolSession<
  TFullSchema extends Record<string, unknown>,
  TSchema extends TablesRelationalConfig,
> extends SQLiteSession<"async", ResultSet<unknown>, TFullSchema, TSchema> {
  readonly parts: SessionParts<TSchema>;
  /** The connection of the transaction; `undefined` outside one. */
  readonly connection: Connection<unknown> | undefined;
  readonly #surroundings: Surroundings;

  /** @internal `drizzle()` makes sessions. */
  constructor(
    dialect: SQLiteAsyncDialect,
    parts: SessionParts<TSchema>,
    connection: Connection<unknown> | undefined,
  ) {
    super(dialect);
    this.parts = parts;
    this.connection = connection;
    const { source, logger, cache } = parts;
    const executor = connection ?? (isDatabase(source) ? source : new GuardedPool(source));
    this.#surroundings = { executor, logger, cache, caches: !is(cache, NoopCache) };
  }

  /** The session of a transaction inside this one. */
  inside(connection: Connection<unknown>): PoolSession<TFullSchema, TSchema> {
    return new PoolSession(dialectOf(this), this.parts, connection);
  }

  override prepareQuery(
    query: Query,
    fields: SelectedFieldsOrdered | undefined,
    method: SQLiteExecuteMethod,
    arrayMode: boolean,
    mapRows?: (rows: unknown[][]) => unknown,
    metadata?: QueryMetadata,
    cacheConfig?: WithCacheConfig,
  ): PoolPreparedQuery<PreparedQueryConfig & { type: "async" }> {
    const parts = { query, fields, method, arrayMode, mapRows, metadata, cacheConfig };
    return new PoolPreparedQuery(this.#surroundings, parts);
  }

  override transaction<T>(
    fn: (tx: PoolTransaction<TFullSchema, TSchema>) => Promise<T>,
    { behavior: mode = "immediate" }: SQLiteTransactionConfig = {},
  ): Promise<T> {
    const { source, schema } = this.parts;
    const run = (connection: Connection<unknown>): Promise<T> =>
      fn(new PoolTransaction("async", dialectOf(this), this.inside(connection), schema));
    return isDatabase(source)
      ? source.write(run, { mode })
      : new GuardedPool(source).transaction(run, mode);
  }

  /** Runs queries in one transaction. */
  async batch(queries: readonly BatchItem<"sqlite">[]): Promise<unknown[]> {
    const { source, logger } = this.parts;
    const prepared = queries.map(preparedItem);
    const statements = prepared.map((query) => {
      const { sql, params } = query.getQuery();
      logger.logQuery(sql, params);
      return { sql, params: params as BindParams, ...rowOptionsOf(query) };
    });
    const results = isDatabase(source)
      ? await source.batch(statements)
      : await new GuardedPool(source).transaction(async (tx) => {
        const inOrder: ResultSet<unknown>[] = [];
        for (const { sql, params, rowFactory } of statements) {
          inOrder.push(await tx.execute(sql, params, { rowFactory }));
        }
        return inOrder;
      }, "immediate");
    return results.map((result, index) => prepared[index].mapResult(result, true));
  }

  /** @internal Drizzle asks for it. */
  extractRawAllValueFromBatchResult(result: ResultSet<unknown>): unknown {
    return result.rows;
  }

  /** @internal Drizzle asks for it. */
  extractRawGetValueFromBatchResult(result: ResultSet<unknown>): unknown {
    return result.rows[0];
  }

  /** @internal Drizzle asks for it. */
  extractRawValuesValueFromBatchResult(result: ResultSet<unknown>): unknown {
    return result.rows;
  }
}

function rowOptionsOf(query: PreparedItem): RowOptions<unknown> {
  if (query instanceof PoolPreparedQuery) return query.rowOptions;
  // SQL of the user's own says how it was asked for.
  return query.getQuery().method === "values" ? AS_VALUES : AS_OBJECTS;
}

/** What a transaction's callback gets. */
export class PoolTransaction<
  TFullSchema extends Record<string, unknown>,
  TSchema extends TablesRelationalConfig,
> extends SQLiteTransaction<"async", ResultSet<unknown>, TFullSchema, TSchema> {
  override transaction<T>(
    fn: (tx: PoolTransaction<TFullSchema, TSchema>) => Promise<T>,
  ): Promise<T> {
    const session = sessionOf<PoolSession<TFullSchema, TSchema>>(this);
    const { schema, nestedIndex } = this;
    return session.connection!.transaction((connection) => {
      const inner = session.inside(connection);
      return fn(new PoolTransaction("async", dialectOf(session), inner, schema, nestedIndex + 1));
    });
  }
}
