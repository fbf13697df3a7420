/** Results tell the declared types of their columns when that is asked for. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { SQLiteConnectionPool } from "../../mod.ts";
import { openTestDatabase } from "../helpers/databases.ts";
import { openTestPool } from "../helpers/pools.ts";
import { openWorkerPool } from "../helpers/workers.ts";

const CREATE = "CREATE TABLE t (id INTEGER PRIMARY KEY, price DECIMAL(10, 2), at DATETIME, x)";
const SELECT = "SELECT at, price AS p, x, id + 1 FROM t";
const TYPES = ["DATETIME", "DECIMAL(10, 2)", undefined, undefined];
const columnTypes = true;

for (const execution of ["inline", "worker", "auto"] as const) {
  test(`${execution}: a database tells the types of columns`, async (t) => {
    const { db } = await openTestDatabase(t, { execution });
    await db.run(CREATE);
    const insert = "INSERT INTO t (price, at) VALUES (?, ?) RETURNING at, id";
    const written = await db.run(insert, [1.5, "now"], { columnTypes });
    assert.deepEqual(written, {
      columns: ["at", "id"],
      rows: [{ at: "now", id: 1 }],
      rowsAffected: 1,
      lastInsertRowid: 1,
      columnTypes: ["DATETIME", "INTEGER"],
    });
    const read = await db.execute(SELECT, [], { columnTypes, rowFactory: ([at]) => at });
    assert.deepEqual(read.columnTypes, TYPES);
    assert.deepEqual(read.rows, ["now"]);
    assert.equal("columnTypes" in await db.execute(SELECT), false);
    assert.equal("columnTypes" in await db.execute(SELECT, [], { columnTypes: false }), false);
    assert.deepEqual((await db.run("DELETE FROM t", [], { columnTypes })).columnTypes, []);
    const other = await db.execute("PRAGMA user_version = 1", [], { columnTypes });
    assert.deepEqual(other.columnTypes, []);
    assert.deepEqual((await db.execute("PRAGMA user_version", [], { columnTypes })).columnTypes, [
      undefined,
    ]);
    await db.read(async (snapshot) => {
      assert.deepEqual((await snapshot.execute(SELECT, [], { columnTypes })).columnTypes, TYPES);
    });
    await db.run("DROP TABLE t");
    await db.run(CREATE.replace("DATETIME", "TEXT"));
    assert.equal((await db.execute(SELECT, [], { columnTypes })).columnTypes![0], "TEXT");
  });
}

for (const place of ["inline", "thread"] as const) {
  const open = (t: Parameters<typeof openTestPool>[0]): SQLiteConnectionPool =>
    (place === "inline" ? openTestPool(t) : openWorkerPool(t)).pool;

  test(`${place}: a pool and its connections tell the types of columns`, async (t) => {
    const pool = open(t);
    await pool.run(CREATE, [], { columnTypes });
    const params = [2];
    const inserted = pool.execute("INSERT INTO t (x) VALUES (?)", params, { columnTypes });
    params[0] = 3;
    assert.equal((await inserted).lastInsertRowid, 1);
    assert.equal(await pool.value("SELECT x FROM t"), 2);
    assert.deepEqual((await pool.execute(SELECT, [], { columnTypes })).columnTypes, TYPES);
    await pool.transaction(async (tx) => {
      await tx.run("ALTER TABLE t ADD COLUMN late BLOB");
      const { columnTypes: types } = await tx.execute("SELECT late FROM t", [], { columnTypes });
      assert.deepEqual(types, ["BLOB"]);
      await assert.rejects(tx.execute("COMMIT", [], { columnTypes }), /do not commit inside it/);
    });
    await assert.rejects(pool.execute("BEGIN", [], { columnTypes }), /BEGIN as SQL text needs/);
  });

  test(`${place}: calls of one connection keep their order around one with types`, async (t) => {
    const pool = open(t);
    await pool.run(CREATE);
    await pool.withConnection(async (conn) => {
      const results = await Promise.all([
        conn.run("INSERT INTO t (x) VALUES (1)"),
        conn.execute("SELECT count(*) AS n FROM t", [], { columnTypes }),
        conn.run("INSERT INTO t (x) VALUES (2)"),
        conn.execute("SELECT count(*) AS n FROM t"),
      ]);
      assert.deepEqual([results[1].rows, results[3].rows], [[{ n: 1 }], [{ n: 2 }]]);
    });
  });
}

test("whoever does not tell types refuses before anything has happened", async () => {
  const ran: string[] = [];
  const pool = new SQLiteConnectionPool(() => ({
    execute: (sql: string) => {
      ran.push(sql);
      return Promise.resolve({
        columns: [],
        rows: [],
        rowsAffected: 0,
        lastInsertRowid: undefined,
      });
    },
    rollback: () => Promise.resolve(),
    close: () => Promise.resolve(),
  }));
  const call = pool.run("DELETE FROM t", [], { columnTypes });
  await assert.rejects(call, /columnTypes do not work with this driver/);
  assert.equal(ran.includes("DELETE FROM t"), false);
  await pool.close();
});

test("columnTypes is an option of execute and run, true or false", async (t) => {
  const { pool } = openTestPool(t);
  const bad = { columnTypes: 1 } as object;
  await assert.rejects(pool.execute("SELECT 1", [], bad), /^TypeError: columnTypes must be true/);
  await assert.rejects(pool.all("SELECT 1", [], bad), /^TypeError: Unknown option "columnTypes"/);
  await pool.withConnection(async (conn) => {
    await assert.rejects(conn.run("SELECT 1", [], bad), /^TypeError: columnTypes must be true/);
    await assert.rejects(conn.get("SELECT 1", [], bad), /^TypeError: Unknown option "columnTypes"/);
  });
  const { db } = await openTestDatabase(t);
  await assert.rejects(db.run("SELECT 1", [], bad), /^TypeError: columnTypes must be true/);
  await assert.rejects(db.execute("SELECT 1", [], bad), /^TypeError: columnTypes must be true/);
});
