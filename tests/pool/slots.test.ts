// Invariant 10: what aiosqlitepool loses a slot to. Each test ends with every slot in use at once.
import assert from "node:assert/strict";
import { test } from "node:test";
import { settle } from "../helpers/fake_clock.ts";
import { acquireMany, fakePool, served, watch } from "../helpers/fake_pool.ts";
import { type Behaviour, CountingSignal } from "../helpers/fake_resources.ts";

const failures: readonly Behaviour[] = ["error", "later error", "never"];

for (const failure of failures) {
  test(`a dead idle connection never costs a slot (its check goes "${failure}")`, async () => {
    const { pool, clock, resources } = fakePool({ poolSize: 2, validateAfterIdleMs: 0 });
    for (const lease of await acquireMany(pool, 2)) lease.release();
    resources.plan.validate = failure;
    const requests = [watch(pool.acquire()), watch(pool.acquire())];
    await settle();
    await clock.advance(10_000);
    assert.deepEqual(requests.map(({ state }) => state), ["fulfilled", "fulfilled"]);
    assert.equal(pool.stats.inUse, 2);
    assert.equal(pool.stats.destroyed.invalid, 2);
  });

  test(`a failed open never costs a slot (it goes "${failure}")`, async () => {
    const { pool, clock, resources } = fakePool({ poolSize: 2 });
    resources.plan.open = failure;
    for (let i = 0; i < 5; i++) watch(pool.acquire());
    await settle();
    await clock.advance(30_000);
    assert.equal(pool.stats.waiting, 0);
    assert.equal(pool.stats.size, 0);
    resources.plan.open = "ok";
    await acquireMany(pool, 2);
    assert.equal(pool.stats.inUse, 2);
  });

  test(`a failed close never costs a slot (it goes "${failure}")`, async () => {
    const { pool, clock, resources } = fakePool({ poolSize: 2 });
    resources.plan.close = failure;
    for (const lease of await acquireMany(pool, 2)) lease.discard();
    await settle();
    await clock.advance(10_000);
    assert.equal(pool.stats.size, 0);
    await acquireMany(pool, 2);
    assert.equal(pool.stats.inUse, 2);
  });

  test(`a failed reset never costs a slot (it goes "${failure}")`, async () => {
    const { pool, clock, resources } = fakePool({ poolSize: 2 });
    resources.plan.reset = failure;
    for (const lease of await acquireMany(pool, 2)) void lease.release();
    await settle();
    await clock.advance(10_000);
    assert.equal(pool.stats.size, 0);
    await acquireMany(pool, 2);
    assert.equal(pool.stats.inUse, 2);
  });
}

test("a cancelled hand-off never costs a slot", async () => {
  const { pool } = fakePool({ poolSize: 2 });
  const holders = await acquireMany(pool, 2);
  const signals = [new CountingSignal(), new CountingSignal()];
  const waiting = signals.map((signal) => watch(pool.acquire({ signal: signal.asSignal() })));
  signals[0].abort("just before");
  for (const holder of holders) holder.release();
  signals[1].abort("just after");
  await settle();
  assert.equal(waiting[0].error, "just before");
  served(waiting[1]).release();
  await acquireMany(pool, 2);
  assert.equal(pool.stats.inUse, 2);
});

test("a cancelled open never costs a slot", async () => {
  const { pool, resources } = fakePool({ poolSize: 2 });
  resources.plan.open = "slow";
  const signal = new CountingSignal();
  for (let i = 0; i < 2; i++) watch(pool.acquire({ signal: signal.asSignal() }));
  signal.abort("enough");
  for (const step of [...resources.pending]) step.succeed();
  await settle();
  await acquireMany(pool, 2);
  assert.equal(pool.stats.inUse, 2);
  assert.equal(resources.calls.open, 2);
});

test("a cancelled check never costs a slot", async () => {
  const { pool, resources } = fakePool({ poolSize: 2, validateAfterIdleMs: 0 });
  for (const lease of await acquireMany(pool, 2)) lease.release();
  resources.plan.validate = "slow";
  const signal = new CountingSignal();
  for (let i = 0; i < 2; i++) watch(pool.acquire({ signal: signal.asSignal() }));
  signal.abort("enough");
  resources.plan.validate = "ok";
  for (const step of [...resources.pending]) step.succeed();
  await settle();
  await acquireMany(pool, 2);
  assert.equal(pool.stats.inUse, 2);
  assert.equal(resources.calls.open, 2);
});
