/** What the adapters of the runtimes' own drivers see to by themselves, beyond conformance. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { adapt } from "../../adapters/detect.ts";
import type { RowOptions } from "../../src/sqlite/types.ts";
import type { DriverConnection } from "../../src/driver/connection.ts";
import { type NativeDriver, nativeDrivers, type NativeHandle } from "../helpers/drivers.ts";
import { temporaryDirectory } from "../helpers/runtime.ts";

interface Fixture {
  readonly t: TestContext;
  readonly handle: NativeHandle;
  readonly conn: DriverConnection;
  /** Another connection to the same file. */
  other(): Promise<DriverConnection>;
}

/** The same test over each native driver. */
function testNative(name: string, run: (fixture: Fixture) => Promise<void>): void {
  for (const driver of nativeDrivers) {
    test(`${driver.name}: ${name}`, { skip: driver.unavailable }, async (t) => {
      await run(await open(t, driver));
    });
  }
}

async function open(t: TestContext, driver: NativeDriver): Promise<Fixture> {
  const path = join(temporaryDirectory(t), "test.db");
  const connect = async (): Promise<[NativeHandle, DriverConnection]> => {
    const handle = driver.open(path);
    handle.exec("PRAGMA busy_timeout = 0; PRAGMA synchronous = OFF");
    const conn = await adapt(handle);
    t.after(() => conn.close().catch(() => {}));
    return [handle, conn];
  };
  const [handle, conn] = await connect();
  return { t, handle, conn, other: async () => (await connect())[1] };
}

const table = "CREATE TABLE t (a INTEGER, b INTEGER); INSERT INTO t VALUES (1, 2)";

/** Changes of the schema that leave a statement valid, and the row it gives afterwards. */
const alterations = [
  { how: "rename", sql: "ALTER TABLE t RENAME b TO c", columns: ["a", "c"] },
  { how: "add", sql: "ALTER TABLE t ADD c INTEGER DEFAULT 2", columns: ["a", "b", "c"] },
  { how: "drop", sql: "ALTER TABLE t DROP a", columns: ["b"] },
  {
    how: "recreate with names swapped",
    sql: "DROP TABLE t; CREATE TABLE t (b INTEGER, a INTEGER); INSERT INTO t VALUES (1, 2)",
    columns: ["b", "a"],
  },
];
const readers = ["SELECT * FROM t", "UPDATE t SET rowid = rowid RETURNING *"];
const wayToRead: Readonly<
  Record<string, (conn: DriverConnection, sql: string) => Promise<[unknown[], string[]]>>
> = {
  execute: (conn, sql) => read(conn, sql, {}),
  "execute, first row": (conn, sql) => read(conn, sql, { firstRowOnly: true }),
  "execute, row factory": (conn, sql) =>
    read(conn, sql, {
      rowFactory: (values, columns) => Object.fromEntries(columns.map((c, i) => [c, values[i]])),
    }),
  iterate: async (conn, sql) => {
    const rows: object[] = [];
    for await (const row of conn.iterate(sql)) rows.push(row);
    return [rows, Object.keys(rows[0])];
  },
};

async function read(
  conn: DriverConnection,
  sql: string,
  options: RowOptions<unknown>,
): Promise<[unknown[], string[]]> {
  const { rows, columns } = await conn.execute(sql, [], options);
  return [rows, columns];
}

for (const { how, sql: change, columns } of alterations) {
  for (const sql of readers) {
    for (const [way, readBy] of Object.entries(wayToRead)) {
      testNative(`${how} is seen by ${sql} (${way})`, async ({ conn, other }) => {
        await conn.executeScript(table);
        for (const where of ["here", "there", "here again"]) {
          await conn.executeScript(`DROP TABLE t; ${table}`);
          // Twice: what is kept has been used before.
          await readBy(conn, sql);
          const [before] = await readBy(conn, sql);
          assert.deepEqual(before, [{ a: 1, b: 2 }], where);
          await (where === "there" ? await other() : conn).executeScript(change);
          for (const time of ["first", "second"]) {
            const [rows, names] = await readBy(conn, sql);
            assert.deepEqual(names, columns, `${where}, ${time} time`);
            const values = columns.length === 1 ? [2] : [1, 2, 2].slice(0, columns.length);
            const row = Object.fromEntries(columns.map((column, i) => [column, values[i]]));
            assert.deepEqual(rows, [row], `${where}, ${time} time`);
          }
        }
      });
    }
  }
}

