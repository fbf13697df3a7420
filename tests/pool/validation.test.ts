import assert from "node:assert/strict";
import { test } from "node:test";
import { settle } from "../helpers/fake_clock.ts";
import { acquireMany, fakePool, served, watch } from "../helpers/fake_pool.ts";
import { type Behaviour, CountingSignal } from "../helpers/fake_resources.ts";

test("a resource is checked on borrow when it was idle for validateAfterIdleMs", async () => {
  const { pool, clock, resources } = fakePool({ validateAfterIdleMs: 100 });
  (await pool.acquire()).release();
  await clock.advance(99);
  (await pool.acquire()).release();
  assert.equal(resources.calls.validate, 0);
  await clock.advance(100);
  const lease = await pool.acquire();
  assert.equal(resources.calls.validate, 1);
  assert.equal(lease.value, resources.made[0]);
});

test("with validateAfterIdleMs: 0 each resource that was idle is checked", async () => {
  const { pool, resources } = fakePool({ validateAfterIdleMs: 0 });
  for (let i = 0; i < 3; i++) (await pool.acquire()).release();
  assert.equal(resources.calls.validate, 2);
});

test("what was opened just now needs no check", async () => {
  const { pool, resources } = fakePool({ minIdle: 1, validateAfterIdleMs: 100 });
  assert.equal(pool.tryBorrow()?.value, resources.made[0]);
});

test("with validateAfterIdleMs: Infinity nothing is checked", async () => {
  const { pool, clock, resources } = fakePool({
    validateAfterIdleMs: Infinity,
    idleTimeoutMs: Infinity,
  });
  (await pool.acquire()).release();
  await clock.advance(1e12);
  await pool.acquire();
  assert.equal(resources.calls.validate, 0);
});

test("a resource that goes from hand to hand is not checked", async () => {
  const { pool, resources } = fakePool({ poolSize: 1, validateAfterIdleMs: 0 });
  const holder = await pool.acquire();
  const waiting = watch(pool.acquire());
  holder.release();
  await settle();
  assert.equal(waiting.state, "fulfilled");
  assert.equal(resources.calls.validate, 0);
});

const failures: readonly Behaviour[] = ["error", "later error", "never"];

for (const failure of failures) {
  test(`a resource whose check goes "${failure}" is destroyed, and another serves`, async () => {
    const errors: unknown[] = [];
    const { pool, clock, resources } = fakePool({
      poolSize: 1,
      validateAfterIdleMs: 0,
      operationTimeoutMs: 50,
      onDestroy: ({ error }) => errors.push(error),
    });
    (await pool.acquire()).release();
    resources.plan.validate = failure;
    const waiting = watch(pool.acquire());
    await settle();
    await clock.advance(50);
    assert.equal(resources.made[0].closes, 1);
    assert.equal(served(waiting).value, resources.made[1]);
    assert.equal(pool.stats.destroyed.invalid, 1);
    const expected = failure === "never"
      ? "health check took longer than 50 ms (operationTimeoutMs)"
      : "validate failed";
    assert.equal((errors[0] as Error).message, expected);
  });
}

test("after a failed check a free slot is used before the dead resource is closed", async () => {
  const { pool, resources } = fakePool({ poolSize: 2, validateAfterIdleMs: 0 });
  (await pool.acquire()).release();
  resources.plan.validate = "slow";
  const waiting = watch(pool.acquire());
  resources.plan.close = "never";
  resources.oldest("validate").fail();
  await settle();
  assert.equal(served(waiting).value, resources.made[1]);
});

test("dead resources are passed over until one is healthy", async () => {
  const { pool, resources } = fakePool({ poolSize: 3, validateAfterIdleMs: 0 });
  const leases = await acquireMany(pool, 3);
  for (const lease of leases) lease.release();
  for (const id of [1, 2]) resources.made[id].killed = true;
  assert.equal((await pool.acquire()).value, resources.made[0]);
  assert.deepEqual(resources.made.map(({ closes }) => closes), [0, 1, 1]);
});

test("waiters that come together have their resources checked together", async () => {
  const { pool, resources } = fakePool({ poolSize: 2, validateAfterIdleMs: 0 });
  for (const lease of await acquireMany(pool, 2)) lease.release();
  resources.plan.validate = "slow";
  const requests = [watch(pool.acquire()), watch(pool.acquire())];
  assert.equal(resources.pending.length, 2);
  for (const step of [...resources.pending]) step.succeed();
  await settle();
  assert.deepEqual(requests.map(({ state }) => state), ["fulfilled", "fulfilled"]);
});

test("a check outlives its requester: the resource turns idle, known to be healthy", async () => {
  const { pool, clock, resources } = fakePool({ poolSize: 1, validateAfterIdleMs: 100 });
  (await pool.acquire()).release();
  await clock.advance(100);
  resources.plan.validate = "slow";
  const signal = new CountingSignal();
  void watch(pool.acquire({ signal: signal.asSignal() }));
  signal.abort("enough");
  await clock.advance(50);
  resources.oldest("validate").succeed();
  await settle();
  assert.equal(pool.stats.idle, 1);
  await clock.advance(99);
  assert.equal(pool.tryBorrow()?.value, resources.made[0]);
  assert.equal(resources.calls.validate, 1);
});

test("a check that ends after its time limit changes nothing any more", async () => {
  const { pool, clock, resources } = fakePool({ validateAfterIdleMs: 0, operationTimeoutMs: 50 });
  (await pool.acquire()).release();
  resources.plan.validate = "slow";
  const waiting = watch(pool.acquire());
  await clock.advance(50);
  assert.equal(served(waiting).value, resources.made[1]);
  resources.oldest("validate").succeed();
  await settle();
  assert.equal(pool.stats.inUse, 1);
  assert.equal(pool.stats.idle, 0);
});
