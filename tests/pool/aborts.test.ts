import assert from "node:assert/strict";
import { test } from "node:test";
import { PoolClosedError, PoolConnectionOpenError } from "../../src/pool/errors.ts";
import { settle } from "../helpers/fake_clock.ts";
import { fakePool, served, watch } from "../helpers/fake_pool.ts";
import { CountingSignal } from "../helpers/fake_resources.ts";

test("a waiter that aborts rejects with the signal's reason and leaves the queue", async () => {
  const { pool, clock } = fakePool({ poolSize: 1 });
  await pool.acquire();
  const signal = new CountingSignal();
  const waiting = watch(pool.acquire({ signal: signal.asSignal() }));
  signal.abort("enough");
  await settle();
  assert.equal(waiting.error, "enough");
  assert.equal(pool.stats.waiting, 0);
  assert.equal(pool.stats.aborts, 1);
  assert.equal(signal.listeners, 0);
  assert.equal(clock.pending, 0);
});

test("an AbortController of the runtime is understood", async () => {
  const { pool } = fakePool({ poolSize: 1 });
  await pool.acquire();
  const controller = new AbortController();
  const waiting = watch(pool.acquire({ signal: controller.signal }));
  controller.abort();
  await settle();
  assert.equal((waiting.error as Error).name, "AbortError");
});

test("one signal ends all the waits that share it", async () => {
  const { pool } = fakePool({ poolSize: 1 });
  const holder = await pool.acquire();
  const controller = new AbortController();
  const { signal } = controller;
  const sharing = [watch(pool.acquire({ signal })), watch(pool.acquire({ signal }))];
  const other = watch(pool.acquire());
  controller.abort("enough");
  holder.release();
  await settle();
  assert.deepEqual(sharing.map(({ error }) => error), ["enough", "enough"]);
  assert.equal(other.state, "fulfilled");
});

test("the listener is gone once the waiter is served, and an abort then changes nothing", async () => {
  const { pool } = fakePool({ poolSize: 1 });
  const holder = await pool.acquire();
  const signal = new CountingSignal();
  const waiting = watch(pool.acquire({ signal: signal.asSignal() }));
  holder.release();
  await settle();
  assert.equal(signal.listeners, 0);
  signal.abort("too late");
  assert.equal(served(waiting).active, true);
  assert.equal(pool.stats.aborts, 0);
});

test("the listener is gone once the open for the waiter failed", async () => {
  const { pool, resources } = fakePool();
  resources.plan.open = "later error";
  const signal = new CountingSignal();
  const waiting = watch(pool.acquire({ signal: signal.asSignal() }));
  assert.equal(signal.listeners, 1);
  await settle();
  assert.ok(waiting.error instanceof PoolConnectionOpenError);
  assert.equal(signal.listeners, 0);
});

test("the listener is gone once the pool was closed", async () => {
  const { pool } = fakePool({ poolSize: 1 });
  await pool.acquire();
  const signal = new CountingSignal();
  const waiting = watch(pool.acquire({ signal: signal.asSignal() }));
  void pool.close();
  assert.equal(signal.listeners, 0);
  await settle();
  assert.ok(waiting.error instanceof PoolClosedError);
});

test("an abort from inside the step that was started for the waiter is noticed", async () => {
  const { pool, clock, resources } = fakePool({ poolSize: 1, idleTimeoutMs: Infinity });
  const signal = new CountingSignal();
  resources.plan.open = "slow";
  resources.onStep = () => signal.abort("enough");
  const waiting = watch(pool.acquire({ signal: signal.asSignal() }));
  await settle();
  assert.equal(waiting.error, "enough");
  assert.equal(signal.listeners, 0);
  resources.oldest("open").succeed();
  await settle();
  assert.equal(pool.stats.idle, 1);
  assert.equal(clock.pending, 0);
});
