// Callers who give up on a statement that runs in a thread.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import {
  type Database,
  type DatabaseOptions,
  openDatabase,
  OutcomeUnknownError,
  QueryTimeoutError,
} from "../../mod.ts";
import { openTestDatabase } from "../helpers/databases.ts";
import { runScript, temporaryDirectory } from "../helpers/runtime.ts";
import { counting, openWorkerPool } from "../helpers/workers.ts";

interface Limits {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

/** Longer than anybody here waits, even on a fast machine. */
const SLOW = counting(1_000_000);

/** Much longer than a caller who gives up is kept waiting for an outcome. */
const VERY_SLOW = counting(10_000_000);

const CALLS: Readonly<Record<string, (db: Database, limits: Limits) => Promise<unknown>>> = {
  get: (db, limits) => db.get(SLOW, [], limits),
  all: (db, limits) => db.all(SLOW, [], limits),
  read: (db, limits) => db.read((snapshot) => snapshot.all(SLOW), limits),
  async iterate(db, limits) {
    for await (const _ of db.iterate(SLOW, [], limits));
  },
};

/** A database with two readers that are ready: to start a thread takes longer than some limits. */
async function openReady(t: TestContext, options: DatabaseOptions = {}): Promise<Database> {
  const { db } = await openTestDatabase(t, { execution: "worker", readers: 2, ...options });
  const both = Promise.withResolvers<void>();
  let ready = 0;
  const wait = (): Promise<void> => {
    if (++ready === 2) both.resolve();
    return both.promise;
  };
  await Promise.all([db.read(wait, { timeoutMs: 60_000 }), db.read(wait, { timeoutMs: 60_000 })]);
  return db;
}

for (const [name, call] of Object.entries(CALLS)) {
  test(`${name}: whoever gives up is released at once, and the pool serves on`, async (t) => {
    const db = await openReady(t);
    const controller = new AbortController();
    const reason = new Error("enough");
    const released = assert.rejects(call(db, { signal: controller.signal }), reason);
    // The statement is on its way, or runs.
    await db.get("SELECT 1");
    const order: string[] = [];
    const timer = new Promise<void>((resolve) =>
      setTimeout(() => {
        order.push("timer");
        resolve();
      })
    );
    controller.abort(reason);
    await Promise.all([released.then(() => order.push("released")), timer]);
    assert.deepEqual(order, ["released", "timer"]);
    assert.deepEqual(await db.get("SELECT 1 AS one"), { one: 1 });
    await assert.rejects(call(db, { timeoutMs: 20 }), QueryTimeoutError);
    assert.deepEqual(await db.get("SELECT 1 AS one"), { one: 1 });
  });
}

test("queryTimeoutMs ends the wait where the caller does not say", async (t) => {
  const db = await openReady(t, { queryTimeoutMs: 20 });
  for (const call of Object.values(CALLS)) {
    await assert.rejects(call(db, {}), QueryTimeoutError);
    assert.deepEqual(await db.get("SELECT 1 AS one", [], { timeoutMs: 60_000 }), { one: 1 });
  }
});

test("queryTimeoutMs is no limit for opening a database", async (t) => {
  const { db } = await openTestDatabase(t, { execution: "worker", queryTimeoutMs: 0 });
  assert.deepEqual(await db.get("SELECT 1 AS one", [], { timeoutMs: 60_000 }), { one: 1 });
});

test("an aborted signal is refused before anything is sent", async (t) => {
  const { db } = await openTestDatabase(t, { execution: "worker" });
  const signal = AbortSignal.abort(new Error("too late"));
  for (const call of Object.values(CALLS)) {
    await assert.rejects(call(db, { signal }), /too late/);
  }
  assert.equal(db.stats.threads!.abandoned, 0);
});

test("no more threads are left to themselves than the pool is large", async (t) => {
  const { pool, factory } = openWorkerPool(t, { poolSize: 2 });
  let most = 0;
  for (let round = 0; round < 4; round++) {
    const conn = await pool.connection();
    conn.get(SLOW).catch(() => {});
    await conn.release();
    const { abandoned, running } = factory.threads;
    most = Math.max(most, abandoned);
    assert.ok(abandoned <= 2 && running <= 4, `${abandoned} of ${running} abandoned`);
  }
  assert.ok(most > 0);
  // The threads end when their statements do, and the pool is as it was.
  while (factory.threads.abandoned > 0) await new Promise((resolve) => setTimeout(resolve, 20));
  const leases = await Promise.all([pool.connection(), pool.connection()]);
  assert.equal(factory.threads.running, 2);
  await Promise.all(leases.map((lease) => lease.release()));
});

test("others who shared the connection get their answers all the same", async (t) => {
  const { pool } = openWorkerPool(t, { poolSize: 1 });
  await pool.get("SELECT 1");
  const before = pool.get("SELECT 1 AS one");
  const slow = pool.get(SLOW, [], { timeoutMs: 30 });
  const after = pool.get("SELECT 2 AS two");
  await assert.rejects(slow, QueryTimeoutError);
  assert.deepEqual(await Promise.all([before, after]), [{ one: 1 }, { two: 2 }]);
});

test("a pool tells who gives up on a write that was sent what has come of it", async (t) => {
  const { pool } = openWorkerPool(t, { poolSize: 1 });
  await pool.execute("CREATE TABLE t (n)");
  const giveUp = async (sql: string): Promise<unknown> => {
    const controller = new AbortController();
    // Sent in the call, and not given up while it waits for a connection.
    while (pool.stats.idle === 0) await new Promise((resolve) => setImmediate(resolve));
    const write = pool.execute(sql, [], { signal: controller.signal });
    controller.abort(new Error("enough"));
    return await write.then(({ rowsAffected }) => rowsAffected, (error) => error);
  };
  assert.equal(await giveUp("INSERT INTO t VALUES (1)"), 1);
  const unknown = await giveUp(`INSERT INTO t ${VERY_SLOW}`);
  assert.ok(unknown instanceof OutcomeUnknownError, String(unknown));
  assert.equal((unknown.cause as Error).message, "enough");
});

test("what is in memory outlives a statement that nobody waits for", async (t) => {
  const db = await openDatabase(":memory:", { execution: "worker", onWarning: () => {} });
  t.after(() => db.close({ timeoutMs: 0 }));
  await db.run("CREATE TABLE t AS SELECT 1 AS n");
  for (const call of Object.values(CALLS)) {
    await assert.rejects(call(db, { timeoutMs: 20 }), QueryTimeoutError);
    assert.deepEqual(await db.get("SELECT n FROM t"), { n: 1 });
  }
});

test("a process does not wait for the statement of a thread that was abandoned", async (t) => {
  const path = join(temporaryDirectory(t), "test.db");
  const args = ["abandoned", path];
  const { code, stdout, stderr } = await runScript("tests/worker/exit_run.ts", args);
  assert.deepEqual(stdout.trimEnd().split("\n"), ["QueryTimeoutError", "exit with 1 abandoned"]);
  assert.equal(code, 0, stderr);
});
