// With trackLeases a lease that is dropped without release is taken back by garbage collection.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { LeakEvent } from "../../src/pool/hooks.ts";
import type { Lease } from "../../src/pool/lease.ts";
import type { Pool } from "../../src/pool/pool.ts";
import { acquireMany, fakePool, served, watch } from "../helpers/fake_pool.ts";
import type { FakeResource } from "../helpers/fake_resources.ts";
import { collectGarbage } from "../helpers/runtime.ts";

/** In a function of its own, so that nothing of a lease stays on the stack. */
async function forgetToRelease<T>(pool: Pool<T>): Promise<void> {
  await pool.acquire();
}

async function collectUntil(isDone: () => boolean): Promise<void> {
  for (let round = 0; round < 50 && !isDone(); round++) await collectGarbage();
}

test("a lease that is dropped without release is taken back and reported", async () => {
  const leaks: LeakEvent[] = [];
  const { pool, clock, resources } = fakePool({
    poolSize: 1,
    trackLeases: true,
    onLeak: (leak) => leaks.push(leak),
  });
  await forgetToRelease(pool);
  resources.made[0].dirty = true;
  await clock.advance(25);
  const waiting = watch(pool.acquire());
  await collectUntil(() => leaks.length > 0);
  assert.equal(leaks.length, 1);
  assert.equal(leaks[0].heldMs, 25);
  assert.match(leaks[0].stack, /forgetToRelease/);
  assert.equal(pool.stats.leaked, 1);
  assert.equal(served(waiting).value, resources.made[0], "its slot serves the next one");
  assert.equal(resources.made[0].dirty, false, "reset like any other");
});

test("a leak is reported with the stack of who acquired, even when they had to wait", async () => {
  const leaks: LeakEvent[] = [];
  const { pool } = fakePool({
    poolSize: 1,
    trackLeases: true,
    onLeak: (leak) => leaks.push(leak),
  });
  const holder = await pool.acquire();
  const forgetting = forgetToRelease(pool);
  holder.release();
  await forgetting;
  await collectUntil(() => leaks.length > 0);
  assert.match(leaks[0].stack, /forgetToRelease/);
});

test("a lease that only the object that acquired it still knew is a leak", async () => {
  class Service {
    lease: unknown = undefined;
    async start(pool: Pool<FakeResource>): Promise<void> {
      this.lease = await pool.acquire();
    }
  }
  const { pool } = fakePool({ trackLeases: true });
  await new Service().start(pool);
  await collectUntil(() => pool.stats.leaked > 0);
  assert.equal(pool.stats.leaked, 1);
});

test("a lease that is held or was released is no leak", async () => {
  const { pool } = fakePool({ poolSize: 4, trackLeases: true });
  const held = await pool.acquire();
  async function useProperly(end: (lease: Lease<FakeResource>) => void): Promise<void> {
    end(await pool.acquire());
  }
  await useProperly((lease) => void lease.release());
  await useProperly((lease) => lease.discard());
  const next = await acquireMany(pool, 2);
  // A leak afterwards shows that whatever else there was to find would have been found by now.
  await forgetToRelease(pool);
  await collectUntil(() => pool.stats.leaked > 0);
  assert.equal(pool.stats.leaked, 1);
  assert.ok([held, ...next].every((lease) => lease.active));
});

test("a lease that was dropped and then closed by force is no leak any more", async () => {
  const { pool, clock } = fakePool({ trackLeases: true });
  await forgetToRelease(pool);
  const closing = pool.close({ timeoutMs: 0 });
  await clock.advance(0);
  await closing;
  const witness = fakePool({ trackLeases: true });
  await forgetToRelease(witness.pool);
  await collectUntil(() => witness.pool.stats.leaked > 0);
  assert.equal(pool.stats.leaked, 0);
});

test("without trackLeases nothing is watched", async () => {
  const { pool } = fakePool();
  await forgetToRelease(pool);
  const witness = fakePool({ trackLeases: true });
  await forgetToRelease(witness.pool);
  await collectUntil(() => witness.pool.stats.leaked > 0);
  assert.equal(pool.stats.leaked, 0);
  assert.equal(pool.stats.inUse, 1);
});
