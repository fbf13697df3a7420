import assert from "node:assert/strict";
import { test } from "node:test";
import { PoolClosedError } from "../../src/pool/errors.ts";
import { settle } from "../helpers/fake_clock.ts";
import { acquireMany, fakePool, watch } from "../helpers/fake_pool.ts";
import type { Behaviour } from "../helpers/fake_resources.ts";

test("an unused pool closes at once", async () => {
  const { pool, clock, resources } = fakePool();
  assert.equal(pool.closed, false);
  await pool.close();
  assert.equal(pool.closed, true);
  assert.equal(resources.started, 0);
  assert.equal(clock.pending, 0);
});

test("every close() returns the same promise, before and after it settled", async () => {
  const { pool, clock } = fakePool();
  await pool.acquire();
  const closing = pool.close({ timeoutMs: 0 });
  assert.equal(pool.close(), closing);
  assert.equal(pool.close({ timeoutMs: -1 }), closing);
  const settled = watch(closing);
  await clock.advance(0);
  assert.equal(settled.state, "fulfilled");
  assert.equal(pool.close(), closing);
});

test("a bad deadline is refused and the pool stays open", async () => {
  const { pool } = fakePool();
  const closing = watch(pool.close({ timeoutMs: -1 }));
  await settle();
  assert.ok(closing.error instanceof RangeError);
  assert.equal(pool.closed, false);
  assert.equal((await pool.acquire()).active, true);
});

test("close refuses all who wait, and those who come", async () => {
  const { pool } = fakePool({ poolSize: 1 });
  await pool.acquire();
  const waiting = [1, 2, 3].map(() => watch(pool.acquire()));
  void pool.close();
  const late = watch(pool.acquire());
  await settle();
  for (const { error } of [...waiting, late]) assert.ok(error instanceof PoolClosedError);
  assert.equal(pool.stats.waiting, 0);
});

test("close closes idle resources at once", async () => {
  const { pool, clock, resources } = fakePool();
  for (const lease of await acquireMany(pool, 3)) lease.release();
  const closing = watch(pool.close());
  assert.deepEqual(resources.made.map(({ closes }) => closes), [1, 1, 1]);
  await settle();
  assert.equal(closing.state, "fulfilled");
  assert.equal(clock.pending, 0);
  assert.equal(pool.stats.destroyed.closed, 3);
});

test("close settles when the resources are closed, not before", async () => {
  const { pool, clock, resources } = fakePool();
  (await pool.acquire()).release();
  resources.plan.close = "slow";
  const closing = watch(pool.close());
  await settle();
  assert.equal(closing.state, "pending");
  resources.oldest("close").succeed();
  await settle();
  assert.equal(closing.state, "fulfilled");
  assert.equal(clock.pending, 0);
});

test("leases may finish: close settles when the last one came back", async () => {
  const { pool, clock, resources } = fakePool();
  const leases = await acquireMany(pool, 2);
  const closing = watch(pool.close({ timeoutMs: 100 }));
  await clock.advance(50);
  leases[0].release();
  assert.equal(leases[1].value, resources.made[1], "still usable");
  assert.equal(closing.state, "pending");
  leases[1].release();
  await settle();
  assert.equal(closing.state, "fulfilled");
  assert.equal(resources.calls.reset, 0, "what will be closed needs no reset");
  assert.equal(clock.pending, 0);
});

test("a lease that goes on after the deadline is closed by force", async () => {
  const { pool, clock, resources } = fakePool();
  const lease = await pool.acquire();
  const closing = watch(pool.close({ timeoutMs: 100 }));
  await clock.advance(99);
  assert.equal(lease.active, true);
  await clock.advance(1);
  assert.equal(closing.state, "fulfilled");
  assert.equal(resources.made[0].closes, 1);
  assert.equal(lease.active, false);
  assert.throws(() => lease.value, PoolClosedError);
  assert.throws(() => lease.value, /closed, and this connection with it/);
  assert.equal(lease.release(), undefined);
  assert.equal(resources.made[0].closes, 1, "only once");
  assert.equal(pool.stats.inUse, 0);
});

test("the deadline is operationTimeoutMs unless the call says otherwise", async () => {
  const { pool, clock } = fakePool({ operationTimeoutMs: 70 });
  const lease = await pool.acquire();
  void pool.close();
  await clock.advance(69);
  assert.equal(lease.active, true);
  await clock.advance(1);
  assert.equal(lease.active, false);
});

test("what is being opened when the pool closes is closed as soon as it is there", async () => {
  const { pool, resources } = fakePool();
  resources.plan.open = "slow";
  const waiting = watch(pool.acquire());
  const closing = watch(pool.close());
  await settle();
  assert.ok(waiting.error instanceof PoolClosedError);
  assert.equal(closing.state, "pending");
  resources.oldest("open").succeed();
  await settle();
  assert.equal(resources.made[0].closes, 1);
  assert.equal(closing.state, "fulfilled");
});

