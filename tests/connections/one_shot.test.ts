// Statements of the pool itself: a connection is taken and given back within the call.
import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { test } from "node:test";
import { PoolClosedError, SQLiteError, SQLitePoolError } from "../../mod.ts";
import { openTestPool } from "../helpers/pools.ts";

const CREATE = "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)";

test("a statement of the pool is over, and its connection idle, when the call returns", async (t) => {
  const { pool } = openTestPool(t, { poolSize: 1 });
  await pool.execute(CREATE);
  // Else the breather might have it wait for the next turn of the event loop.
  await new Promise((resolve) => setImmediate(resolve));
  const before = pool.stats;
  const calls = [pool.execute("SELECT 1"), pool.run("INSERT INTO users (name) VALUES ('a')")];
  const { acquired, queued, idle, inUse } = pool.stats;
  assert.deepEqual(
    { acquired: acquired - before.acquired, queued: queued - before.queued, idle, inUse },
    { acquired: 2, queued: 0, idle: 1, inUse: 0 },
  );
  await Promise.all(calls);
});

test("statements that let the event loop run first count as waiting and keep their place", async (t) => {
  const { pool } = openTestPool(t, { poolSize: 1 });
  await pool.execute("CREATE TABLE t (n)");
  const inserting: Promise<unknown>[] = [];
  // Until one would keep the event loop waiting for too long.
  while (pool.stats.waiting === 0) inserting.push(pool.run("INSERT INTO t VALUES (1)"));
  for (const _ of [1, 2]) inserting.push(pool.run("INSERT INTO t VALUES (1)"));
  assert.equal(pool.stats.waiting, 3);
  const seen = await pool.withConnection((conn) => conn.value("SELECT count(*) FROM t"));
  assert.equal(seen, inserting.length);
  await Promise.all(inserting);
  assert.equal(pool.stats.waiting, 0);
});

test("after close a pool that drains serves those who let the event loop run first, and no others", async (t) => {
  const { pool } = openTestPool(t, { poolSize: 1 });
  await pool.execute("CREATE TABLE t (n)");
  const reading: Promise<unknown>[] = [];
  while (pool.stats.waiting === 0) reading.push(pool.all("SELECT n FROM t"));
  const connecting = pool.withConnection((conn) => conn.all("SELECT n FROM t"));
  const closed = pool.close({ drain: true });
  await assert.rejects(pool.all("SELECT n FROM t"), PoolClosedError);
  await assert.rejects(pool.connection(), PoolClosedError);
  await Promise.all([...reading, connecting]);
  await closed;
});

test("statements that waited let the event loop run, too", async (t) => {
  const { pool } = openTestPool(t, { poolSize: 1 });
  const slow = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 10000) " +
    "SELECT ? AS call, count(*) AS n FROM c";
  const lease = await pool.connection();
  const acquired = pool.stats.acquired;
  const reading = Array.from({ length: 60 }, (_, call) => pool.value(slow, [call]));
  assert.equal(pool.stats.waiting, 60);
  const released = lease.release();
  const ranAtOnce = pool.stats.acquired - acquired;
  assert.ok(ranAtOnce < 60, "all ran before the event loop had a turn");
  await released;
  assert.deepEqual(await Promise.all(reading), reading.map((_, call) => call));
});

test("rows of statements that waited are created in the context of their calls", async (t) => {
  const { pool } = openTestPool(t, { poolSize: 1 });
  const caller = new AsyncLocalStorage<number>();
  const lease = await pool.connection();
  const rowFactory = (): number | undefined => caller.getStore();
  const reading = [1, 2, 3].map((n) =>
    caller.run(n, () => pool.get("SELECT 1", [], { rowFactory }))
  );
  await caller.run(0, () => lease.release());
  assert.deepEqual(await Promise.all(reading), [1, 2, 3]);
});

