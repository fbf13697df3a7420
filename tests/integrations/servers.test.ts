/** Tools over a database on a libSQL server; Kysely has a file of its own. */

import assert from "node:assert/strict";
import { after, test, type TestContext } from "node:test";
import { eq, sql } from "drizzle-orm";
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

import { drizzle } from "../../integrations/drizzle/driver.ts";
import { createClient } from "../../integrations/libsql_client/create_client.ts";
import type { RemoteDatabase } from "../../mod.ts";
import { skipFor } from "../helpers/skip_reasons.ts";
import { SharedServer } from "../remote/helpers/databases.ts";
import { noServers } from "../remote/helpers/sqld.ts";

const shared = new SharedServer();
after(() => shared.remove());

function onServer(name: string, run: (db: RemoteDatabase) => Promise<void>): void {
  test(name, skipFor(name, noServers), async (t: TestContext) => {
    const db = await shared.open(t);
    await db.run("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)");
    await run(db);
  });
}

const users = sqliteTable("users", { id: integer().primaryKey(), name: text().notNull() });

onServer("Drizzle: queries, batches, and transactions with savepoints", async (database) => {
  const db = drizzle(database);
  assert.deepEqual(await db.insert(users).values({ name: "Ada" }).returning(), [
    { id: 1, name: "Ada" },
  ]);
  await db.transaction(async (tx) => {
    await tx.insert(users).values({ name: "Bob" });
    await tx.transaction(async (inner) => {
      await inner.insert(users).values({ name: "Cleo" });
      inner.rollback();
    }).catch(() => {});
  });
  const failed = db.transaction(async (tx) => {
    await tx.delete(users);
    throw new RangeError("no");
  });
  await assert.rejects(failed, RangeError);
  await db.batch([
    db.update(users).set({ name: "Bert" }).where(eq(users.name, "Bob")),
    db.insert(users).values({ name: "Dora" }),
  ]);
  const rows = await db.select({ name: users.name }).from(users).orderBy(users.id);
  assert.deepEqual(rows.map(({ name }) => name), ["Ada", "Bert", "Dora"]);
  assert.deepEqual(await db.get(sql`SELECT count(*) AS n FROM users`), { n: 3 });
  await assert.rejects(db.insert(users).values({ id: 1, name: "Eve" }).execute());
});

onServer("@libsql/client's interface: statements, batches, transactions, and types", async (db) => {
  const client = createClient(db);
  const add = "INSERT INTO users (name) VALUES (?)";
  const { lastInsertRowid, rowsAffected } = await client.execute({ sql: add, args: ["Ada"] });
  assert.deepEqual([lastInsertRowid, rowsAffected], [1n, 1]);
  await client.batch([{ sql: add, args: ["Bob"] }, { sql: add, args: ["Cleo"] }], "write");
  const tx = await client.transaction("write");
  await tx.execute({ sql: add, args: ["Dora"] });
  await tx.rollback();
  const other = await client.transaction("write");
  await other.execute({ sql: add, args: ["Eve"] });
  await other.commit();
  const { rows, columns, columnTypes } = await client.execute("SELECT id, name FROM users");
  assert.deepEqual(rows.map(({ name }) => name), ["Ada", "Bob", "Cleo", "Eve"]);
  assert.deepEqual([columns, columnTypes], [["id", "name"], ["INTEGER", "TEXT"]]);
  await assert.rejects(client.execute({ sql: add, args: ["Ada"] }), {
    code: "SQLITE_CONSTRAINT",
  });
});
