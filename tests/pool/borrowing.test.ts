// What is taken and given back within one call needs no lease.
import assert from "node:assert/strict";
import { test } from "node:test";
import { acquireMany, fakePool } from "../helpers/fake_pool.ts";
import type { FakeResource } from "../helpers/fake_resources.ts";

test("tryBorrow takes an idle resource in this very call", async () => {
  const { pool, resources } = fakePool();
  (await pool.acquire()).release();
  assert.equal(pool.tryBorrow()?.value, resources.made[0]);
  assert.equal(pool.stats.idle, 0);
});

test("tryBorrow opens nothing", () => {
  const { pool, resources } = fakePool();
  assert.equal(pool.tryBorrow(), undefined);
  assert.equal(resources.started, 0);
});

test("tryBorrow leaves a resource alone that needs a check first", async () => {
  const { pool, clock, resources } = fakePool({ validateAfterIdleMs: 1_000 });
  (await pool.acquire()).release();
  await clock.advance(1_000);
  assert.equal(pool.tryBorrow(), undefined);
  assert.equal(pool.stats.idle, 1);
  assert.equal(resources.calls.validate, 0);
});

test("tryBorrow finds nothing in a closed pool", async () => {
  const { pool } = fakePool();
  (await pool.acquire()).release();
  void pool.close();
  assert.equal(pool.tryBorrow(), undefined);
});

test("tryBorrow closes what is too old, and takes what is not", async () => {
  const { pool, clock, resources } = fakePool({ maxLifetimeMs: 100 });
  const old = await pool.acquire();
  clock.pass(60);
  (await pool.acquire()).release();
  old.release();
  clock.pass(60);
  assert.equal(pool.tryBorrow()?.value, resources.made[1]);
  assert.deepEqual(resources.made.map(({ closes }) => closes), [1, 0]);
  assert.equal(pool.tryBorrow(), undefined);
});

test("tryBorrow closes what is known to be broken", async () => {
  const { pool, resources } = fakePool();
  Object.assign(resources, { isBroken: (resource: FakeResource) => resource.killed });
  for (const lease of await acquireMany(pool, 2)) lease.release();
  resources.made[1].killed = true;
  assert.equal(pool.tryBorrow()?.value, resources.made[0]);
  assert.equal(pool.stats.destroyed.invalid, 1);
});

test("a resource that was borrowed is in use, and idle without a reset when given back", async () => {
  const { pool, clock, resources } = fakePool();
  (await pool.acquire()).release();
  const resets = resources.calls.reset;
  const borrowed = pool.tryBorrow()!;
  assert.deepEqual([pool.stats.inUse, pool.stats.idle], [1, 0]);
  clock.pass(7);
  pool.giveBack(borrowed);
  const { acquired, inUse, idle, usedMs } = pool.stats;
  assert.deepEqual({ acquired, inUse, idle, usedMs }, {
    acquired: 2,
    inUse: 0,
    idle: 1,
    usedMs: 7,
  });
  assert.equal(resources.calls.reset, resets);
});

test("the hooks see what is borrowed and given back", async () => {
  const events: unknown[] = [];
  const { pool, clock } = fakePool({
    onAcquire: (event) => events.push(event),
    onRelease: (event) => events.push(event),
  });
  (await pool.acquire()).release();
  events.length = 0;
  const borrowed = pool.tryBorrow()!;
  clock.pass(3);
  pool.giveBack(borrowed);
  assert.deepEqual(events, [{ waitMs: 0 }, { usedMs: 3 }]);
});

test("minIdle is kept while a resource is borrowed", async () => {
  const { pool } = fakePool({ minIdle: 1, poolSize: 2 });
  const borrowed = pool.tryBorrow()!;
  assert.equal(pool.stats.idle, 1);
  pool.giveBack(borrowed);
  assert.equal(pool.stats.idle, 2);
});

test("what is given back goes to those who wait", async () => {
  const { pool } = fakePool({ poolSize: 1 });
  (await pool.acquire()).release();
  const borrowed = pool.tryBorrow()!;
  const waiting = pool.acquire();
  pool.giveBack(borrowed);
  assert.equal((await waiting).value, borrowed.value);
});

test("what is given back to a pool that closes, or has shrunk meanwhile, is closed", async () => {
  const closing = fakePool();
  (await closing.pool.acquire()).release();
  const first = closing.pool.tryBorrow()!;
  const closed = closing.pool.close();
  closing.pool.giveBack(first);
  await closed;
  assert.equal(first.value.closes, 1);

  const shrinking = fakePool({ poolSize: 2 });
  const held = await shrinking.pool.acquire();
  (await shrinking.pool.acquire()).release();
  const second = shrinking.pool.tryBorrow()!;
  shrinking.pool.resize(1);
  shrinking.pool.giveBack(second);
  assert.equal(second.value.closes, 1);
  assert.equal(held.active, true);
});

test("the idle time begins anew when a resource is given back", async () => {
  const { pool, clock } = fakePool({ idleTimeoutMs: 100, validateAfterIdleMs: 50 });
  (await pool.acquire()).release();
  await clock.advance(40);
  pool.giveBack(pool.tryBorrow()!);
  await clock.advance(49);
  assert.notEqual(pool.tryBorrow(), undefined);
});

test("a lease of what was borrowed is like any other", async () => {
  const { pool, resources } = fakePool({ poolSize: 1 });
  (await pool.acquire()).release();
  const lease = pool.lease(pool.tryBorrow()!);
  assert.equal(lease.value, resources.made[0]);
  const waiting = pool.acquire();
  void lease.release();
  assert.equal(lease.active, false);
  assert.equal((await waiting).value, resources.made[0]);
});
