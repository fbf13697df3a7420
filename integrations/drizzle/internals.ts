/**
 * What a driver needs of Drizzle that its types leave out. Drizzle's own drivers use the same.
 *
 * @module
 */

import type { BatchItem } from "drizzle-orm/batch";
import type {
  SelectedFieldsOrdered,
  SQLiteAsyncDialect,
  SQLitePreparedQuery,
} from "drizzle-orm/sqlite-core";
import * as utils from "drizzle-orm/utils";

/** Which tables of a join have to have a row. */
export type NotNullable = Readonly<Record<string, boolean>> | undefined;

/** Makes the object of a row from its values. */
export const mapResultRow: (
  fields: SelectedFieldsOrdered,
  values: readonly unknown[],
  notNullable: NotNullable,
) => unknown = (utils as unknown as { mapResultRow: typeof mapResultRow }).mapResultRow;

interface Hidden {
  readonly joinsNotNullableMap: NotNullable;
  queryWithCache<T>(sql: string, params: unknown[], run: () => Promise<T>): Promise<T>;
}

/** Which tables of a query's joins have to have a row; its builder says so. */
export function notNullableOf(query: SQLitePreparedQuery<never>): NotNullable {
  return (query as unknown as Hidden).joinsNotNullableMap;
}

/** Runs a query, or takes its result from the cache. Errors get the query's text. */
export function queryWithCache<T>(
  query: SQLitePreparedQuery<never>,
  sql: string,
  params: unknown[],
  run: () => Promise<T>,
): Promise<T> {
  return (query as unknown as Hidden).queryWithCache(sql, params, run);
}

/** A query of a batch, ready to run. */
export interface PreparedItem {
  getQuery(): { readonly sql: string; readonly params: unknown[]; readonly method?: string };
  mapResult(result: unknown, isFromBatch: boolean): unknown;
}

/** Prepares a query of a batch, which its builder would do when it is awaited. */
export function preparedItem(query: BatchItem<"sqlite">): PreparedItem {
  return (query as unknown as { _prepare(): PreparedItem })._prepare();
}

/** The session of a database, which its type keeps to itself. */
export function sessionOf<T>(database: object): T {
  return (database as { session: T }).session;
}

/** The dialect of a session, which its type keeps to itself. */
export function dialectOf(session: object): SQLiteAsyncDialect {
  return (session as { dialect: SQLiteAsyncDialect }).dialect;
}
