/**
 * A Kysely dialect over a database or a pool: selects run on readers, one writer takes the rest,
 * and transactions with asynchronous callbacks never mix.
 *
 * @example
 * ```ts
 * import { type Generated, Kysely } from "kysely";
 * import { openDatabase } from "@sqlitepool/pool";
 * import { SqlitePoolDialect } from "@sqlitepool/pool/kysely";
 *
 * interface Tables {
 *   users: { id: Generated<number>; name: string };
 * }
 *
 * const db = new Kysely<Tables>({
 *   dialect: new SqlitePoolDialect({ database: () => openDatabase("app.db") }),
 * });
 * await db.schema.createTable("users").ifNotExists()
 *   .addColumn("id", "integer", (column) => column.primaryKey())
 *   .addColumn("name", "text", (column) => column.notNull())
 *   .execute();
 * await db.insertInto("users").values({ name: "Alice" }).execute();
 * console.log(await db.selectFrom("users").select("name").execute());
 * await db.destroy();
 * ```
 *
 * @module
 */

import {
  type DatabaseIntrospector,
  type Dialect,
  type DialectAdapter,
  type Driver,
  type Kysely,
  type QueryCompiler,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from "kysely";
import { SqlitePoolAdapter } from "./adapter.ts";
import { SqlitePoolDriver } from "./driver.ts";
import { DatabaseTarget, PoolTarget, type Target } from "./target.ts";
import { describeValue } from "../../src/platform/describe.ts";
import type { SQLiteConnectionPool } from "../../src/connections/connection_pool.ts";
import type { Database } from "../../src/database/database.ts";

/** What a dialect runs on, or a function that opens it with the first query. */
export type Source<T> = T | (() => T | PromiseLike<T>);

/** Statements run on a database: selects on its readers, the rest on its writer. */
export interface DatabaseDialectConfig {
  /** The database, or a function that opens it. `db.destroy()` closes it. */
  readonly database: Source<Database>;
  /** Not beside `database`. */
  readonly pool?: undefined;
}

/** Statements run on the connections of a pool, which are all alike. */
export interface PoolDialectConfig {
  /** The pool, or a function that makes it. `db.destroy()` closes it. */
  readonly pool: Source<SQLiteConnectionPool>;
  /** Not beside `pool`. */
  readonly database?: undefined;
}

/** Where the statements of a dialect run. */
export type SqlitePoolDialectConfig = DatabaseDialectConfig | PoolDialectConfig;

/** The dialect to give to `new Kysely(...)`. */
export class SqlitePoolDialect implements Dialect {
  readonly #config: SqlitePoolDialectConfig;

  /**
   * Makes a dialect.
   *
   * @param config a database or a pool.
   * @throws {TypeError} when it is neither, or both.
   */
  constructor(config: SqlitePoolDialectConfig) {
    checkConfig(config);
    this.#config = { ...config };
  }

  /** Called by Kysely. */
  createDriver(): Driver {
    return new SqlitePoolDriver(() => openTarget(this.#config));
  }

  /** Called by Kysely. */
  createQueryCompiler(): QueryCompiler {
    return new SqliteQueryCompiler();
  }

  /** Called by Kysely. */
  createAdapter(): DialectAdapter {
    return new SqlitePoolAdapter();
  }

  /** Called by Kysely. */
  // deno-lint-ignore no-explicit-any -- the type that Kysely gives it
  createIntrospector(db: Kysely<any>): DatabaseIntrospector {
    return new SqliteIntrospector(db);
  }
}

function checkConfig(config: SqlitePoolDialectConfig): void {
  const { database, pool } = config ?? {};
  if ((database === undefined) === (pool === undefined)) {
    throw new TypeError(
      "SqlitePoolDialect takes either a database or a pool: { database: await openDatabase(path) } " +
        "or { pool: new SQLiteConnectionPool(...) }",
    );
  }
  const source: unknown = database ?? pool;
  const method = database === undefined ? "withConnection" : "write";
  if (typeof source === "function") return;
  if (typeof (source as Record<string, unknown> | null)?.[method] === "function") return;
  throw new TypeError(
    database === undefined
      ? `pool must be a SQLiteConnectionPool, or a function that makes one; got ${
        describeValue(source)
      }`
      : `database must be what openDatabase() resolves to, or a function that opens it; got ${
        describeValue(source)
      }`,
  );
}

async function openTarget({ database, pool }: SqlitePoolDialectConfig): Promise<Target> {
  if (pool !== undefined) {
    return new PoolTarget(typeof pool === "function" ? await pool() : pool);
  }
  return new DatabaseTarget(typeof database === "function" ? await database() : database);
}
