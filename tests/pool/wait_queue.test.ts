import assert from "node:assert/strict";
import { test } from "node:test";
import { PoolOverloadedError } from "../../src/pool/errors.ts";
import { Waiter, WaitQueue } from "../../src/pool/wait_queue.ts";
import { FakeClock, settle } from "../helpers/fake_clock.ts";
import { fakePool, served, watch } from "../helpers/fake_pool.ts";
import { CountingSignal } from "../helpers/fake_resources.ts";

test("waiters are served in the order they came", async () => {
  const { pool } = fakePool({ poolSize: 1 });
  const holder = await pool.acquire();
  const served: number[] = [];
  for (const n of [1, 2, 3, 4]) {
    void pool.acquire().then((lease) => {
      served.push(n);
      lease.release();
    });
  }
  holder.release();
  await settle(() => served.length);
  assert.deepEqual(served, [1, 2, 3, 4]);
});

for (const leaver of [0, 1, 2]) {
  test(`when waiter ${leaver + 1} of 3 gives up, the others keep their order`, async () => {
    const { pool } = fakePool({ poolSize: 1 });
    const holder = await pool.acquire();
    const signal = new CountingSignal();
    const order: string[] = [];
    [0, 1, 2].forEach((n) => {
      const options = n === leaver ? { signal: signal.asSignal() } : {};
      pool.acquire(options).then((lease) => {
        order.push(`${n} served`);
        lease.release();
      }, () => order.push(`${n} gave up`));
    });
    signal.abort("enough");
    await settle();
    assert.equal(pool.stats.waiting, 2);
    holder.release();
    await settle(() => order.length);
    const others = [0, 1, 2].filter((n) => n !== leaver).map((n) => `${n} served`);
    assert.deepEqual(order, [`${leaver} gave up`, ...others]);
    assert.equal(pool.stats.waiting, 0);
    assert.equal(pool.stats.idle, 1);
  });
}

test("the queue takes newcomers again after it was empty", async () => {
  const { pool } = fakePool({ poolSize: 1 });
  for (let round = 0; round < 3; round++) {
    const holder = await pool.acquire();
    const waiting = watch(pool.acquire());
    holder.release();
    await settle();
    assert.equal(waiting.state, "fulfilled");
    served(waiting).release();
  }
});

test("ten thousand waiters are served without nesting as deep", async () => {
  const { pool, resources } = fakePool({ poolSize: 1, idleTimeoutMs: Infinity });
  const holder = await pool.acquire();
  const count = 10_000;
  const failed: unknown[] = [];
  for (let n = 0; n < count; n++) {
    pool.acquire({ timeoutMs: Infinity }).catch((error) => failed.push(error));
  }
  resources.plan.open = "error";
  holder.discard();
  await settle();
  assert.equal(failed.length, count);
  assert.equal(resources.calls.open, 1 + count);
});

test("more waiters than maxWaiting are refused at once", async () => {
  const { pool } = fakePool({ poolSize: 1, maxWaiting: 2 });
  await pool.acquire();
  const waiting = [watch(pool.acquire()), watch(pool.acquire())];
  const refused = watch(pool.acquire());
  await settle();
  assert.deepEqual(waiting.map(({ state }) => state), ["pending", "pending"]);
  assert.ok(refused.error instanceof PoolOverloadedError);
  assert.match(refused.error.message, /as many callers wait as may: maxWaiting is 2\./);
});

test("there is room again when a waiter was served or gave up", async () => {
  const { pool } = fakePool({ poolSize: 1, maxWaiting: 1 });
  const holder = await pool.acquire();
  const signal = new CountingSignal();
  const gaveUp = watch(pool.acquire({ signal: signal.asSignal() }));
  signal.abort("enough");
  const served = watch(pool.acquire());
  holder.release();
  const last = watch(pool.acquire());
  await settle();
  assert.deepEqual([gaveUp, served, last].map(({ state }) => state), [
    "rejected",
    "fulfilled",
    "pending",
  ]);
});

test("those for whom a slot is free do not count against maxWaiting", async () => {
  const { pool, resources } = fakePool({ poolSize: 2, maxWaiting: 0 });
  resources.plan.open = "slow";
  const opening = [watch(pool.acquire()), watch(pool.acquire())];
  const refused = watch(pool.acquire());
  await settle();
  assert.deepEqual(opening.map(({ state }) => state), ["pending", "pending"]);
  assert.ok(refused.error instanceof PoolOverloadedError);
});