for (
  const control of [
    "BEGIN",
    "/* x */ begin immediate",
    "COMMIT",
    "END",
    "ROLLBACK",
    "SAVEPOINT mine",
  ]
    .concat("ROLLBACK TO mine", "RELEASE mine")
) {
  test(`${control} is refused where nobody holds the connection`, async (t) => {
    const { pool } = openTestPool(t, { poolSize: 1 });
    await pool.execute(CREATE);
    for (const call of [pool.execute(control), pool.run(control), pool.get(control)]) {
      await assert.rejects(call, (error: Error) => {
        assert.ok(error instanceof SQLitePoolError);
        assert.match(error.message, /transaction\(async \(tx\) => \.\.\.\)/);
        return true;
      });
    }
    await pool.withConnection((conn) => assert.equal(conn.inTransaction, false));
  });
}

test("statements that give rows leave no transaction open, whether they read or write", async (t) => {
  const { pool } = openTestPool(t, { poolSize: 1 });
  await pool.execute(CREATE);
  const statements = [
    "INSERT INTO users (name) VALUES ('a'), ('b') RETURNING id",
    "UPDATE users SET name = 'c' RETURNING id, name",
    "DELETE FROM users WHERE id = 99 RETURNING id",
    "REPLACE INTO users (id, name) VALUES (1, 'd') RETURNING *",
    "SELECT * FROM users",
    "SELECT * FROM users WHERE id = 99",
    "WITH few AS (SELECT 1) SELECT * FROM few",
    "VALUES (1), (2)",
    "PRAGMA table_info(users)",
    "PRAGMA wal_checkpoint(PASSIVE)",
    "EXPLAIN BEGIN",
    "EXPLAIN QUERY PLAN SELECT * FROM users",
  ];
  for (const statement of statements) {
    const { columns } = await pool.execute(statement);
    assert.notEqual(columns.length, 0, statement);
    await pool.get(statement);
    await pool.withConnection((conn) => assert.equal(conn.inTransaction, false, statement));
  }
});

test("a row factory that throws rejects the call, and the connection comes back", async (t) => {
  const { pool } = openTestPool(t, { poolSize: 1 });
  await pool.execute("SELECT 1");
  const problem = new Error("not this row");
  const rowFactory = (): never => {
    throw problem;
  };
  const failing = pool.execute("SELECT 1", [], { rowFactory });
  assert.equal(pool.stats.idle, 1);
  await assert.rejects(failing, problem);
});

test("a row factory may use the pool: its connection is in use meanwhile", async (t) => {
  const { pool } = openTestPool(t, { poolSize: 2 });
  await pool.execute("SELECT 1");
  const inner: Promise<unknown>[] = [];
  const rowFactory = (): number => {
    const { inUse } = pool.stats;
    inner.push(pool.get("SELECT 2 AS two"));
    return inUse;
  };
  assert.deepEqual((await pool.execute("SELECT 1", [], { rowFactory })).rows, [1]);
  assert.deepEqual(await Promise.all(inner), [{ two: 2 }]);
  assert.equal(pool.stats.inUse, 0);
});

test("a statement that fails rejects, and its connection comes back", async (t) => {
  const { pool } = openTestPool(t, { poolSize: 1 });
  await pool.execute("SELECT 1");
  const failing = pool.execute("SELECT * FROM nowhere");
  assert.deepEqual([pool.stats.idle, pool.stats.size], [1, 1]);
  await assert.rejects(failing, SQLiteError);
});

test("who waited for a connection runs a statement on it and gives it back", async (t) => {
  const { pool } = openTestPool(t, { poolSize: 1 });
  const holder = await pool.connection();
  const waiting = pool.get("SELECT 1 AS one");
  const failing = pool.get("SELECT * FROM nowhere");
  await holder.release();
  assert.deepEqual(await waiting, { one: 1 });
  await assert.rejects(failing, SQLiteError);
  assert.deepEqual([pool.stats.idle, pool.stats.inUse], [1, 0]);
});
