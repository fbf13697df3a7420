import assert from "node:assert/strict";
import { test } from "node:test";
import { settle } from "../helpers/fake_clock.ts";
import { acquireMany, fakePool, served, watch } from "../helpers/fake_pool.ts";

const nothingDestroyed = {
  idle: 0,
  lifetime: 0,
  uses: 0,
  invalid: 0,
  reset: 0,
  discarded: 0,
  resized: 0,
  closed: 0,
};

test("the statistics of a new pool are all zero", () => {
  const { pool } = fakePool({ poolSize: 4 });
  const { poolSize, ...others } = pool.stats;
  assert.equal(poolSize, 4);
  assert.deepEqual(others, {
    size: 0,
    idle: 0,
    inUse: 0,
    opening: 0,
    waiting: 0,
    acquired: 0,
    queued: 0,
    waitMs: 0,
    timeouts: 0,
    aborts: 0,
    opened: 0,
    openMs: 0,
    openErrors: 0,
    usedMs: 0,
    leaked: 0,
    destroyed: nothingDestroyed,
  });
});

test("gauges tell what each slot is used for", async () => {
  const { pool, resources } = fakePool({ poolSize: 4 });
  const leases = await acquireMany(pool, 3);
  leases[0].release();
  resources.plan.close = "slow";
  leases[1].discard();
  resources.plan.open = "slow";
  watch(pool.acquire());
  for (let i = 0; i < 3; i++) watch(pool.acquire());
  const { size, idle, inUse, opening, waiting } = pool.stats;
  assert.deepEqual(
    { size, idle, inUse, opening, waiting },
    { size: 4, idle: 0, inUse: 2, opening: 1, waiting: 3 },
  );
});

test("times add up: open, wait, use", async () => {
  const { pool, clock, resources } = fakePool({ poolSize: 1 });
  resources.plan.open = "slow";
  const first = watch(pool.acquire());
  await clock.advance(7);
  resources.oldest("open").succeed();
  await settle();
  const second = watch(pool.acquire());
  await clock.advance(20);
  served(first).release();
  await settle();
  await clock.advance(100);
  served(second).discard();
  const { acquired, queued, opened, openMs, waitMs, usedMs } = pool.stats;
  assert.deepEqual(
    { acquired, queued, opened, openMs, waitMs, usedMs },
    { acquired: 2, queued: 2, opened: 1, openMs: 7, waitMs: 7 + 20, usedMs: 20 + 100 },
  );
});

test("who is served at once is not counted as queued", async () => {
  const { pool } = fakePool();
  (await pool.acquire()).release();
  await pool.acquire();
  assert.equal(pool.stats.acquired, 2);
  assert.equal(pool.stats.queued, 0);
  assert.equal(pool.stats.waitMs, 0);
});

test("timeouts, aborts and failures to open are counted each for itself", async () => {
  const { pool, clock, resources } = fakePool({ poolSize: 1 });
  const controller = new AbortController();
  await pool.acquire();
  watch(pool.acquire({ timeoutMs: 10 }));
  watch(pool.acquire({ signal: controller.signal }));
  await clock.advance(10);
  controller.abort();
  watch(pool.acquire({ signal: controller.signal }));
  resources.plan.open = "error";
  pool.resize(2);
  watch(pool.acquire());
  const { acquired, timeouts, aborts, openErrors } = pool.stats;
  assert.deepEqual(
    { acquired, timeouts, aborts, openErrors },
    { acquired: 1, timeouts: 1, aborts: 2, openErrors: 1 },
  );
});

test("statistics are a snapshot: they stay as they were", async () => {
  const { pool } = fakePool();
  const before = pool.stats;
  (await pool.acquire()).discard();
  assert.equal(before.acquired, 0);
  assert.deepEqual(before.destroyed, nothingDestroyed);
  assert.deepEqual(pool.stats.destroyed, { ...nothingDestroyed, discarded: 1 });
});
