/** Kysely over each place that the dialect takes, for tests. */

import { type ColumnType, type Generated, Kysely, type KyselyConfig, sql } from "kysely";
import { join } from "node:path";
import type { TestContext } from "node:test";

import { SqlitePoolDialect } from "../../../integrations/kysely/dialect.ts";
import {
  type Database,
  type DatabaseOptions,
  openDatabase,
  SQLiteConnectionPool,
} from "../../../mod.ts";
import { nativeDriver } from "../../helpers/drivers.ts";
import { temporaryDirectory } from "../../helpers/runtime.ts";

export interface Tables {
  person: {
    id: Generated<number>;
    name: string;
    age: number | null;
    photo: ColumnType<Uint8Array | null, Uint8Array | null | undefined, Uint8Array | null>;
  };
  pet: { id: Generated<number>; name: string; owner_id: number };
  account: { id: number; balance: number };
}

export type Place = "a file" | "memory" | "a pool";
export const places: readonly Place[] = ["a file", "memory", "a pool"];

export interface TestKysely {
  readonly db: Kysely<Tables>;
  /** What is under it, unless that is a pool. */
  readonly database: Database | undefined;
  readonly pool: SQLiteConnectionPool | undefined;
  /** Begins each statement that ran. */
  readonly log: string[];
}

/** Kysely with the tables of these tests, closed when the test ends. */
export async function openKysely(
  t: TestContext,
  place: Place = "a file",
  options: DatabaseOptions & Pick<KyselyConfig, "plugins"> & { poolSize?: number } = {},
): Promise<TestKysely> {
  const { plugins, poolSize, ...databaseOptions } = options;
  const path = place === "memory" ? ":memory:" : join(temporaryDirectory(t), "test.db");
  const pool = place === "a pool"
    ? new SQLiteConnectionPool(() => {
      const handle = nativeDriver.open(path);
      handle.exec("PRAGMA journal_mode = WAL");
      handle.exec("PRAGMA foreign_keys = ON");
      return handle;
    }, { ...databaseOptions, poolSize: poolSize ?? 5 })
    : undefined;
  const database = pool === undefined ? await openDatabase(path, databaseOptions) : undefined;
  t.after(() => Promise.all([database, pool].map((it) => it?.close({ timeoutMs: 0 }))));
  const log: string[] = [];
  const db = new Kysely<Tables>({
    dialect: pool === undefined
      ? new SqlitePoolDialect({ database: database! })
      : new SqlitePoolDialect({ pool }),
    plugins,
    log: ({ query }) => void log.push(query.sql),
  });
  await createTables(db);
  log.length = 0;
  return { db, database, pool, log };
}

async function createTables(db: Kysely<Tables>): Promise<void> {
  await db.schema.createTable("person")
    .addColumn("id", "integer", (column) => column.primaryKey())
    .addColumn("name", "text", (column) => column.notNull().unique())
    .addColumn("age", "integer")
    .addColumn("photo", "blob")
    .execute();
  await db.schema.createTable("pet")
    .addColumn("id", "integer", (column) => column.primaryKey())
    .addColumn("name", "text", (column) => column.notNull())
    .addColumn(
      "owner_id",
      "integer",
      (column) => column.notNull().references("person.id").onDelete("cascade"),
    )
    .execute();
  await db.schema.createTable("account")
    .addColumn("id", "integer", (column) => column.primaryKey())
    .addColumn("balance", "integer", (column) => column.notNull().check(sql`balance >= 0`))
    .execute();
}

export async function addPeople(db: Kysely<Tables>): Promise<void> {
  await db.insertInto("person").values([
    { id: 1, name: "Ada", age: 36 },
    { id: 2, name: "Bob", age: 20 },
    { id: 3, name: "Cleo", age: null },
  ]).execute();
  await db.insertInto("pet").values([
    { id: 1, name: "Rex", owner_id: 1 },
    { id: 2, name: "Tom", owner_id: 1 },
    { id: 3, name: "Kit", owner_id: 2 },
  ]).execute();
}

export async function names(db: Kysely<Tables>): Promise<string[]> {
  const rows = await db.selectFrom("person").select("name").orderBy("name").execute();
  return rows.map(({ name }) => name);
}
