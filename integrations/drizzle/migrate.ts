/**
 * Runs the migrations that `drizzle-kit` has written.
 *
 * @module
 */

import type { PooledConnection } from "../../mod.ts";
import type { SqlitePoolDatabase } from "./database.ts";
import { sessionOf } from "./internals.ts";
import { isDatabase, type PoolSession } from "./session.ts";
import type { TablesRelationalConfig } from "drizzle-orm";
import { ident } from "../../mod.ts";

/** Where migrations are. */
export interface MigrateOptions {
  /** The folder with `meta/_journal.json`. */
  migrationsFolder: string;
  /** The table that remembers what has run. Default: `"__drizzle_migrations"`. */
  migrationsTable?: string;
}

interface Migration {
  readonly sql: readonly string[];
  readonly folderMillis: number;
  readonly hash: string;
}

/**
 * Runs the migrations that have not run yet, in one transaction on the writer: all of them or
 * none. Processes that migrate at the same time do so one after the other.
 *
 * @param database what `drizzle()` made.
 * @param options the folder that `drizzle-kit generate` writes to.
 * @throws {Error} when the folder has no journal.
 * @throws {SQLiteError} when a statement fails; nothing has happened then.
 *
 * @example
 * ```ts
 * import { openDatabase } from "@sqlitepool/pool";
 * import { drizzle, migrate } from "@sqlitepool/pool/drizzle";
 *
 * async function main(): Promise<void> {
 *   const db = drizzle(await openDatabase("app.db"));
 *   await migrate(db, { migrationsFolder: "drizzle" });
 *   await db.$client.close();
 * }
 * ```
 */
export async function migrate<TSchema extends Record<string, unknown>>(
  database: SqlitePoolDatabase<TSchema>,
  options: MigrateOptions,
): Promise<void> {
  // It reads files, so that runtimes without any load the rest.
  const { readMigrationFiles } = await import("drizzle-orm/migrator");
  const migrations = readMigrationFiles(options);
  const { source } = sessionOf<PoolSession<TSchema, TablesRelationalConfig>>(database).parts;
  const connection = isDatabase(source)
    ? await source.connection({ write: true })
    : await source.connection();
  const table = ident(options.migrationsTable ?? "__drizzle_migrations").text;
  try {
    await withoutForeignKeys(connection, () => runAll(connection, migrations, table));
  } finally {
    await connection.release();
  }
}

/** A table that others refer to is rebuilt under their eyes. */
async function withoutForeignKeys(
  connection: PooledConnection<unknown>,
  work: () => Promise<void>,
): Promise<void> {
  const before = await connection.value("PRAGMA foreign_keys");
  // SQLite takes this setting outside transactions only.
  await connection.executeScript("PRAGMA foreign_keys = OFF");
  try {
    await work();
  } finally {
    await connection.executeScript(`PRAGMA foreign_keys = ${Number(before)}`);
  }
}

async function runAll(
  connection: PooledConnection<unknown>,
  migrations: readonly Migration[],
  table: string,
): Promise<void> {
  await connection.transaction(async (tx) => {
    await tx.run(
      `CREATE TABLE IF NOT EXISTS ${table} (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at numeric)`,
    );
    const last = Number(await tx.value(`SELECT max(created_at) FROM ${table}`) ?? -Infinity);
    for (const { sql, folderMillis, hash } of migrations) {
      if (folderMillis <= last) continue;
      for (const statement of sql) await tx.executeScript(statement);
      const remember = `INSERT INTO ${table} (hash, created_at) VALUES (?, ?)`;
      await tx.run(remember, [hash, folderMillis]);
    }
  });
}
