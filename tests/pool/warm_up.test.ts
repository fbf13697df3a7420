import assert from "node:assert/strict";
import { test } from "node:test";
import { Backoff } from "../../src/pool/backoff.ts";
import { FakeClock, settle } from "../helpers/fake_clock.ts";
import { acquireMany, fakePool, watch } from "../helpers/fake_pool.ts";

test("minIdle resources are opened in advance", () => {
  const { pool } = fakePool({ minIdle: 3 });
  assert.equal(pool.stats.idle, 3);
});

test("minIdle resources stay at hand while others are in use", async () => {
  const { pool } = fakePool({ poolSize: 5, minIdle: 2 });
  await acquireMany(pool, 2);
  assert.equal(pool.stats.idle, 2);
  await acquireMany(pool, 2);
  assert.equal(pool.stats.idle, 1, "no more than poolSize");
  assert.equal(pool.stats.size, 5);
});

test("resources that are being opened count as warm, each once", async () => {
  const { pool, resources } = fakePool({ poolSize: 5, minIdle: 2 });
  resources.plan.open = "slow";
  const lease = await pool.acquire();
  assert.equal(resources.pending.length, 1);
  lease.release();
  assert.equal(resources.pending.length, 1);
  resources.oldest("open").succeed();
  await settle();
  assert.equal(pool.stats.idle, 3);
});

test("one who waits and one kept warm need two", () => {
  const { pool, resources } = fakePool({ poolSize: 5, minIdle: 1 });
  resources.plan.open = "slow";
  watch(pool.acquire());
  watch(pool.acquire());
  assert.equal(resources.calls.open, 3);
});

test("a pool at rest keeps its minIdle resources, however long they idle", async () => {
  const { pool, clock, resources } = fakePool({
    minIdle: 2,
    idleTimeoutMs: 100,
    validateAfterIdleMs: Infinity,
  });
  await clock.advance(1_000);
  assert.deepEqual([pool.stats.idle, resources.calls.open, resources.calls.close], [2, 2, 0]);
  assert.equal(clock.pending, 0, "nothing to look after");
  assert.equal(pool.tryBorrow()?.value, resources.made[1], "fit for use as it is");
});

test("what idles beyond minIdle is closed, oldest first, and nothing is opened for it", async () => {
  const { pool, clock, resources } = fakePool({ minIdle: 1, idleTimeoutMs: 100 });
  const leases = await acquireMany(pool, 3);
  await clock.advance(10);
  for (const lease of leases) {
    await clock.advance(10);
    lease.release();
  }
  const opened = resources.calls.open;
  await clock.advance(1_000);
  const newest = leases.length - 1;
  assert.deepEqual([pool.stats.idle, pool.stats.size], [1, 1]);
  assert.equal(resources.made[newest].closes, 0);
  assert.equal(pool.stats.destroyed.idle, opened - 1);
  assert.equal(resources.calls.open, opened);
});

test("a resource kept for minIdle is still retired at the end of its life, and replaced", async () => {
  const { pool, clock, resources } = fakePool({
    minIdle: 1,
    idleTimeoutMs: 100,
    maxLifetimeMs: 500,
  });
  await clock.advance(500);
  assert.equal(resources.made[0].closes, 1);
  assert.deepEqual([pool.stats.destroyed.lifetime, pool.stats.destroyed.idle], [1, 0]);
  assert.deepEqual([pool.stats.idle, resources.calls.open], [1, 2]);
});

test("a warm-up serves a waiter if there is one", async () => {
  const { pool, resources } = fakePool({ poolSize: 1, minIdle: 1 });
  (await pool.acquire()).discard();
  assert.equal(pool.stats.idle, 1);
  resources.plan.open = "slow";
  (await pool.acquire()).discard();
  const waiting = watch(pool.acquire());
  assert.equal(resources.pending.length, 1);
  resources.oldest("open").succeed();
  await settle();
  assert.equal(waiting.state, "fulfilled");
});

