// Callers who give up on a statement that runs in a thread.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Database, QueryTimeoutError } from "../../mod.ts";
import { openTestDatabase } from "../helpers/databases.ts";
import { runScript } from "../helpers/runtime.ts";
import { counting, openWorkerPool } from "../helpers/workers.ts";

interface Limits {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

/** Some tenths of a second, even on a fast machine. */
const SLOW = counting(5_000_000);

const CALLS: Readonly<Record<string, (db: Database, limits: Limits) => Promise<unknown>>> = {
  get: (db, limits) => db.get(SLOW, [], limits),
  all: (db, limits) => db.all(SLOW, [], limits),
  read: (db, limits) => db.read((snapshot) => snapshot.all(SLOW), limits),
  async iterate(db, limits) {
    for await (const _ of db.iterate(SLOW, [], limits));
  },
};

for (const [name, call] of Object.entries(CALLS)) {
  test(`${name}: whoever aborts is released in the same turn of the event loop`, async (t) => {
    const { db } = await openTestDatabase(t, { execution: "worker", readers: 2 });
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
  });

  test(`${name}: timeoutMs ends the wait`, async (t) => {
    const { db } = await openTestDatabase(t, { execution: "worker", readers: 2 });
    await assert.rejects(call(db, { timeoutMs: 20 }), QueryTimeoutError);
    assert.deepEqual(await db.get("SELECT 1 AS one"), { one: 1 });
  });

  test(`${name}: queryTimeoutMs ends the wait`, async (t) => {
    const { db } = await openTestDatabase(t, {
      execution: "worker",
      readers: 2,
      queryTimeoutMs: 20,
    });
    await assert.rejects(call(db, {}), QueryTimeoutError);
    // Slow machines need more than 20 ms to start a thread.
    assert.deepEqual(await db.get("SELECT 1 AS one", [], { timeoutMs: 10_000 }), { one: 1 });
  });
}

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
  let timeouts = 0;
  const giveUp = async (): Promise<void> => {
    try {
      await pool.get(SLOW, [], { timeoutMs: 60 });
    } catch (error) {
      // In the queue, or while it ran.
      assert.match((error as Error).name, /Timeout/);
      timeouts += 1;
    }
    most = Math.max(most, factory.threads.abandoned);
    assert.ok(factory.threads.abandoned <= 2, `${factory.threads.abandoned} abandoned`);
    assert.ok(factory.threads.running <= 4, `${factory.threads.running} running`);
  };
  const caller = async (): Promise<void> => {
    for (let round = 0; round < 4; round++) await giveUp();
  };
  await Promise.all([caller(), caller(), caller()]);
  assert.ok(timeouts > 0 && most > 0, `${timeouts} timeouts, ${most} abandoned`);
  // The threads end when their statements do, and the pool is as it was.
  assert.deepEqual(await pool.get("SELECT 1 AS one"), { one: 1 });
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

test("a process does not wait for the statement of a thread that was abandoned", async () => {
  const { code, stdout, stderr } = await runScript("tests/worker/exit_run.ts", ["abandoned"]);
  assert.deepEqual(stdout.trimEnd().split("\n"), ["QueryTimeoutError", "exit with 1 abandoned"]);
  assert.equal(code, 0, stderr);
});
