/** A pool that is closed with `drain` serves those who wait already, and nobody else. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { PoolClosedError, PoolConnectionAcquireTimeoutError } from "../../src/pool/errors.ts";
import { settle } from "../helpers/fake_clock.ts";
import { fakePool, served, watch } from "../helpers/fake_pool.ts";

test("those who wait are served one after the other, then the pool is closed", async () => {
  const { pool, clock } = fakePool({ poolSize: 1 });
  const holder = await pool.acquire();
  const waiting = [1, 2, 3].map(() => watch(pool.acquire()));
  const closing = watch(pool.close({ drain: true }));
  const late = watch(pool.acquire());
  holder.release();
  for (const waiter of waiting) {
    await settle();
    assert.equal(closing.state, "pending");
    served(waiter).release();
  }
  await settle();
  assert.equal(closing.state, "fulfilled");
  assert.ok(late.error instanceof PoolClosedError);
  assert.equal(clock.pending, 0);
  assert.equal(pool.stats.size, 0);
});

test("at the deadline those who still wait are refused", async () => {
  const { pool, clock } = fakePool({ poolSize: 1 });
  const holder = await pool.acquire();
  const waiting = watch(pool.acquire());
  const closing = watch(pool.close({ drain: true, timeoutMs: 20 }));
  await clock.advance(20);
  assert.ok(waiting.error instanceof PoolClosedError);
  assert.equal(closing.state, "fulfilled");
  assert.equal(holder.active, false);
  assert.equal(clock.pending, 0);
});

test("a waiter whose own time is over, or whose signal aborts, holds nothing up", async () => {
  const { pool, clock } = fakePool({ poolSize: 1 });
  const holder = await pool.acquire();
  const controller = new AbortController();
  const timed = watch(pool.acquire({ timeoutMs: 5 }));
  const aborted = watch(pool.acquire({ signal: controller.signal }));
  const closing = watch(pool.close({ drain: true }));
  controller.abort(new Error("enough"));
  await clock.advance(5);
  assert.ok(timed.error instanceof PoolConnectionAcquireTimeoutError);
  assert.equal((aborted.error as Error).message, "enough");
  holder.release();
  await settle();
  assert.equal(closing.state, "fulfilled");
});

test("a connection that is discarded is replaced while somebody waits", async () => {
  const { pool, resources } = fakePool({ poolSize: 1 });
  const holder = await pool.acquire();
  const waiting = watch(pool.acquire());
  const closing = watch(pool.close({ drain: true }));
  holder.discard();
  await settle();
  assert.equal(resources.made.length, 2);
  served(waiting).release();
  await settle();
  assert.equal(closing.state, "fulfilled");
});

test("opens that fail end the waits one by one, and only then the pool is closed", async () => {
  const { pool, resources } = fakePool({ poolSize: 1 });
  const holder = await pool.acquire();
  const order: string[] = [];
  const waiting = [1, 2].map(() => pool.acquire().catch(({ name }) => order.push(name)));
  const closing = pool.close({ drain: true }).then(() => order.push("closed"));
  resources.plan.open = "error";
  holder.discard();
  await Promise.all([...waiting, closing]);
  assert.deepEqual(order, ["PoolConnectionOpenError", "PoolConnectionOpenError", "closed"]);
  assert.equal(pool.stats.size, 0);
});

test("drain is true or false", async () => {
  const { pool } = fakePool();
  await assert.rejects(
    pool.close({ drain: "yes" } as object),
    /^TypeError: drain must be true or false; got the string "yes"/,
  );
  assert.equal(pool.closed, false);
  await pool.close();
});

test("callers that are expected count as waiting, and are served by what idles", async () => {
  const { pool, clock } = fakePool({ poolSize: 2 });
  (await pool.acquire()).release();
  for (const _ of [1, 2]) pool.expect();
  assert.equal(pool.stats.waiting, 2);
  const closing = watch(pool.close({ drain: true }));
  await settle();
  assert.equal(pool.stats.idle, 1, "it is kept for them");
  for (const stillExpected of [1, 0]) {
    const resource = pool.tryBorrow();
    assert.ok(resource !== undefined);
    pool.giveBack(resource);
    pool.arrived();
    assert.equal(pool.stats.waiting, stillExpected);
    assert.equal(pool.stats.idle, stillExpected);
  }
  await settle();
  assert.equal(closing.state, "fulfilled");
  assert.equal(clock.pending, 0);
});

test("a pool without connections opens one for a caller that is expected", async () => {
  const { pool } = fakePool({ poolSize: 1 });
  pool.expect();
  const closing = watch(pool.close({ drain: true }));
  await settle();
  assert.equal(closing.state, "pending");
  const waiting = watch(pool.acquire({}, "queued"));
  pool.arrived();
  await settle();
  served(waiting).release();
  await settle();
  assert.equal(closing.state, "fulfilled");
});

test("a pool that does not drain waits for no caller, nor does one at its deadline", async () => {
  for (const drain of [false, true]) {
    const { pool, clock } = fakePool({ poolSize: 1 });
    (await pool.acquire()).release();
    pool.expect();
    const closing = watch(pool.close({ drain, timeoutMs: 20 }));
    await settle();
    assert.equal(closing.state, drain ? "pending" : "fulfilled");
    await clock.advance(20);
    assert.equal(closing.state, "fulfilled");
    const late = watch(pool.acquire({}, "queued"));
    pool.arrived();
    await settle();
    assert.ok(late.error instanceof PoolClosedError);
    assert.equal(clock.pending, 0);
  }
});
