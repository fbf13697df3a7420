// A hand-off and the end of the wait in one breath: the resource goes to exactly one, or to none.
import assert from "node:assert/strict";
import { test } from "node:test";
import { PoolClosedError, PoolConnectionAcquireTimeoutError } from "../../src/pool/errors.ts";
import { settle } from "../helpers/fake_clock.ts";
import { type FakePool, fakePool, served, watch, type Watched } from "../helpers/fake_pool.ts";
import type { Lease } from "../../src/pool/lease.ts";
import { CountingSignal, type FakeResource } from "../helpers/fake_resources.ts";

interface Scene extends FakePool {
  readonly holder: Lease<FakeResource>;
  readonly signal: CountingSignal;
  /** Waits first; gives up when `signal` aborts, or after 10 ms. */
  readonly first: Watched<Lease<FakeResource>>;
  /** Waits behind. */
  readonly second: Watched<Lease<FakeResource>>;
}

async function oneHolderTwoWaiters(): Promise<Scene> {
  const scene = fakePool({ poolSize: 1, acquisitionTimeoutMs: Infinity });
  const holder = await scene.pool.acquire();
  const signal = new CountingSignal();
  const first = watch(scene.pool.acquire({ signal: signal.asSignal(), timeoutMs: 10 }));
  return { ...scene, holder, signal, first, second: watch(scene.pool.acquire()) };
}

test("an abort just before the release, in the same turn: the next one is served", async () => {
  const { pool, holder, signal, first, second } = await oneHolderTwoWaiters();
  signal.abort("enough");
  holder.release();
  await settle();
  assert.equal(first.error, "enough");
  assert.equal(served(second).active, true);
  assert.equal(pool.stats.inUse, 1);
});

test("an abort just after the release, in the same turn: it comes too late", async () => {
  const { pool, holder, signal, first, second } = await oneHolderTwoWaiters();
  holder.release();
  signal.abort("too late");
  await settle();
  assert.equal(served(first).active, true);
  assert.equal(second.state, "pending");
  assert.equal(pool.stats.aborts, 0);
});

test("an abort after the promise was resolved, before its awaiter ran: nothing is lost", async () => {
  const { pool } = fakePool({ poolSize: 1 });
  const holder = await pool.acquire();
  const controller = new AbortController();
  let awaiterRan = false;
  const waiting = pool.acquire({ signal: controller.signal }).then((lease) => {
    awaiterRan = true;
    return lease;
  });
  holder.release();
  queueMicrotask(() => controller.abort("too late"));
  assert.equal(awaiterRan, false);
  controller.abort("too late");
  const lease = await waiting;
  assert.equal(lease.active, true);
  lease.release();
  assert.equal(pool.stats.idle, 1);
});

test("a release from inside the abort, ahead of the waiter's own listener: it is served", async () => {
  const { pool } = fakePool({ poolSize: 1 });
  const holder = await pool.acquire();
  const controller = new AbortController();
  controller.signal.addEventListener("abort", () => holder.release());
  const waiting = watch(pool.acquire({ signal: controller.signal }));
  controller.abort("too late");
  await settle();
  assert.equal(served(waiting).active, true);
  assert.equal(pool.stats.aborts, 0);
  assert.equal(pool.stats.waiting, 0);
});

test("a release from inside the abort, behind the waiter's own listener: it gave up", async () => {
  const { pool } = fakePool({ poolSize: 1 });
  const holder = await pool.acquire();
  const controller = new AbortController();
  const waiting = watch(pool.acquire({ signal: controller.signal }));
  controller.signal.addEventListener("abort", () => holder.release());
  controller.abort("enough");
  await settle();
  assert.equal(waiting.error, "enough");
  assert.equal(pool.stats.idle, 1);
});