test("a failed warm-up is tried again later, at ever longer intervals", async () => {
  const { pool, clock, resources } = fakePool({ poolSize: 1, minIdle: 1 }, () => 1);
  resources.plan.open = "error";
  (await pool.acquire()).discard();
  const failedAt = clock.now();
  const attempts: number[] = [];
  resources.onStep = () => attempts.push(clock.now() - failedAt);
  await clock.advance(1_500);
  assert.deepEqual(attempts, [100, 300, 700, 1_500]);
  assert.equal(clock.keepingAlive, 0, "a retry lets the process exit");
  resources.plan.open = "ok";
  await clock.advance(1_600);
  assert.equal(pool.stats.idle, 1);
  assert.equal(pool.stats.openErrors, 5);
});

test("after a success the intervals are short again", async () => {
  const { pool, clock, resources } = fakePool({ poolSize: 1, minIdle: 1 }, () => 1);
  for (let round = 0; round < 2; round++) {
    resources.plan.open = "error";
    (await pool.acquire()).discard();
    assert.equal(pool.stats.idle, 0);
    resources.plan.open = "ok";
    await clock.advance(100);
    assert.equal(pool.stats.idle, 1);
  }
});

test("several failures at once make one retry", async () => {
  const options = { poolSize: 3, minIdle: 3, idleTimeoutMs: Infinity };
  const { pool, clock, resources } = fakePool(options, () => 1);
  resources.plan.open = "later error";
  for (const lease of await acquireMany(pool, 3)) lease.discard();
  await settle();
  const failedAtOnce = pool.stats.openErrors;
  assert.ok(failedAtOnce >= 2);
  assert.equal(clock.pending, 1);
  resources.plan.open = "ok";
  await clock.advance(100);
  assert.equal(pool.stats.idle, 3);
});

test("a pending retry keeps no acquire waiting, nor several at once", async () => {
  const { pool, resources } = fakePool({ poolSize: 1, minIdle: 1 });
  resources.plan.open = "error";
  (await pool.acquire()).discard();
  resources.plan.open = "ok";
  assert.equal((await pool.acquire()).active, true);
  for (let i = 0; i < 3; i++) watch(pool.acquire());
  resources.plan.open = "slow";
  pool.resize(3);
  assert.equal(resources.pending.length, 2);
});

test("close ends the retries", async () => {
  const options = { poolSize: 1, minIdle: 1, idleTimeoutMs: Infinity };
  const { pool, clock, resources } = fakePool(options);
  resources.plan.open = "error";
  (await pool.acquire()).discard();
  assert.equal(clock.pending, 1);
  await pool.close();
  assert.equal(clock.pending, 0);
});

test("a retry waits twice as long as the one before, for half a minute at most", async () => {
  const clock = new FakeClock();
  const backoff = new Backoff({ clock, random: () => 1 });
  const delays: number[] = [];
  for (let i = 0; i < 11; i++) {
    const scheduledAt = clock.now();
    backoff.retry(() => delays.push(clock.now() - scheduledAt));
    assert.equal(backoff.waiting, true);
    await clock.advance(30_000);
    assert.equal(backoff.waiting, false);
  }
  assert.deepEqual(delays, [
    100,
    200,
    400,
    800,
    1_600,
    3_200,
    6_400,
    12_800,
    25_600,
    30_000,
    30_000,
  ]);
});

test("a cancelled retry does not happen, and another can be planned", async () => {
  const clock = new FakeClock();
  const backoff = new Backoff({ clock, random: () => 1 });
  backoff.retry(() => assert.fail("cancelled"));
  backoff.cancel();
  assert.equal(backoff.waiting, false);
  assert.equal(clock.pending, 0);
  let retried = false;
  backoff.retry(() => retried = true);
  await clock.advance(200);
  assert.equal(retried, true);
});

test("half of a retry's delay is chance, and a success makes it short again", async () => {
  const clock = new FakeClock();
  const chances = [0, 0.5, 0];
  const backoff = new Backoff({ clock, random: () => chances.shift()! });
  const firedAt: number[] = [];
  backoff.retry(() => firedAt.push(clock.now()));
  backoff.retry(() => assert.fail("one retry is pending already"));
  await clock.advance(1_000);
  backoff.retry(() => firedAt.push(clock.now()));
  await clock.advance(1_000);
  backoff.reset();
  backoff.retry(() => firedAt.push(clock.now()));
  await clock.advance(1_000);
  assert.deepEqual(firedAt, [50, 1_150, 2_050]);
});
