import assert from "node:assert/strict";
import { test } from "node:test";
import { EventLoopYield } from "../../src/platform/event_loop_yield.ts";
import { openTestDatabase } from "../helpers/databases.ts";
import { FakeClock } from "../helpers/fake_clock.ts";
import { openTestPool } from "../helpers/pools.ts";

/** Repeats `step` until a timer got its turn; fails if that does not happen for long. */
async function expectTurn(step: () => Promise<unknown>): Promise<void> {
  let turns = 0;
  const timer = setInterval(() => turns += 1, 1);
  const end = performance.now() + 5_000;
  while (turns === 0 && performance.now() < end) await step();
  clearInterval(timer);
  assert.ok(turns > 0, "no timer got a turn in 5 s");
}

test("a busy pool lets timers have their turns", async (t) => {
  const { pool } = openTestPool(t);
  await expectTurn(() => pool.execute("SELECT 1"));
});

test("so does a busy lease, and a busy cursor", async (t) => {
  const { pool } = openTestPool(t);
  const query = `
    WITH RECURSIVE c(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM c LIMIT 1000) SELECT n FROM c
  `;
  await pool.withConnection(async (conn) => {
    const iterate = async (): Promise<void> => {
      for await (const _ of conn.iterate(query));
    };
    await expectTurn(() => conn.get("SELECT 1"));
    await expectTurn(iterate);
  });
});

test("so do busy writers of a database", async (t) => {
  const { db } = await openTestDatabase(t);
  await db.run("CREATE TABLE t (n)");
  await expectTurn(() => db.run("INSERT INTO t VALUES (1)"));
  await expectTurn(() => db.write((tx) => tx.run("INSERT INTO t VALUES (2)")));
});

test("who was short is not held up", async () => {
  const clock = new FakeClock();
  const breather = new EventLoopYield(clock);
  for (let call = 0; call < 1_000; call++) assert.equal(breather.pause(), undefined);
  await clock.advance(1);
});

test("everybody waits for the next turn when the present one was too long", async () => {
  const clock = new FakeClock();
  const breather = new EventLoopYield(clock);
  const call = (): Promise<void> | undefined => {
    for (let i = 0; i < 7; i++) assert.equal(breather.pause(), undefined);
    return breather.pause();
  };
  assert.equal(call(), undefined);
  clock.pass(10);
  const pause = call();
  assert.ok(pause instanceof Promise);
  assert.equal(breather.pause(), pause);
  let resumed = false;
  pause.then(() => resumed = true);
  await clock.advance(0);
  assert.equal(resumed, true);
  assert.equal(breather.pause(), undefined);
});
