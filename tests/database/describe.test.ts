/** What a statement is, told without running it. */

import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { type Execution, openDatabase, sql, SQLiteConnectionPool } from "../../mod.ts";
import { turso } from "../conformance/drivers.ts";
import { skipFor } from "../helpers/skip_reasons.ts";
import { databaseDrivers, driverTest } from "../helpers/database_drivers.ts";
import { openTestDatabase } from "../helpers/databases.ts";

const CREATE = "CREATE TABLE t (id INTEGER PRIMARY KEY, name VARCHAR(20) NOT NULL, any)";

/** What drivers do not tell. */
const WITHOUT_ORIGINS = ["bun-sqlite", "db-sqlite"];
const WITHOUT_TYPES = ["db-sqlite"];
/** Drivers that a thread can load. */
const IN_THREADS = ["node-sqlite", "bun-sqlite", "better-sqlite3", "libsql"];

for (const driver of databaseDrivers) {
  const { name } = driver;
  const origins = !WITHOUT_ORIGINS.includes(name);
  const types = !WITHOUT_TYPES.includes(name);
  const executions: Execution[] = IN_THREADS.includes(name) ? ["inline", "worker"] : ["inline"];

  test(
    ...driverTest(driver, "a statement is described without being run", async (t: TestContext) => {
      for (const execution of executions) {
        const { db } = await openTestDatabase(t, { driver: driver.driver, execution });
        await db.executeScript(CREATE);
        const column = (as: string, type?: string, origin?: string) => ({
          name: as,
          declaredType: types ? type : undefined,
          table: origins && origin !== undefined ? "t" : undefined,
          origin: origins ? origin : undefined,
        });
        assert.deepEqual(
          await db.describe(
            "SELECT id, name AS n, any, id + 1 AS next, count(*) FROM t WHERE id > ? AND name = :n",
          ),
          {
            readonly: true,
            columns: [
              column("id", "INTEGER", "id"),
              column("n", "VARCHAR(20)", "name"),
              column("any", undefined, "any"),
              column("next"),
              column("count(*)"),
            ],
            parameters: ["?", ":n"],
          },
        );
        assert.deepEqual(
          await db.describe(sql`INSERT INTO t (name) VALUES (${"never"})`),
          { readonly: false, columns: [], parameters: ["?"] },
        );
        const returning = await db.describe("DELETE FROM t RETURNING id AS gone");
        assert.equal(returning.readonly, false);
        assert.deepEqual(returning.columns.map((each) => each.name), ["gone"]);
        assert.equal((await db.describe("CREATE TABLE other (n)")).readonly, false);
        assert.equal(await db.value("SELECT count(*) FROM sqlite_schema"), 1);
        assert.deepEqual((await db.describe("PRAGMA table_info(t)")).readonly, true);
        await db.close();
      }
    }),
  );

  test(
    ...driverTest(driver, "a description follows the schema", async (t: TestContext) => {
      for (const execution of executions) {
        const { db } = await openTestDatabase(t, { driver: driver.driver, execution });
        await db.executeScript(CREATE);
        const names = async () =>
          (await db.describe("SELECT * FROM t")).columns.map((each) => each.name);
        await db.all("SELECT * FROM t");
        assert.deepEqual(await names(), ["id", "name", "any"]);
        await db.run("ALTER TABLE t RENAME COLUMN any TO rest");
        assert.deepEqual(await names(), ["id", "name", "rest"]);
        await db.write(async (tx) => {
          await tx.run("ALTER TABLE t ADD COLUMN late");
          const { columns } = await tx.describe("SELECT * FROM t");
          assert.equal(columns.at(-1)!.name, "late");
          assert.deepEqual(await names(), ["id", "name", "rest"]);
        });
        await db.close();
      }
    }),
  );

  test(
    ...driverTest(driver, "what cannot be described is refused", async (t: TestContext) => {
      for (const execution of executions) {
        const { db } = await openTestDatabase(t, { driver: driver.driver, execution });
        await assert.rejects(db.describe("SELECT * FROM missing"), /no such table: missing/);
        await assert.rejects(db.describe("SELECT 1; SELECT 2"), /more than one statement/);
        await assert.rejects(db.describe(""), /no statement/);
        for (const text of ["PRAGMA foreign_keys = OFF", "EXPLAIN PRAGMA foreign_keys = OFF"]) {
          await assert.rejects(db.describe(text), /a PRAGMA that sets foreign_keys takes effect/);
        }
        assert.equal(await db.value("PRAGMA foreign_keys"), 1);
        await db.close();
      }
    }),
  );
}

test("describe checks its arguments, and when it may be called", async () => {
  const db = await openDatabase(":memory:");
  await assert.rejects(db.describe(1 as never), /^TypeError: The query must be a string/);
  const misspelt = { timeout: 1 } as object;
  await assert.rejects(db.describe("SELECT 1", misspelt), /^TypeError: Unknown option "timeout"/);
  await assert.rejects(db.write(() => db.describe("SELECT 1")), /own connection/);
  const conn = await db.connection();
  await assert.rejects(db.describe("SELECT 1", { timeoutMs: 1 }), {
    name: "PoolConnectionAcquireTimeoutError",
  });
  assert.equal((await conn.describe("SELECT 1 AS one")).columns[0].name, "one");
  await conn.release();
  await assert.rejects(conn.describe("SELECT 1"), { name: "ConnectionReleasedError" });
  await db.close();
  await assert.rejects(db.describe("SELECT 1"), { name: "PoolClosedError" });
});

const withTurso = "Turso tells the names of columns and the parameters";
test(withTurso, skipFor(withTurso, turso.unavailable), async () => {
  const conn = await turso.open(":memory:", {});
  await conn.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, name VARCHAR(20))");
  const { readonly, columns, parameters } = await conn.describe!("SELECT id, name AS n FROM t");
  assert.deepEqual([readonly, parameters], [true, []]);
  const untyped = { declaredType: undefined, table: undefined, origin: undefined };
  assert.deepEqual(columns, [{ name: "id", ...untyped }, { name: "n", ...untyped }]);
  const insert = await conn.describe!("INSERT INTO t (name) VALUES (:name)");
  assert.deepEqual(insert, { readonly: false, columns: [], parameters: [":name"] });
  assert.deepEqual((await conn.execute("SELECT count(*) AS n FROM t")).rows, [{ n: 0 }]);
  await assert.rejects(conn.describe!("SELECT 1; SELECT 2"), /more than one statement/);
  await assert.rejects(conn.describe!("PRAGMA foreign_keys = 1"), /takes effect while it is/);
  await assert.rejects(conn.describe!("SELECT nothing_like_it FROM t"), { name: "SQLiteError" });
  await conn.close();
  await assert.rejects(conn.describe!("SELECT 1"), /closed/);
});

test("a connection whose driver cannot describe says so", async () => {
  const result = { columns: [], rows: [], rowsAffected: 0, lastInsertRowid: undefined };
  const pool = new SQLiteConnectionPool(() => ({
    execute: () => Promise.resolve(result),
    rollback: () => Promise.resolve(),
    close: () => Promise.resolve(),
  }));
  await pool.withConnection(async (conn) => {
    await assert.rejects(conn.describe("SELECT 1"), /do not work with this driver/);
  });
  await pool.close();
});
