import assert from "node:assert/strict";
import { test } from "node:test";
import { settle } from "../helpers/fake_clock.ts";
import { acquireMany, fakePool, watch } from "../helpers/fake_pool.ts";

test("a pool that grows serves who waits at once", async () => {
  const { pool } = fakePool({ poolSize: 1 });
  await pool.acquire();
  const waiting = [1, 2, 3].map(() => watch(pool.acquire()));
  pool.resize(3);
  await settle();
  assert.equal(pool.poolSize, 3);
  assert.deepEqual(waiting.map(({ state }) => state), ["fulfilled", "fulfilled", "pending"]);
});

test("a pool that grows keeps minIdle as far as it can now", async () => {
  const { pool } = fakePool({ poolSize: 2, minIdle: 2 });
  await acquireMany(pool, 2);
  assert.equal(pool.stats.idle, 0);
  pool.resize(3);
  assert.equal(pool.stats.idle, 1);
});

test("a pool that shrinks closes idle resources, the oldest first, and no more than needed", async () => {
  const { pool, resources } = fakePool({ poolSize: 3 });
  for (const lease of await acquireMany(pool, 3)) lease.release();
  pool.resize(1);
  assert.deepEqual(resources.made.map(({ closes }) => closes), [1, 1, 0]);
  assert.equal(pool.stats.destroyed.resized, 2);
  assert.equal(pool.stats.idle, 1);
});

test("a pool that shrinks closes what is in use when it comes back", async () => {
  const { pool, resources } = fakePool({ poolSize: 3 });
  const leases = await acquireMany(pool, 3);
  pool.resize(1);
  assert.equal(pool.stats.inUse, 3);
  for (const lease of leases) lease.release();
  assert.deepEqual(resources.made.map(({ closes }) => closes), [1, 1, 0]);
  assert.equal(pool.stats.size, 1);
  assert.equal(resources.calls.reset, 1, "what will be closed needs no reset");
});

test("a pool that shrinks closes what is still being opened", async () => {
  const { pool, resources } = fakePool({ poolSize: 2 });
  resources.plan.open = "slow";
  const waiting = [watch(pool.acquire()), watch(pool.acquire())];
  pool.resize(1);
  for (const step of [...resources.pending]) step.succeed();
  await settle();
  assert.deepEqual(resources.made.map(({ closes }) => closes), [1, 0]);
  assert.deepEqual(waiting.map(({ state }) => state), ["fulfilled", "pending"]);
});

test("nothing is opened beyond the new size, whoever waits", async () => {
  const { pool, resources } = fakePool({ poolSize: 2 });
  const leases = await acquireMany(pool, 2);
  const waiting = [watch(pool.acquire()), watch(pool.acquire())];
  pool.resize(1);
  leases[0].release();
  await settle();
  assert.deepEqual(waiting.map(({ state }) => state), ["pending", "pending"]);
  leases[1].release();
  await settle();
  assert.deepEqual(waiting.map(({ state }) => state), ["fulfilled", "pending"]);
  assert.equal(resources.calls.open, 2);
});

test("what is being closed is not counted as too many once more", async () => {
  const { pool, resources } = fakePool({ poolSize: 3 });
  const leases = await acquireMany(pool, 3);
  resources.plan.close = "slow";
  leases[0].discard();
  leases[1].release();
  leases[2].release();
  pool.resize(2);
  assert.equal(pool.stats.idle, 2);
  assert.equal(resources.calls.close, 1);
});

test("resizing a closed pool changes nothing", async () => {
  const { pool, resources } = fakePool({ poolSize: 1 });
  await pool.close();
  pool.resize(5);
  assert.equal(resources.calls.open, 0);
});

test("a bad size is refused and the old one stays", () => {
  const { pool } = fakePool({ poolSize: 4 });
  assert.throws(() => pool.resize(0), {
    name: "RangeError",
    message: "poolSize must be a whole number of at least 1; got 0",
  });
  assert.equal(pool.poolSize, 4);
});
