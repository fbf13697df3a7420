/** A small suite of a project that has this package and its drivers from JSR. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { Database } from "@db/sqlite";
import { openDatabase, sql, SQLiteConnectionPool, SQLiteError } from "@sqlitepool/pool";
import type { Database as PooledDatabase } from "@sqlitepool/pool";
import { dbSqlite } from "@sqlitepool/pool/db-sqlite";
import { nodeSqlite } from "@sqlitepool/pool/node-sqlite";

const drivers = { "node:sqlite": nodeSqlite, "@db/sqlite": dbSqlite(Database) };

for (const [name, driver] of Object.entries(drivers)) {
  const check = (title: string, run: (db: PooledDatabase) => Promise<void>): void => {
    Deno.test(`${name}: ${title}`, async () => {
      const directory = await Deno.makeTempDir();
      try {
        await using db = await openDatabase(`${directory}/app.db`, { driver });
        await db.run("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL)");
        await run(db);
      } finally {
        await Deno.remove(directory, { recursive: true });
      }
    });
  };

  check("values come back as they were passed", async (db) => {
    const bytes = new Uint8Array([0, 1, 255]);
    const values = [1, 1.5, "text", null, bytes, 2 ** 53 - 1];
    assertEquals(await db.values("SELECT ?, ?, ?, ?, ?, ?", values), [values]);
    assertEquals(await db.get(sql`SELECT ${"a"} AS a`), { a: "a" });
    assertEquals(await db.value("SELECT :a + :b", { a: 1, b: 2 }), 3);
  });

  check("a hundred writes at once are all there", async (db) => {
    const names = Array.from({ length: 100 }, (_, i) => `user ${i}`);
    const insert = "INSERT INTO users (name) VALUES (?)";
    const results = await Promise.all(names.map((name) => db.run(insert, [name])));
    assertEquals(new Set(results.map(({ lastInsertRowid }) => lastInsertRowid)).size, 100);
    assertEquals(await db.value("SELECT count(*) FROM users"), 100);
  });

  check("a transaction that throws leaves nothing", async (db) => {
    const failed = db.write(async (tx) => {
      await tx.run("INSERT INTO users (name) VALUES ('Alice')");
      throw new RangeError("no");
    });
    await assertRejects(() => failed, RangeError, "no");
    assertEquals(await db.all("SELECT * FROM users"), []);
  });

  check("a batch is all or nothing, and errors have a code", async (db) => {
    const insert = { sql: "INSERT INTO users (name) VALUES (?)", params: ["Alice"] };
    const error = await assertRejects(() => db.batch([insert, insert]), SQLiteError);
    assertEquals(error.code, "SQLITE_CONSTRAINT");
    assertEquals(await db.value("SELECT count(*) FROM users"), 0);
  });

  check("rows are read one after the other", async (db) => {
    await db.batch(
      ["a", "b", "c"].map((n) => ({ sql: sql`INSERT INTO users (name) VALUES (${n})` })),
    );
    const names: unknown[] = [];
    for await (const { name } of db.iterate("SELECT name FROM users ORDER BY id")) names.push(name);
    assertEquals(names, ["a", "b", "c"]);
  });
}

Deno.test("@db/sqlite: a pool over handles of one's own", async () => {
  await using pool = new SQLiteConnectionPool(() => new Database(":memory:"), { poolSize: 1 });
  await pool.execute("CREATE TABLE t (n)");
  await pool.transaction(async (tx) => {
    await tx.run("INSERT INTO t VALUES (1)");
    assert(tx.inTransaction);
  });
  assertEquals(await pool.value("SELECT n FROM t"), 1);
});
