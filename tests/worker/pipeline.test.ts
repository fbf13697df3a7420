import assert from "node:assert/strict";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { SQLiteConnectionPool, SQLitePoolError, workerConnection } from "../../mod.ts";
import { temporaryDirectory } from "../helpers/runtime.ts";

/** Runs for some hundred milliseconds, and some seconds. */
const counting = (to: number): string =>
  `WITH RECURSIVE c(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM c WHERE n < ${to}) ` +
  "SELECT count(*) AS n FROM c";
const SLOW = counting(2_000_000);
const VERY_SLOW = counting(20_000_000);

function openPool(t: TestContext, poolSize: number): SQLiteConnectionPool {
  const path = join(temporaryDirectory(t), "test.db");
  const pool = new SQLiteConnectionPool(workerConnection(path), { poolSize });
  t.after(() => pool.close({ timeoutMs: 0 }));
  return pool;
}

test("statements that meet share one lease", async (t) => {
  const pool = openPool(t, 1);
  await pool.get("SELECT 1");
  const { acquired } = pool.stats;
  const rows = await Promise.all(
    Array.from({ length: 100 }, (_, n) => pool.values("SELECT ?", [n])),
  );
  assert.deepEqual(rows, Array.from({ length: 100 }, (_, n) => [[n]]));
  assert.ok(pool.stats.acquired - acquired < 10, `${pool.stats.acquired - acquired} leases`);
  assert.equal(pool.stats.inUse, 0);
  assert.equal(pool.stats.waiting, 0);
});

test("the first statement of a pool has its turn before a lease that is asked for later", async (t) => {
  const pool = openPool(t, 1);
  await Promise.all([
    pool.execute("CREATE TABLE t (n)"),
    pool.withConnection((conn) => conn.execute("INSERT INTO t VALUES (1)")),
    pool.transaction((tx) => tx.execute("INSERT INTO t SELECT max(n) + 1 FROM t")),
  ]);
  assert.deepEqual(await pool.values("SELECT n FROM t ORDER BY n"), [[1], [2]]);
});

test("each statement gets its own answer or error, in whatever order they fail", async (t) => {
  const pool = openPool(t, 2);
  const settled = await Promise.allSettled(
    Array.from(
      { length: 200 },
      (_, n) =>
        n % 3 === 0 ? pool.get(`SELECT * FROM missing_${n}`) : pool.get("SELECT ? AS n", [n]),
    ),
  );
  settled.forEach((result, n) => {
    if (n % 3 === 0) {
      assert.equal(result.status, "rejected");
      assert.match((result as PromiseRejectedResult).reason.message, new RegExp(`missing_${n}$`));
    } else assert.deepEqual(result, { status: "fulfilled", value: { n } });
  });
});

test("a statement gets a connection that becomes free while another is busy for long", async (t) => {
  const pool = openPool(t, 2);
  const lease = await pool.connection();
  const order: string[] = [];
  const slow = pool.get(VERY_SLOW).then(() => order.push("slow"));
  await pool.withConnection(() => {}, { timeoutMs: 1 }).catch(() => {});
  const quick = pool.get("SELECT 1").then(() => order.push("quick"));
  await lease.release();
  await Promise.all([slow, quick]);
  assert.deepEqual(order, ["quick", "slow"]);
});

test("who asks for a connection of their own is not kept out by a stream of statements", async (t) => {
  const pool = openPool(t, 1);
  let state = "streaming" as "streaming" | "over";
  // More than are answered at once, so that there is always one under way.
  const streams = Array.from({ length: 80 }, async () => {
    while (state === "streaming") await pool.get("SELECT 1");
  });
  for (let i = 0; i < 20; i++) await pool.withConnection((conn) => conn.get("SELECT 2"));
  state = "over";
  await Promise.all(streams);
});

test("statements that begin or end a transaction are refused, and others go on", async (t) => {
  const pool = openPool(t, 1);
  await pool.execute("CREATE TABLE t (n)");
  await Promise.all([
    assert.rejects(pool.execute("BEGIN"), SQLitePoolError),
    pool.execute("INSERT INTO t VALUES (1)"),
    assert.rejects(pool.execute("ROLLBACK"), SQLitePoolError),
  ]);
  assert.deepEqual(await pool.values("SELECT n FROM t"), [[1]]);
});

test("a statement whose rows may not be delivered has a connection of its own", async (t) => {
  const pool = openPool(t, 1);
  await pool.execute("CREATE TABLE t (n)");
  const rowFactory = () => {
    throw new RangeError("no row");
  };
  await Promise.all([
    pool.run("INSERT INTO t VALUES (1)"),
    assert.rejects(pool.run("INSERT INTO t VALUES (2) RETURNING n", [], { rowFactory }), /no row/),
    pool.run("INSERT INTO t VALUES (3)"),
  ]);
  assert.deepEqual(await pool.values("SELECT n FROM t ORDER BY n"), [[1], [3]]);
});

test("a refused wait costs nobody anything", async (t) => {
  const pool = openPool(t, 1);
  await pool.get(SLOW);
  const slow = pool.get(SLOW);
  const controller = new AbortController();
  const reason = new Error("not needed any more");
  const aborted = pool.get("SELECT 1", [], { signal: controller.signal });
  const late = pool.get("SELECT 2", [], { timeoutMs: 1 });
  const patient = pool.get("SELECT 3 AS n");
  controller.abort(reason);
  await assert.rejects(aborted, reason);
  await assert.rejects(late, { name: "PoolConnectionAcquireTimeoutError" });
  await slow;
  assert.deepEqual(await patient, { n: 3 });
});

test("closing refuses those who wait and lets those under way finish", async (t) => {
  const pool = openPool(t, 1);
  await pool.get(SLOW);
  const slow = pool.get(SLOW);
  const waiting = pool.get("SELECT 1");
  const closed = pool.close();
  await assert.rejects(waiting, { name: "PoolClosedError" });
  assert.deepEqual(await slow, { n: 2_000_000 });
  await closed;
  await assert.rejects(pool.get("SELECT 1"), { name: "PoolClosedError" });
});

test("an open that fails fails one waiter, and the others go on", async (t) => {
  const path = join(temporaryDirectory(t), "test.db");
  const open = workerConnection(path);
  let failures = 1;
  const factory = Object.assign(async () => {
    if (failures-- > 0) throw new Error("the first one fails");
    return await open();
  }, { pipelines: true });
  const pool = new SQLiteConnectionPool(factory, { poolSize: 1 });
  t.after(() => pool.close());
  const settled = await Promise.allSettled([1, 2, 3].map((n) => pool.values("SELECT ?", [n])));
  assert.deepEqual(settled.map(({ status }) => status), ["rejected", "fulfilled", "fulfilled"]);
  assert.equal((settled[0] as PromiseRejectedResult).reason.name, "PoolConnectionOpenError");
});
