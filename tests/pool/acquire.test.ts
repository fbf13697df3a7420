import assert from "node:assert/strict";
import { test } from "node:test";
import { PoolClosedError } from "../../src/pool/errors.ts";
import { settle } from "../helpers/fake_clock.ts";
import { acquireMany, fakePool, served, watch } from "../helpers/fake_pool.ts";
import { CountingSignal } from "../helpers/fake_resources.ts";

test("nothing is opened before it is needed", () => {
  const { pool, resources } = fakePool();
  assert.equal(resources.started, 0);
  assert.equal(pool.stats.size, 0);
  assert.equal(pool.poolSize, 20);
});

test("an acquire opens a resource and hands it out", async () => {
  const { pool, resources } = fakePool();
  const lease = await pool.acquire();
  assert.equal(lease.value, resources.made[0]);
  assert.equal(lease.active, true);
  assert.equal(pool.stats.inUse, 1);
  assert.equal(pool.stats.size, 1);
});

test("no resource has two holders", async () => {
  const { pool } = fakePool({ poolSize: 3 });
  const leases = await acquireMany(pool, 3);
  assert.equal(new Set(leases.map((lease) => lease.value)).size, 3);
});

test("as many resources as poolSize are opened, and not one more", async () => {
  const { pool, resources } = fakePool({ poolSize: 2 });
  resources.plan.open = "slow";
  const requests = [1, 2, 3].map(() => watch(pool.acquire()));
  assert.equal(resources.pending.length, 2);
  resources.pending[0].succeed();
  await settle();
  assert.equal(resources.calls.open, 2);
  assert.deepEqual(requests.map(({ state }) => state), ["fulfilled", "pending", "pending"]);
});

test("an idle resource is reused instead of opening another", async () => {
  const { pool, resources } = fakePool();
  for (let i = 0; i < 3; i++) (await pool.acquire()).release();
  assert.equal(resources.calls.open, 1);
});

test("of several idle resources the one used last is reused first", async () => {
  const { pool } = fakePool({ poolSize: 3 });
  const leases = await acquireMany(pool, 3);
  const released = leases.map((lease) => lease.value);
  for (const lease of leases) lease.release();
  const reused = (await acquireMany(pool, 3)).map((lease) => lease.value);
  assert.deepEqual(reused, released.toReversed());
});

test("an acquire that finds an idle resource awaits nothing", async () => {
  const { pool } = fakePool();
  (await pool.acquire()).release();
  const order: string[] = [];
  await Promise.all([
    pool.acquire().then(() => order.push("acquired")),
    Promise.resolve().then(() => order.push("next turn")),
  ]);
  assert.deepEqual(order, ["acquired", "next turn"]);
});

test("a newcomer does not overtake those who wait", async () => {
  const { pool } = fakePool({ poolSize: 1 });
  const holder = await pool.acquire();
  const first = watch(pool.acquire());
  holder.release();
  const newcomer = watch(pool.acquire());
  await settle();
  assert.equal(first.state, "fulfilled");
  assert.equal(newcomer.state, "pending");
});

test("what comes back while another is being checked goes to who waits", async () => {
  const { pool, clock, resources } = fakePool({ poolSize: 2, validateAfterIdleMs: 1_000 });
  const [old, fresh] = await acquireMany(pool, 2);
  old.release();
  await clock.advance(1_000);
  resources.plan.validate = "slow";
  const waiting = watch(pool.acquire());
  fresh.release();
  await settle();
  assert.equal(served(waiting).value, resources.made[1]);
  assert.equal(resources.pending.length, 1);
});

test("an acquire with an aborted signal rejects with its reason and opens nothing", async () => {
  const { pool, resources } = fakePool();
  const reason = new Error("changed my mind");
  const request = watch(pool.acquire({ signal: AbortSignal.abort(reason) }));
  await settle();
  assert.equal(request.error, reason);
  assert.equal(resources.started, 0);
  assert.equal(pool.stats.aborts, 1);
});

test("an acquire that is served at once leaves no listener and no timer", async () => {
  const { pool, clock } = fakePool({ idleTimeoutMs: Infinity });
  (await pool.acquire()).release();
  const signal = new CountingSignal();
  await pool.acquire({ signal: signal.asSignal(), timeoutMs: 5 });
  assert.equal(signal.listeners, 0);
  assert.equal(clock.pending, 0);
});

test("an acquire after close is refused", async () => {
  const { pool, resources } = fakePool();
  await pool.close();
  const request = watch(pool.acquire());
  await settle();
  assert.ok(request.error instanceof PoolClosedError);
  assert.match(request.error.message, /pool is closed/);
  assert.equal(resources.started, 0);
});
