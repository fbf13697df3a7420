import assert from "node:assert/strict";
import { test } from "node:test";
import { PoolConnectionOpenError } from "../../src/pool/errors.ts";
import { settle } from "../helpers/fake_clock.ts";
import { fakePool, served, watch } from "../helpers/fake_pool.ts";
import { CountingSignal, PlannedFailure } from "../helpers/fake_resources.ts";

for (const failure of ["error", "later error"] as const) {
  test(`an open that goes "${failure}" rejects the acquire with its error as cause`, async () => {
    const { pool, resources } = fakePool();
    resources.plan.open = failure;
    const request = watch(pool.acquire());
    await settle();
    assert.ok(request.error instanceof PoolConnectionOpenError);
    assert.ok(request.error.cause instanceof PlannedFailure);
    assert.equal(request.error.message, "Could not open a connection: open failed");
    assert.equal(pool.stats.openErrors, 1);
    assert.equal(pool.stats.opened, 0);
    assert.equal(pool.stats.size, 0);
  });
}

test("an open that throws something that is no error is told all the same", async () => {
  const { pool, resources } = fakePool();
  resources.open = () => {
    throw "no disk";
  };
  const request = watch(pool.acquire());
  await settle();
  assert.equal((request.error as Error).message, "Could not open a connection: no disk");
  assert.equal((request.error as Error).cause, "no disk");
});

test("an open may throw what cannot be printed, and costs no slot", async () => {
  const { pool, resources } = fakePool({ poolSize: 1 });
  const open = resources.open;
  resources.open = () => {
    throw Object.create(null);
  };
  await assert.rejects(pool.acquire(), PoolConnectionOpenError);
  resources.open = open;
  assert.equal((await pool.acquire()).active, true);
});

test("an open that takes longer than operationTimeoutMs has failed", async () => {
  const { pool, clock, resources } = fakePool({ operationTimeoutMs: 50 });
  resources.plan.open = "never";
  const request = watch(pool.acquire());
  await clock.advance(49);
  assert.equal(request.state, "pending");
  await clock.advance(1);
  assert.match((request.error as Error).message, /open took longer than 50 ms/);
  assert.equal(pool.stats.size, 0);
  assert.equal(clock.pending, 0);
});

test("what an open brings after its time limit is closed, and reaches nobody", async () => {
  const { pool, clock, resources } = fakePool({ poolSize: 1, operationTimeoutMs: 50 });
  resources.plan.open = "slow";
  void watch(pool.acquire());
  await clock.advance(50);
  const next = watch(pool.acquire());
  resources.pending[0].succeed();
  await settle();
  assert.equal(resources.made[0].closes, 1);
  assert.equal(next.state, "pending");
  assert.equal(pool.stats.opened, 0);
  resources.oldest("open").succeed();
  await settle();
  assert.equal(served(next).value, resources.made[1]);
});

test("an open that fails after its time limit changes nothing any more", async () => {
  const { pool, clock, resources } = fakePool({ operationTimeoutMs: 50 });
  resources.plan.open = "slow";
  void watch(pool.acquire());
  await clock.advance(50);
  const next = watch(pool.acquire());
  resources.pending[0].fail();
  await settle();
  assert.equal(next.state, "pending");
  assert.equal(pool.stats.openErrors, 1);
});

test("an open outlives its requester: the next waiter gets what it brings", async () => {
  const { pool, resources } = fakePool({ poolSize: 1 });
  resources.plan.open = "slow";
  const signal = new CountingSignal();
  const first = watch(pool.acquire({ signal: signal.asSignal() }));
  const second = watch(pool.acquire());
  signal.abort("enough");
  resources.oldest("open").succeed();
  await settle();
  assert.equal(first.error, "enough");
  assert.equal(served(second).value, resources.made[0]);
});

test("an open outlives its requester: with nobody left what it brings becomes idle", async () => {
  const { pool, clock, resources } = fakePool({ poolSize: 1 });
  resources.plan.open = "slow";
  const request = watch(pool.acquire({ timeoutMs: 10 }));
  await clock.advance(10);
  assert.equal(request.state, "rejected");
  resources.oldest("open").succeed();
  await settle();
  assert.equal(pool.stats.idle, 1);
  assert.equal(pool.tryBorrow()?.value, resources.made[0]);
});

test("a newcomer counts on an open whose requester gave up", async () => {
  const { pool, resources } = fakePool({ poolSize: 2 });
  resources.plan.open = "slow";
  const signal = new CountingSignal();
  void watch(pool.acquire({ signal: signal.asSignal() }));
  signal.abort("enough");
  const newcomer = watch(pool.acquire());
  assert.equal(resources.calls.open, 1);
  resources.oldest("open").succeed();
  await settle();
  assert.equal(newcomer.state, "fulfilled");
});

test("a resource that comes back serves who asked first, whoever's open is under way", async () => {
  const { pool, resources } = fakePool({ poolSize: 2 });
  const holder = await pool.acquire();
  resources.plan.open = "slow";
  const first = watch(pool.acquire());
  holder.release();
  await settle();
  assert.equal(served(first).value, resources.made[0]);
  resources.oldest("open").succeed();
  await settle();
  assert.equal(pool.stats.idle, 1);
});

test("an open failure reaches the head of the queue, the others go on", async () => {
  const { pool, resources } = fakePool({ poolSize: 2 });
  resources.plan.open = "slow";
  const requests = [1, 2, 3].map(() => watch(pool.acquire()));
  resources.pending[1].fail();
  await settle();
  assert.deepEqual(requests.map(({ state }) => state), ["rejected", "pending", "pending"]);
  assert.equal(resources.calls.open, 3, "the slot is used again at once");
  for (const step of [...resources.pending]) step.succeed();
  await settle();
  assert.deepEqual(requests.map(({ state }) => state), ["rejected", "fulfilled", "fulfilled"]);
});
