/** db.execute() runs a statement where it belongs, told by the statement itself. */

import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { type Database, openDatabase, sql } from "../../mod.ts";
import { databaseDrivers, driverTest } from "../helpers/database_drivers.ts";
import { openTestDatabase } from "../helpers/databases.ts";

const READS = [
  "SELECT 1 AS a",
  "select count(*) FROM t",
  "VALUES (1), (2)",
  "-- first\n/* second */ WITH a AS (SELECT 1) SELECT * FROM a",
  "EXPLAIN QUERY PLAN SELECT * FROM t",
  "EXPLAIN DELETE FROM t",
  "PRAGMA table_info(t)",
  "PRAGMA index_list('t')",
  "PRAGMA user_version",
  "PRAGMA foreign_key_check",
  "PRAGMA integrity_check(1)",
];

const WRITES = [
  "INSERT INTO t VALUES (1, 'a')",
  "WITH a(n) AS (SELECT 2) INSERT INTO t SELECT n, 'b' FROM a RETURNING id",
  "REPLACE INTO t VALUES (2, 'c')",
  "UPDATE t SET v = 'd'",
  "DELETE FROM t WHERE id = 2",
  "CREATE TABLE other (n)",
  "ALTER TABLE other ADD COLUMN m",
  "CREATE INDEX by_m ON other (m)",
  "DROP TABLE other",
  "ANALYZE",
  "REINDEX",
  "VACUUM",
  "PRAGMA user_version = 3",
  "PRAGMA optimize",
  "PRAGMA incremental_vacuum(1)",
  "PRAGMA wal_checkpoint(TRUNCATE)",
];

async function acquired(db: Database, run: () => Promise<unknown>): Promise<string> {
  const count = () => {
    const { writer, readers } = db.stats;
    return [writer!.acquired, readers.acquired];
  };
  const before = count();
  await run();
  const after = count();
  if (after[0] > before[0]) return "writer";
  return after[1] > before[1] ? "reader" : "nobody";
}

for (const driver of databaseDrivers) {
  test(
    ...driverTest(driver, "execute sends statements where they belong", async (t: TestContext) => {
      const { db } = await openTestDatabase(t, { driver: driver.driver });
      await db.run("CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)");
      for (const text of READS) {
        assert.equal(await acquired(db, () => db.execute(text)), "reader", text);
      }
      for (const text of WRITES) {
        assert.equal(await acquired(db, () => db.execute(text)), "writer", text);
      }
      const inserted = await db.execute("INSERT INTO t (v) VALUES (?), (?)", ["x", "y"]);
      assert.equal(inserted.rowsAffected, 2);
      assert.deepEqual(inserted.rows, []);
      const read = await db.execute(sql`SELECT v FROM t WHERE v IN (${"x"}, ${"y"}) ORDER BY v`);
      assert.deepEqual(read.columns, ["v"]);
      assert.deepEqual(read.rows, [{ v: "x" }, { v: "y" }]);
    }),
  );
}

for (const execution of ["inline", "worker", "auto"] as const) {
  test(`${execution}: reads through execute wait for no writer`, async (t) => {
    const { db } = await openTestDatabase(t, { execution });
    await db.run("CREATE TABLE t (n)");
    const writer = await db.connection({ write: true });
    const waiting = db.execute("INSERT INTO t VALUES (1)");
    for (let i = 0; i < 10; i++) {
      const { rows } = await db.execute("SELECT count(*) AS count FROM t");
      assert.deepEqual(rows, [{ count: 0 }]);
    }
    await writer.release();
    assert.equal((await waiting).rowsAffected, 1);
  });
}

test("execute in memory runs everything on its one connection", async () => {
  const db = await openDatabase(":memory:");
  await db.execute("CREATE TABLE t (n)");
  const rowFactory = ([n]: unknown[]) => n;
  const { rows } = await db.execute("INSERT INTO t VALUES (1) RETURNING n", [], { rowFactory });
  assert.deepEqual(rows, [1]);
  assert.deepEqual((await db.execute("SELECT n FROM t", [], { rowFactory })).rows, [1]);
  await assert.rejects(db.write(() => db.execute("SELECT 1")), /own connection, as in tx\.run/);
  await db.close();
});

test("execute of a database that was opened read-only refuses what writes", async (t) => {
  const { db, path } = await openTestDatabase(t);
  await db.run("CREATE TABLE t (n)");
  await db.close();
  const { db: reading } = await openTestDatabase(t, { readonly: true }, path);
  assert.deepEqual((await reading.execute("SELECT count(*) AS n FROM t")).rows, [{ n: 0 }]);
  await assert.rejects(reading.execute("DELETE FROM t"), {
    code: "SQLITE_READONLY",
    message: /db\.execute\(\) writes/,
  });
});

test("execute refuses transaction control, several statements and bad options", async (t) => {
  const { db } = await openTestDatabase(t);
  await db.run("CREATE TABLE t (n)");
  for (const text of ["BEGIN", "END", "ROLLBACK", "SAVEPOINT a", "RELEASE a"]) {
    await assert.rejects(db.execute(text), /^SQLitePoolError: execute\(\) does not accept BEGIN/);
  }
  await assert.rejects(db.execute("SELECT 1; DELETE FROM t"), /more than one statement/);
  await assert.rejects(db.execute("DELETE FROM t; SELECT 1"), /more than one statement/);
  await assert.rejects(db.execute(""), /no statement/);
  await assert.rejects(db.execute(5 as never), /^TypeError: The query must be a string/);
  const misspelt = { timeout: 5 } as object;
  for (const text of ["SELECT 1", "DELETE FROM t", "ANALYZE"]) {
    await assert.rejects(db.execute(text, [], misspelt), /^TypeError: Unknown option "timeout"/);
  }
  const aborted = AbortSignal.abort(new Error("enough"));
  await assert.rejects(db.execute("SELECT 1", [], { signal: aborted }), /enough/);
  await assert.rejects(db.execute("DELETE FROM t", [], { signal: aborted }), /enough/);
  await assert.rejects(db.execute("PRAGMA journal_mode = DELETE"), /journal/);
  await db.close();
  await assert.rejects(db.execute("SELECT 1"), { name: "PoolClosedError" });
});

test("sessions execute too", async (t) => {
  const { db } = await openTestDatabase(t);
  const session = db.session();
  await session.execute("CREATE TABLE t (n)");
  assert.equal((await session.execute("SELECT * FROM t")).rows.length, 0);
});
