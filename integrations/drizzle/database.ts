/**
 * The database that users of Drizzle have in hand.
 *
 * @module
 */

import type { BatchItem, BatchResponse } from "drizzle-orm/batch";
import { BaseSQLiteDatabase } from "drizzle-orm/sqlite-core";
import type { TablesRelationalConfig } from "drizzle-orm";
import type { ResultSet } from "../../mod.ts";
import { sessionOf } from "./internals.ts";
import type { PoolSession } from "./session.ts";

/** A database of Drizzle over a pool. Made by {@linkcode drizzle}. */
export class SqlitePoolDatabase<TSchema extends Record<string, unknown> = Record<string, never>>
  extends BaseSQLiteDatabase<"async", ResultSet<unknown>, TSchema> {
  /**
   * Runs queries in one transaction: all of them or none.
   *
   * @param queries builders that have not been awaited.
   * @returns the result of each.
   */
  batch<U extends BatchItem<"sqlite">, T extends Readonly<[U, ...U[]]>>(
    queries: T,
  ): Promise<BatchResponse<T>> {
    const session = sessionOf<PoolSession<TSchema, TablesRelationalConfig>>(this);
    return session.batch(queries) as Promise<BatchResponse<T>>;
  }
}
