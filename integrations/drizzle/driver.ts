/**
 * Drizzle over a pooled database: the whole of `drizzle-orm/sqlite-core`, with readers that never
 * wait for the writer.
 *
 * @example
 * ```ts
 * import { openDatabase } from "@sqlitepool/pool";
 * import { drizzle } from "@sqlitepool/pool/drizzle";
 * import { eq } from "drizzle-orm";
 * import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
 *
 * const users = sqliteTable("users", { id: integer().primaryKey(), name: text().notNull() });
 *
 * const db = drizzle(await openDatabase("app.db"), { schema: { users } });
 * await db.run("CREATE TABLE IF NOT EXISTS users (id INTEGER PRIMARY KEY, name TEXT NOT NULL)");
 * await db.transaction(async (tx) => {
 *   await tx.insert(users).values({ name: "Alice" });
 * });
 * console.log(await db.query.users.findFirst({ where: eq(users.name, "Alice") }));
 * await db.$client.close();
 * ```
 *
 * @module
 */

import {
  createTableRelationsHelpers,
  DefaultLogger,
  type DrizzleConfig,
  extractTablesRelationalConfig,
  type ExtractTablesWithRelations,
  type Logger,
  NoopLogger,
  type RelationalSchemaConfig,
} from "drizzle-orm";
import { NoopCache } from "drizzle-orm/cache/core";
import { SQLiteAsyncDialect } from "drizzle-orm/sqlite-core";
import { SqlitePoolDatabase } from "./database.ts";
import { PoolSession, type Source } from "./session.ts";

export { migrate, type MigrateOptions } from "./migrate.ts";
export { SqlitePoolDatabase };
export type { Source };

/**
 * Makes a Drizzle database over a pool.
 *
 * @param source what `openDatabase` gave, or a `SQLiteConnectionPool`. It stays the caller's to
 *   close, and is there as `$client`.
 * @param config `schema`, `logger`, `casing` and `cache`, as with every driver of Drizzle.
 * @returns the database.
 */
export function drizzle<
  TSchema extends Record<string, unknown> = Record<string, never>,
  TClient extends Source = Source,
>(
  source: TClient,
  config: DrizzleConfig<TSchema> = {},
): SqlitePoolDatabase<TSchema> & { readonly $client: TClient } {
  const dialect = new SQLiteAsyncDialect({ casing: config.casing });
  const schema = config.schema && relationsOf(config.schema);
  const cache = config.cache ?? new NoopCache();
  const parts = { source, schema, logger: loggerOf(config.logger), cache };
  const session = new PoolSession<TSchema, ExtractTablesWithRelations<TSchema>>(
    dialect,
    parts,
    undefined,
  );
  const database = new SqlitePoolDatabase<TSchema>("async", dialect, session, schema);
  // Under this name Drizzle's users clear their cache.
  const $cache = config.cache && Object.assign(config.cache, { invalidate: config.cache.onMutate });
  return Object.assign(database, { $client: source, ...($cache && { $cache }) });
}

function loggerOf(logger: boolean | Logger | undefined): Logger {
  if (logger === true) return new DefaultLogger();
  return logger === undefined || logger === false ? new NoopLogger() : logger;
}

function relationsOf<TSchema extends Record<string, unknown>>(
  fullSchema: TSchema,
): RelationalSchemaConfig<ExtractTablesWithRelations<TSchema>> {
  const { tables, tableNamesMap } = extractTablesRelationalConfig<
    ExtractTablesWithRelations<TSchema>
  >(fullSchema, createTableRelationsHelpers);
  return { fullSchema, schema: tables, tableNamesMap };
}