test("a timeout just before the release, in the same turn: the next one is served", async () => {
  const { pool, clock, holder, first, second } = await oneHolderTwoWaiters();
  await clock.advance(10, () => void holder.release());
  await settle();
  assert.ok(first.error instanceof PoolConnectionAcquireTimeoutError);
  assert.equal(served(second).active, true);
  assert.equal(pool.stats.waiting, 0);
});

test("a timeout that falls due with the release, just after it: it never fires", async () => {
  const { pool, clock } = fakePool({ poolSize: 1, idleTimeoutMs: Infinity });
  const holder = await pool.acquire();
  clock.schedule(() => void holder.release(), 10, "keeps process alive");
  const waiting = watch(pool.acquire({ timeoutMs: 10 }));
  await clock.advance(10, () => {});
  await settle();
  assert.equal(served(waiting).active, true);
  assert.equal(pool.stats.timeouts, 0);
  assert.equal(clock.pending, 0);
});

test("an abort by the hook that announces the hand-off comes too late", async () => {
  const signal = new CountingSignal();
  const { pool } = fakePool({
    poolSize: 1,
    onAcquire: () => {
      if (pool.stats.acquired === 2) signal.abort("too late");
    },
  });
  const holder = await pool.acquire();
  const first = watch(pool.acquire({ signal: signal.asSignal() }));
  const second = watch(pool.acquire());
  holder.release();
  await settle();
  assert.equal(served(first).active, true);
  assert.equal(pool.stats.inUse, 1);
  served(first).release();
  await settle();
  assert.equal(served(second).active, true);
});

test("when all who waited have given up, what is released becomes idle", async () => {
  const { pool, clock } = fakePool({ poolSize: 1 });
  const holder = await pool.acquire();
  const signal = new CountingSignal();
  const timedOut = watch(pool.acquire({ timeoutMs: 10 }));
  const aborted = watch(pool.acquire({ signal: signal.asSignal() }));
  await clock.advance(10);
  signal.abort("enough");
  holder.release();
  await settle();
  assert.deepEqual([timedOut.state, aborted.state], ["rejected", "rejected"]);
  assert.equal(pool.stats.idle, 1);
  assert.equal(pool.stats.inUse, 0);
});

test("those who use a resource on the spot are served in order, however many they are", async () => {
  const { pool } = fakePool({ poolSize: 1 });
  const holder = await pool.acquire();
  const served: number[] = [];
  const waiting = Array.from(
    { length: 10_000 },
    (_, number) =>
      pool.acquire({}, "new", (resource) => {
        served.push(number);
        pool.giveBack(resource);
        return number;
      }),
  );
  assert.deepEqual(served, []);
  holder.release();
  assert.equal(served.length, 10_000, "by what came back first, in the same breath");
  assert.deepEqual(await Promise.all(waiting), served);
  assert.deepEqual(served, served.toSorted((a, b) => a - b));
  assert.equal(pool.stats.idle, 1);
});

test("a use that fails rejects its own call; what it gave back goes to the next", async () => {
  const { pool } = fakePool({ poolSize: 1 });
  const holder = await pool.acquire();
  const failing = watch(pool.acquire({}, "new", (resource) => {
    void pool.release(resource);
    throw new Error("of the use");
  }));
  const next = watch(pool.acquire());
  holder.release();
  await settle();
  assert.equal((failing.error as Error).message, "of the use");
  served(next).release();
  assert.equal(pool.stats.idle, 1);
});

test("a pool closed while a resource is used on the spot closes it, and refuses who waits", async () => {
  const { pool, clock } = fakePool({ poolSize: 1 });
  const holder = await pool.acquire();
  const closing = pool.acquire({}, "new", (resource) => {
    const closed = pool.close();
    pool.giveBack(resource);
    return closed;
  });
  const waiting = watch(pool.acquire());
  holder.release();
  await closing;
  assert.ok(waiting.error instanceof PoolClosedError);
  assert.equal(pool.stats.size, 0);
  assert.equal(clock.pending, 0);
});