testNative("a result without rows has the new names too", async ({ conn, other }) => {
  await conn.executeScript(table);
  const sql = "SELECT * FROM t WHERE a > 9";
  await conn.execute(sql);
  for (const { sql: change, columns } of alterations) {
    for (const connection of [conn, await other()]) {
      await connection.executeScript(`DROP TABLE t; ${table}`);
      assert.deepEqual((await conn.execute(sql)).columns, ["a", "b"]);
      // Without the column that the condition names there is nothing to read.
      if (!columns.includes("a")) continue;
      await connection.executeScript(change);
      assert.deepEqual((await conn.execute(sql)).columns, columns);
    }
  }
});

testNative("a rollback brings the old names back", async ({ conn }) => {
  await conn.executeScript(table);
  const sql = "SELECT * FROM t";
  await conn.execute("BEGIN");
  await conn.execute("ALTER TABLE t RENAME b TO c");
  assert.deepEqual((await conn.execute(sql)).rows, [{ a: 1, c: 2 }]);
  await conn.rollback();
  assert.deepEqual((await conn.execute(sql)).rows, [{ a: 1, b: 2 }]);
  await conn.execute("BEGIN");
  await conn.execute("SAVEPOINT s");
  await conn.execute("ALTER TABLE t DROP b");
  assert.deepEqual((await conn.execute(sql)).rows, [{ a: 1 }]);
  await conn.execute("ROLLBACK TO s");
  assert.deepEqual((await conn.execute(sql)).rows, [{ a: 1, b: 2 }]);
  assert.deepEqual((await conn.execute(sql, [], { firstRowOnly: true })).columns, ["a", "b"]);
});

testNative("letter case changed or rolled back here is seen by named columns", async ({ conn }) => {
  await conn.executeScript(table);
  const names = async () => {
    const { rows, columns } = await conn.execute("SELECT b FROM t");
    assert.deepEqual(Object.keys(rows[0]), columns);
    return columns;
  };
  assert.deepEqual(await names(), ["b"]);
  await conn.execute("BEGIN");
  await conn.execute("ALTER TABLE t RENAME b TO B");
  assert.deepEqual(await names(), ["B"]);
  await conn.rollback();
  assert.deepEqual(await names(), ["b"]);
});

testNative("a renamed table fails with SQLite's own words", async ({ conn, other }) => {
  await conn.executeScript(table);
  const sql = "SELECT a FROM t";
  await conn.execute(sql);
  await (await other()).execute("ALTER TABLE t RENAME TO u");
  await assert.rejects(conn.execute(sql), { code: "SQLITE_ERROR", message: /no such table/ });
});

testNative("1,000 distinct statements stay bounded", async ({ conn, handle }) => {
  const original = handle.prepare.bind(handle);
  const prepared: string[] = [];
  handle.prepare = (sql) => {
    prepared.push(sql);
    return original(sql);
  };
  for (let n = 0; n < 1_000; n++) await conn.execute(`SELECT ${n}`);
  assert.equal(prepared.length, 1_000);
  // The last ones are kept, the first ones are not.
  for (let n = 999; n >= 900; n--) await conn.execute(`SELECT ${n}`);
  assert.equal(prepared.length, 1_000);
  await conn.execute("SELECT 0");
  assert.equal(prepared.length, 1_001);
});

testNative("two cursors over the same text do not disturb each other", async ({ conn }) => {
  await conn.executeScript("CREATE TABLE n (n); INSERT INTO n VALUES (1), (2), (3)");
  const sql = "SELECT n FROM n ORDER BY n";
  await conn.execute(sql);
  const [one, two] = [conn.iterate(sql), conn.iterate(sql)];
  assert.deepEqual((await one.next()).value, { n: 1 });
  assert.deepEqual((await two.next()).value, { n: 1 });
  assert.deepEqual((await conn.execute(sql)).rows, [{ n: 1 }, { n: 2 }, { n: 3 }]);
  assert.deepEqual((await two.next()).value, { n: 2 });
  await two.return!();
  assert.deepEqual((await one.next()).value, { n: 2 });
  assert.deepEqual((await one.next()).value, { n: 3 });
  assert.equal((await one.next()).done, true);
});

testNative("a cursor that ends early frees its lock", async ({ conn, other }) => {
  await conn.executeScript("CREATE TABLE n (n); INSERT INTO n VALUES (1), (2), (3)");
  const writer = await other();
  const ends = ["return", "break", "throw"] as const;
  for (const end of ends) {
    const cursor = conn.iterate("SELECT n FROM n");
    await cursor.next();
    // In rollback mode a reader that is not done keeps a writer from its commit.
    if (end === "return") await cursor.return!();
    else if (end === "throw") await assert.rejects(cursor.throw!(new Error("x")), { message: "x" });
    else for await (const _ of cursor) break;
    assert.equal((await writer.execute("DELETE FROM n WHERE n = 9")).rowsAffected, 0);
    assert.equal((await writer.execute("UPDATE n SET n = n")).rowsAffected, 3);
  }
});

