import assert from "node:assert/strict";
import { test } from "node:test";
import { ConnectionReleasedError } from "../../mod.ts";
import { openTestPool } from "../helpers/pools.ts";

const COUNT_TO_10 =
  "WITH RECURSIVE c(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM c WHERE n < 10) SELECT n FROM c";

test("iterate yields every row in order", async (t) => {
  const { pool } = openTestPool(t);
  await pool.withConnection(async (conn) => {
    const seen: unknown[] = [];
    for await (const { n } of conn.iterate(COUNT_TO_10)) seen.push(n);
    assert.deepEqual(seen, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });
});

test("break and throw close the cursor, and the connection stays usable", async (t) => {
  const { pool } = openTestPool(t);
  await pool.execute("CREATE TABLE t (n)");
  await pool.withConnection(async (conn) => {
    await conn.run("INSERT INTO t VALUES (1), (2), (3)");
    for await (const _ of conn.iterate("SELECT n FROM t")) break;
    const failing = async (): Promise<void> => {
      for await (const _ of conn.iterate("SELECT n FROM t")) throw new Error("stop");
    };
    await assert.rejects(failing, /stop/);
    // DROP TABLE fails with SQLITE_LOCKED while a cursor on the connection is open.
    await conn.execute("DROP TABLE t");
  });
});

test("a cursor that was returned before its first row stays closed", async (t) => {
  const { pool } = openTestPool(t);
  await pool.withConnection(async (conn) => {
    const cursor = conn.iterate(COUNT_TO_10);
    await cursor.return?.();
    assert.deepEqual(await cursor.next(), { done: true, value: undefined });
  });
});

test("two cursors over the same statement do not disturb each other", async (t) => {
  const { pool } = openTestPool(t);
  await pool.withConnection(async (conn) => {
    const a = conn.iterate(COUNT_TO_10);
    const b = conn.iterate(COUNT_TO_10);
    const order = [await a.next(), await b.next(), await a.next(), await b.next()];
    assert.deepEqual(order.map(({ value }) => value.n), [1, 1, 2, 2]);
    assert.equal((await conn.all(COUNT_TO_10)).length, 10);
    assert.deepEqual((await a.next()).value, { n: 3 });
    await a.return?.();
    await b.return?.();
  });
});

test("release closes the cursors that were left open", async (t) => {
  const { pool } = openTestPool(t, { poolSize: 1 });
  await pool.execute("CREATE TABLE t (n)");
  await pool.execute("INSERT INTO t VALUES (1), (2)");
  const conn = await pool.connection();
  const cursor = conn.iterate("SELECT n FROM t");
  await cursor.next();
  await conn.release();
  await assert.rejects(cursor.next(), ConnectionReleasedError);
  await cursor.return?.();
  await pool.execute("DROP TABLE t");
});

test("a left-over cursor does not show the next borrower an old snapshot", async (t) => {
  const { pool } = openTestPool(t, { poolSize: 2 });
  await pool.execute("CREATE TABLE t (n)");
  await pool.execute("INSERT INTO t VALUES (1), (2)");
  const writer = await pool.connection();
  const reader = await pool.connection();
  await reader.iterate("SELECT n FROM t").next();
  await writer.run("INSERT INTO t VALUES (3)");
  await reader.release();
  const next = await pool.connection();
  assert.deepEqual(await next.values("SELECT count(*) FROM t"), [[3]]);
  // With the old snapshot pinned this would be SQLITE_BUSY_SNAPSHOT.
  await next.transaction((tx) => tx.run("INSERT INTO t VALUES (4)"));
  await next.release();
  await writer.release();
});

test("an error in the statement reaches the loop", async (t) => {
  const { pool } = openTestPool(t);
  await pool.withConnection(async (conn) => {
    await assert.rejects(conn.iterate("SELECT * FROM missing").next(), { code: "SQLITE_ERROR" });
    await assert.rejects(conn.iterate("SELECT ?", []).next(), /parameter/);
  });
});