test("an open that fails while the pool closes is no hindrance", async () => {
  const { pool, clock, resources } = fakePool({ minIdle: 1, operationTimeoutMs: 50 });
  resources.plan.open = "slow";
  await pool.acquire();
  const closing = watch(pool.close({ timeoutMs: 0 }));
  resources.oldest("open").fail();
  await clock.advance(0);
  await settle();
  assert.equal(closing.state, "fulfilled");
  assert.equal(clock.pending, 0, "and is not tried again");
});

for (const step of ["validate", "reset"] as const) {
  test(`a ${step} under way may finish before the deadline, then its resource is closed`, async () => {
    const { pool, resources } = fakePool({ validateAfterIdleMs: 0 });
    const lease = await pool.acquire();
    resources.plan[step] = "slow";
    void lease.release();
    if (step === "validate") watch(pool.acquire());
    const closing = watch(pool.close());
    assert.equal(resources.made[0].closes, 0);
    resources.oldest(step).succeed();
    await settle();
    assert.equal(resources.made[0].closes, 1);
    assert.equal(closing.state, "fulfilled");
  });

  test(`a ${step} that never ends is abandoned at the deadline, and leaves no timer`, async () => {
    const { pool, clock, resources } = fakePool({ validateAfterIdleMs: 0 });
    const lease = await pool.acquire();
    resources.plan[step] = "never";
    const released = watch(lease.release());
    if (step === "validate") watch(pool.acquire());
    const closing = watch(pool.close({ timeoutMs: 10 }));
    await clock.advance(10);
    assert.equal(closing.state, "fulfilled");
    assert.equal(released.state, "fulfilled");
    assert.equal(resources.made[0].closes, 1);
    assert.equal(clock.pending, 0);
  });

  test(`a ${step} that ends after it was abandoned changes nothing any more`, async () => {
    const { pool, clock, resources } = fakePool({ validateAfterIdleMs: 0 });
    const lease = await pool.acquire();
    resources.plan[step] = "slow";
    void lease.release();
    if (step === "validate") watch(pool.acquire());
    void pool.close({ timeoutMs: 10 });
    await clock.advance(10);
    resources.oldest(step).succeed();
    await settle();
    assert.equal(resources.made[0].closes, 1);
    assert.equal(pool.stats.size, 0);
    assert.equal(pool.stats.destroyed.closed, 1);
  });
}

const failures: readonly Behaviour[] = ["error", "later error", "never"];

for (const failure of failures) {
  test(`close settles all the same when closing a resource goes "${failure}"`, async () => {
    const { pool, clock, resources } = fakePool({ operationTimeoutMs: 50 });
    const [idle] = await acquireMany(pool, 2);
    idle.release();
    resources.plan.close = failure;
    const closing = watch(pool.close({ timeoutMs: 10 }));
    await settle();
    await clock.advance(60);
    assert.equal(closing.state, "fulfilled");
    assert.equal(pool.stats.size, 0);
    assert.equal(clock.pending, 0);
  });
}

test("close settles all the same when everything hangs", async () => {
  const { pool, clock, resources } = fakePool({ poolSize: 4, operationTimeoutMs: 50 });
  const leases = await acquireMany(pool, 3);
  leases[0].release();
  for (const step of ["open", "reset", "close"] as const) resources.plan[step] = "never";
  leases[1].release();
  await pool.acquire();
  const opening = [watch(pool.acquire()), watch(pool.acquire())];
  const closing = watch(pool.close({ timeoutMs: 20 }));
  await clock.advance(20 + 50);
  assert.equal(closing.state, "fulfilled");
  assert.deepEqual(opening.map(({ state }) => state), ["rejected", "rejected"]);
  assert.equal(clock.pending, 0);
});

test("what opens after close has settled is closed too", async () => {
  const { pool, clock, resources } = fakePool({ operationTimeoutMs: 50 });
  resources.plan.open = "slow";
  watch(pool.acquire());
  const closing = watch(pool.close());
  await clock.advance(50);
  assert.equal(closing.state, "fulfilled");
  resources.oldest("open").succeed();
  await settle();
  assert.equal(resources.made[0].closes, 1);
});

test("a lease that was released before close says that it was released", async () => {
  const { pool } = fakePool();
  const [released, discarded] = [await pool.acquire(), await pool.acquire()];
  released.release();
  discarded.discard();
  await pool.close();
  for (const lease of [released, discarded]) {
    assert.throws(() => lease.value, { name: "ConnectionReleasedError" });
  }
});