testNative("close finalizes everything and frees the file", async ({ conn, other }) => {
  await conn.executeScript(`${table}; INSERT INTO t VALUES (3, 4)`);
  await conn.execute("SELECT * FROM t");
  await conn.execute("INSERT INTO t VALUES (5, 6) RETURNING a");
  await conn.execute("BEGIN IMMEDIATE");
  const cursor = conn.iterate("SELECT * FROM t");
  await cursor.next();
  await conn.close();
  await conn.close();
  await assert.rejects(cursor.next(), { code: "SQLITE_MISUSE" });
  assert.equal(conn.inTransaction, false);
  await assert.rejects(conn.execute("SELECT * FROM t"), { code: "SQLITE_MISUSE" });
  await assert.rejects(conn.executeScript("SELECT 1"), { code: "SQLITE_MISUSE" });
  await assert.rejects(conn.rollback(), { code: "SQLITE_MISUSE" });
  assert.equal((await (await other()).execute("DELETE FROM t")).rowsAffected, 3);
});

testNative("a handle closed behind our back is told of", async ({ conn, handle }) => {
  await conn.executeScript(table);
  handle.close();
  assert.throws(() => conn.inTransaction, { name: "SQLiteError", code: "SQLITE_MISUSE" });
  await assert.rejects(conn.execute("SELECT 2"), { name: "SQLiteError", code: "SQLITE_MISUSE" });
  await conn.close();
});

testNative("lastInsertRowid is exact above 2^53", async ({ conn }) => {
  await conn.execute("CREATE TABLE t (id INTEGER PRIMARY KEY)");
  const large = 2n ** 53n + 1n;
  for (const [rowid, expected] of [[7, 7], [2 ** 53 - 1, 2 ** 53 - 1], [large, large]] as const) {
    const { lastInsertRowid } = await conn.execute("INSERT INTO t VALUES (?)", [rowid]);
    assert.equal(lastInsertRowid, expected);
    await conn.execute("DELETE FROM t");
    const sql = "INSERT INTO t VALUES (?) RETURNING 1";
    assert.equal((await conn.execute(sql, [rowid])).lastInsertRowid, expected);
    await conn.execute("DELETE FROM t");
  }
});

testNative("nothing but a write has rowsAffected and lastInsertRowid", async ({ conn }) => {
  await conn.executeScript(table);
  const insert = await conn.execute("INSERT INTO t VALUES (1, 2), (3, 4)");
  assert.deepEqual([insert.rowsAffected, insert.lastInsertRowid], [2, 3]);
  const others = ["SELECT * FROM t", "PRAGMA user_version = 3", "CREATE TABLE u (a)", "BEGIN"];
  for (
    const sql of [...others, "SELECT 1 WHERE 0", "COMMIT", "INSERT INTO t SELECT 1, 2 WHERE 0"]
  ) {
    const { rowsAffected, lastInsertRowid } = await conn.execute(sql);
    assert.deepEqual([rowsAffected, lastInsertRowid], [0, undefined], sql);
  }
  const { rowsAffected, lastInsertRowid } = await conn.execute("DELETE FROM t");
  assert.deepEqual([rowsAffected, lastInsertRowid], [3, undefined]);
});

testNative("a second statement is refused before the first one runs", async ({ conn }) => {
  const sql = "CREATE TABLE t (a); CREATE TABLE u (a)";
  const expected = { code: "SQLITE_MISUSE", message: /executeScript/ };
  await assert.rejects(conn.execute(sql), expected);
  await assert.rejects(conn.iterate(sql).next(), expected);
  assert.deepEqual((await conn.execute("SELECT name FROM sqlite_schema")).rows, []);
});

testNative("an error in a script carries its code", async ({ conn }) => {
  const script = "CREATE TABLE t (a UNIQUE); INSERT INTO t VALUES (1); INSERT INTO t VALUES (1)";
  await assert.rejects(conn.executeScript(`${script}; DROP TABLE t`), {
    name: "SQLiteError",
    code: "SQLITE_CONSTRAINT",
    extendedCode: "SQLITE_CONSTRAINT_UNIQUE",
    rawCode: 2067,
  });
  assert.deepEqual((await conn.execute("SELECT a FROM t")).rows, [{ a: 1 }]);
  await assert.rejects(conn.executeScript("SELECT 1; SELEC 2"), { code: "SQLITE_ERROR" });
});
