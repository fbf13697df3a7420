/** Handles that somebody else uses too, and what is found out about them. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { adaptNodeSqlite, type NodeSqliteHandle } from "../../adapters/node_sqlite/adapter.ts";
import { syncDrivers } from "../helpers/sync_connections.ts";

const misuse = { name: "SQLiteError", code: "SQLITE_MISUSE" };

for (const { name, skip, open } of syncDrivers) {
  test(`${name}: a statement that was kept does not outlive its handle`, { skip }, async (t) => {
    const conn = open(t);
    await conn.execute("SELECT 1");
    await conn.execute("SELECT 1", [], { rowFactory: (values) => values });
    (conn.raw as { close(): void }).close();
    await assert.rejects(conn.execute("SELECT 1"), misuse);
    await assert.rejects(conn.execute("SELECT 1", [], { rowFactory: (row) => row }), misuse);
    await assert.rejects(conn.execute("SELECT 1", [], { firstRowOnly: true }), misuse);
    await assert.rejects(conn.iterate("SELECT 1").next(), misuse);
    await conn.close();
  });

  test(`${name}: to adapt a handle leaves no trace in the database`, { skip }, async (t) => {
    const conn = open(t);
    const { rows } = await conn.execute("SELECT name FROM sqlite_schema");
    assert.deepEqual(rows, []);
    assert.equal(conn.inTransaction, false);
  });

  test(`${name}: a statement of the handle's owner works beside ours`, { skip }, async (t) => {
    const conn = open(t);
    const raw = conn.raw as { prepare(sql: string): { get(): unknown } };
    await conn.execute("CREATE TABLE t(a)");
    const own = raw.prepare("SELECT count(*) AS n FROM t");
    await conn.execute("INSERT INTO t VALUES (1)");
    assert.deepEqual({ ...own.get() as object }, { n: 1 });
  });

  test(`${name}: an error in a later row is not taken for the end`, { skip }, async (t) => {
    const conn = open(t);
    const cursor = conn.iterate("SELECT abs(n) FROM (SELECT 1 AS n UNION ALL SELECT -1 << 63)");
    const read = async () => {
      let rows = 0;
      for await (const _row of cursor) rows++;
      return rows;
    };
    await assert.rejects(read, { name: "SQLiteError", message: "integer overflow" });
  });
}

test("a handle that can do nothing is taken with caution, and tells of its fault", async () => {
  const broken = Object.assign(Object.create(null), {
    isOpen: true,
    isTransaction: false,
    prepare() {
      throw Object.assign(new Error("disk I/O error"), { errcode: 10 });
    },
    close() {},
  }) as NodeSqliteHandle;
  const conn = adaptNodeSqlite(broken);
  await assert.rejects(conn.execute("SELECT 1"), { code: "SQLITE_IOERR", rawCode: 10 });
  await conn.close();
});
