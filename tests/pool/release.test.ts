import assert from "node:assert/strict";
import { test } from "node:test";
import { ConnectionReleasedError } from "../../src/pool/errors.ts";
import type { DestroyEvent } from "../../src/pool/hooks.ts";
import { settle } from "../helpers/fake_clock.ts";
import { fakePool, served, watch } from "../helpers/fake_pool.ts";
import type { Behaviour } from "../helpers/fake_resources.ts";

test("a resource is reset before its next holder gets it", async () => {
  const { pool, resources } = fakePool({ poolSize: 1 });
  const lease = await pool.acquire();
  lease.value.dirty = true;
  lease.release();
  assert.equal((await pool.acquire()).value, resources.made[0]);
  assert.equal(resources.made[0].dirty, false);
});

test("with a synchronous reset a resource is ready in this very call", async () => {
  const { pool } = fakePool();
  const lease = await pool.acquire();
  assert.equal(lease.release(), undefined);
  assert.equal(pool.stats.idle, 1);
});

test("with an asynchronous reset release() settles when the resource is ready", async () => {
  const { pool, resources } = fakePool({ poolSize: 1 });
  const lease = await pool.acquire();
  resources.plan.reset = "slow";
  const released = watch(lease.release());
  const waiting = watch(pool.acquire());
  await settle();
  assert.equal(released.state, "pending");
  assert.equal(waiting.state, "pending");
  assert.equal(pool.stats.idle, 0);
  resources.oldest("reset").succeed();
  await settle();
  assert.equal(released.state, "fulfilled");
  assert.equal(served(waiting).value, resources.made[0]);
});

const failures: readonly Behaviour[] = ["error", "later error", "never"];

for (const failure of failures) {
  test(`a resource whose reset goes "${failure}" is destroyed, never reused`, async () => {
    const destroyed: DestroyEvent[] = [];
    const { pool, clock, resources } = fakePool({
      poolSize: 1,
      operationTimeoutMs: 50,
      onDestroy: (event) => destroyed.push(event),
    });
    const lease = await pool.acquire();
    const waiting = watch(pool.acquire());
    resources.plan.reset = failure;
    const released = watch(lease.release());
    await settle();
    await clock.advance(50);
    assert.equal(released.state, "fulfilled", "release() does not reject");
    assert.equal(resources.made[0].closes, 1);
    assert.equal(served(waiting).value, resources.made[1], "a replacement serves who waits");
    assert.equal(pool.stats.destroyed.reset, 1);
    assert.equal(destroyed[0].reason, "reset");
    const expected = failure === "never"
      ? "reset took longer than 50 ms (operationTimeoutMs)"
      : "reset failed";
    assert.equal((destroyed[0].error as Error).message, expected);
  });
}

test("a reset that ends after its time limit changes nothing any more", async () => {
  const { pool, clock, resources } = fakePool({ operationTimeoutMs: 50 });
  const lease = await pool.acquire();
  resources.plan.reset = "slow";
  lease.release();
  await clock.advance(50);
  resources.oldest("reset").succeed();
  await settle();
  assert.equal(pool.stats.idle, 0);
  assert.equal(pool.stats.size, 0);
});

test("a second release does nothing, not even to the next holder", async () => {
  const { pool, resources } = fakePool({ poolSize: 1 });
  const first = await pool.acquire();
  first.release();
  const second = await pool.acquire();
  assert.equal(first.release(), undefined);
  assert.equal(second.active, true);
  assert.equal(pool.stats.inUse, 1);
  assert.equal(pool.stats.idle, 0);
  assert.equal(resources.calls.reset, 1);
});

test("a discard after release does nothing, not even to the next holder", async () => {
  const { pool, resources } = fakePool({ poolSize: 1 });
  const first = await pool.acquire();
  first.release();
  const second = await pool.acquire();
  first.discard();
  assert.equal(second.active, true);
  assert.equal(resources.made[0].closes, 0);
});

test("a lease is dead as soon as it is released", async () => {
  const { pool } = fakePool({ poolSize: 1 });
  const first = await pool.acquire();
  first.release();
  assert.equal(first.active, false);
  assert.throws(() => first.value, ConnectionReleasedError);
  assert.throws(() => first.value, /was released .* Acquire a new one/);
  await pool.acquire();
  assert.throws(() => first.value, ConnectionReleasedError, "with a next holder too");
});

test("a lease is dead while its resource is still being reset", async () => {
  const { pool, resources } = fakePool();
  const lease = await pool.acquire();
  resources.plan.reset = "slow";
  lease.release();
  assert.equal(lease.active, false);
  assert.throws(() => lease.value, ConnectionReleasedError);
  assert.equal(lease.release(), undefined);
});

test("a discarded resource is closed without a reset", async () => {
  const { pool, resources } = fakePool();
  const lease = await pool.acquire();
  lease.discard();
  assert.equal(resources.made[0].closes, 1);
  assert.equal(resources.calls.reset, 0);
  assert.equal(lease.active, false);
  assert.equal(pool.stats.destroyed.discarded, 1);
  assert.equal(pool.stats.size, 0);
});

test("a discard starts a replacement for who waits once the slot is free", async () => {
  const { pool, resources } = fakePool({ poolSize: 1 });
  const lease = await pool.acquire();
  const waiting = watch(pool.acquire());
  resources.plan.close = "slow";
  lease.discard();
  await settle();
  assert.equal(resources.calls.open, 1, "the slot is taken until the close is done");
  resources.oldest("close").succeed();
  await settle();
  assert.equal(served(waiting).value, resources.made[1]);
});
