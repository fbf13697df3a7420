import assert from "node:assert/strict";
import { test } from "node:test";
import { settle } from "../helpers/fake_clock.ts";
import { acquireMany, fakePool, served, watch } from "../helpers/fake_pool.ts";

test("a resource idle for longer than idleTimeoutMs is closed by itself", async () => {
  const { pool, clock, resources } = fakePool({ idleTimeoutMs: 100 });
  (await pool.acquire()).release();
  await clock.advance(100);
  assert.equal(resources.made[0].closes, 0);
  await clock.advance(1);
  assert.equal(resources.made[0].closes, 1);
  assert.equal(pool.stats.destroyed.idle, 1);
  assert.equal(pool.stats.size, 0);
  assert.equal(clock.pending, 0);
});

test("the idle time begins anew with each use", async () => {
  const { pool, clock, resources } = fakePool({ idleTimeoutMs: 100 });
  for (let i = 0; i < 5; i++) {
    (await pool.acquire()).release();
    await clock.advance(90);
  }
  assert.equal(resources.made[0].closes, 0);
});

test("the idle time begins when the reset is done", async () => {
  const { pool, clock, resources } = fakePool({ idleTimeoutMs: 100, validateAfterIdleMs: 50 });
  const lease = await pool.acquire();
  resources.plan.reset = "slow";
  void lease.release();
  clock.pass(80);
  resources.oldest("reset").succeed();
  await settle();
  await clock.advance(49);
  assert.equal(pool.tryBorrow()?.value, resources.made[0]);
});

test("each resource is closed when its own time is up", async () => {
  const { pool, clock, resources } = fakePool({ idleTimeoutMs: 100 });
  const [first, second] = await acquireMany(pool, 2);
  first.release();
  await clock.advance(60);
  second.release();
  await clock.advance(41);
  assert.deepEqual(resources.made.map(({ closes }) => closes), [1, 0]);
  await clock.advance(60);
  assert.deepEqual(resources.made.map(({ closes }) => closes), [1, 1]);
});

test("the timers of a pool at rest let the process exit", async () => {
  const { pool, clock } = fakePool({ idleTimeoutMs: 100, maxLifetimeMs: 200 });
  for (const lease of await acquireMany(pool, 2)) lease.release();
  assert.equal(clock.pending, 1);
  assert.equal(clock.keepingAlive, 0);
});

test("one timer looks after all idle resources, also when the next to go came later", async () => {
  const chances = [0, 0.999];
  const { pool, clock, resources } = fakePool(
    { maxLifetimeMs: 1_000 },
    () => chances.shift() ?? 0,
  );
  for (const lease of await acquireMany(pool, 2)) lease.release();
  assert.equal(clock.pending, 1);
  await clock.advance(901);
  assert.deepEqual(resources.made.map(({ closes }) => closes), [0, 1]);
});

test("an expired resource that no timer has noticed yet is not handed out", async () => {
  const { pool, clock, resources } = fakePool({ idleTimeoutMs: 100 });
  (await pool.acquire()).release();
  clock.pass(101);
  assert.equal((await pool.acquire()).value, resources.made[1]);
  assert.equal(pool.stats.destroyed.idle, 1);
});

test("a waiter is not handed an expired resource from the idle ones either", async () => {
  const { pool, clock, resources } = fakePool({ idleTimeoutMs: 100, validateAfterIdleMs: 50 });
  for (const lease of await acquireMany(pool, 2)) lease.release();
  clock.pass(60);
  resources.plan.validate = "slow";
  const first = watch(pool.acquire());
  clock.pass(60);
  const second = watch(pool.acquire());
  assert.equal(resources.made[0].closes, 1);
  await settle();
  assert.equal(served(first).value, resources.made[2]);
  assert.equal(second.state, "pending");
});

test("a resource is retired when it comes back at maxLifetimeMs", async () => {
  const { pool, clock, resources } = fakePool({ maxLifetimeMs: 1_000 });
  const lease = await pool.acquire();
  await clock.advance(1_000);
  assert.equal(resources.made[0].closes, 0, "never under its holder");
  lease.release();
  assert.equal(resources.made[0].closes, 1);
  assert.equal(resources.calls.reset, 0);
  assert.equal(pool.stats.destroyed.lifetime, 1);
});

test("an idle resource is retired at maxLifetimeMs by itself", async () => {
  const { pool, clock, resources } = fakePool({ maxLifetimeMs: 1_000 });
  (await pool.acquire()).release();
  await clock.advance(999);
  assert.equal(resources.made[0].closes, 0);
  await clock.advance(1);
  assert.equal(resources.made[0].closes, 1);
  assert.equal(pool.stats.destroyed.lifetime, 1);
});

test("use does not prolong a lifetime", async () => {
  const { pool, clock, resources } = fakePool({ maxLifetimeMs: 1_000 });
  for (let i = 0; i < 20; i++) {
    (await pool.acquire()).release();
    await clock.advance(50);
  }
  assert.equal(resources.made[0].closes, 1);
});

test("chance takes up to a tenth off each lifetime, so that they do not end together", async () => {
  const chances = [0, 0.5, 0.999];
  const { pool, clock, resources } = fakePool(
    { maxLifetimeMs: 1_000 },
    () => chances.shift() ?? 0,
  );
  for (const lease of await acquireMany(pool, 3)) lease.release();
  const ended: number[][] = [];
  for (const pauseMs of [900, 1, 48, 1, 49, 1]) {
    await clock.advance(pauseMs);
    ended.push(resources.made.map(({ closes }) => closes));
  }
  assert.deepEqual(ended, [
    [0, 0, 0], // 900
    [0, 0, 1], // 901
    [0, 0, 1], // 949
    [0, 1, 1], // 950
    [0, 1, 1], // 999
    [1, 1, 1], // 1000
  ]);
});

test("a resource is retired after maxUses leases", async () => {
  const { pool, resources } = fakePool({ maxUses: 3 });
  for (let i = 0; i < 4; i++) (await pool.acquire()).release();
  assert.deepEqual(resources.made.map(({ closes }) => closes), [1, 0]);
  assert.equal(resources.calls.reset, 3, "the last use needs no reset");
  assert.equal(pool.stats.destroyed.uses, 1);
});

test("maxUses counts leases that went from hand to hand too", async () => {
  const { pool, resources } = fakePool({ poolSize: 1, maxUses: 2 });
  const requests = [1, 2, 3].map(() => watch(pool.acquire()));
  await settle();
  served(requests[0]).release();
  await settle();
  served(requests[1]).release();
  await settle();
  assert.equal(served(requests[2]).value, resources.made[1]);
  assert.equal(resources.made[0].closes, 1);
});

for (
  const [reason, options] of Object.entries({
    lifetime: { maxLifetimeMs: 10 },
    uses: { maxUses: 1 },
  })
) {
  test(`a retired resource (${reason}) is replaced for who waits`, async () => {
    const { pool, clock, resources } = fakePool({ poolSize: 1, ...options });
    const holder = await pool.acquire();
    const waiting = watch(pool.acquire());
    await clock.advance(10);
    holder.release();
    await settle();
    assert.equal(served(waiting).value, resources.made[1]);
  });
}