test("those for whom a resource is being checked do not count against maxWaiting", async () => {
  const { pool, resources } = fakePool({ poolSize: 1, maxWaiting: 0, validateAfterIdleMs: 0 });
  (await pool.acquire()).release();
  resources.plan.validate = "slow";
  const checking = watch(pool.acquire());
  const refused = watch(pool.acquire());
  await settle();
  assert.equal(checking.state, "pending");
  assert.ok(refused.error instanceof PoolOverloadedError);
});

test("maxWaiting more may wait than there are resources being checked", async () => {
  const { pool, resources } = fakePool({ poolSize: 1, maxWaiting: 1, validateAfterIdleMs: 0 });
  (await pool.acquire()).release();
  resources.plan.validate = "slow";
  const requests = [1, 2, 3].map(() => watch(pool.acquire()));
  await settle();
  assert.deepEqual(requests.map(({ state }) => state), ["pending", "pending", "rejected"]);
});

test("a waiter accepts once, and refuses whatever comes after that", async () => {
  const waiter = new Waiter<string>(0);
  assert.equal(waiter.accept("first"), true);
  assert.equal(waiter.accept("second"), false);
  assert.equal(waiter.fail(new Error("too late")), false);
  assert.equal(waiter.waiting, false);
  assert.equal(await waiter.promise, "first");
});

test("a waiter that failed refuses what it is offered", async () => {
  const waiter = new Waiter<string>(0);
  assert.equal(waiter.fail("enough"), true);
  assert.equal(waiter.accept("too late"), false);
  assert.equal(waiter.fail("again"), false);
  await assert.rejects(waiter.promise, (error) => error === "enough");
});

test("a waiter that is served takes its listener along", () => {
  const signal = new CountingSignal();
  const waiter = new Waiter<string>(0);
  waiter.onAbort(signal.asSignal(), () => assert.fail("the wait is over"));
  assert.equal(signal.listeners, 1);
  waiter.accept("served");
  assert.equal(signal.listeners, 0);
});

/** A queue of waiters that came one after another, and what expired when. */
function queueWithDeadlines(...deadlinesMs: number[]) {
  const clock = new FakeClock();
  const expired: string[] = [];
  const queue = new WaitQueue<string>(clock, (waiter) => {
    queue.remove(waiter);
    expired.push(`${waiter.timeoutMs} at ${clock.now()}`);
  });
  for (const timeoutMs of deadlinesMs) {
    const waiter = new Waiter<string>(clock.now());
    queue.push(waiter);
    queue.limit(waiter, timeoutMs);
  }
  return { clock, queue, expired };
}

test("one timer watches over all who wait, and keeps the process alive meanwhile", async () => {
  const { clock, queue, expired } = queueWithDeadlines(50, 10, 40, Infinity, 10, 20);
  assert.equal(clock.pending, 1, "one timer");
  assert.equal(clock.keepingAlive, 1, "a deadline is work");
  await clock.advance(45);
  assert.deepEqual(expired, ["10 at 10", "10 at 10", "20 at 20", "40 at 40"]);
  await clock.advance(100);
  assert.deepEqual(expired.slice(4), ["50 at 50"]);
  assert.equal(queue.size, 1, "one waits for ever");
  assert.equal(clock.pending, 0);
});

test("the timer goes with the last who waits", async () => {
  const { clock, queue, expired } = queueWithDeadlines(10, 20);
  queue.shift();
  assert.equal(clock.pending, 1);
  queue.shift();
  assert.equal(clock.pending, 0);
  await clock.advance(100);
  assert.deepEqual(expired, []);
});

test("a deadline that outlived its waiter is none for the others", async () => {
  const { clock, queue, expired } = queueWithDeadlines(10, 30);
  queue.shift();
  await clock.advance(29);
  assert.deepEqual(expired, []);
  await clock.advance(1);
  assert.deepEqual(expired, ["30 at 30"]);
});

test("a queue that was empty watches over newcomers again", async () => {
  const { clock, queue, expired } = queueWithDeadlines(10);
  queue.shift();
  const waiter = new Waiter<string>(clock.now());
  queue.push(waiter);
  queue.limit(waiter, 30);
  await clock.advance(30);
  assert.deepEqual(expired, ["30 at 30"]);
});

test("a queue gives out its waiters in order, whoever leaves from wherever", () => {
  const queue = new WaitQueue<string>(new FakeClock(), () => {});
  const waiters = [0, 1, 2, 3, 4].map((since) => new Waiter<string>(since));
  for (const waiter of waiters) queue.push(waiter);
  for (const leaver of [2, 0, 4]) queue.remove(waiters[leaver]);
  assert.equal(queue.size, 2);
  assert.equal(queue.shift(), waiters[1]);
  assert.equal(queue.shift(), waiters[3]);
  assert.equal(queue.shift(), undefined);
  assert.equal(queue.size, 0);
});
