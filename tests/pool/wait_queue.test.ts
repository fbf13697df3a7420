import assert from "node:assert/strict";
import { test } from "node:test";
import { PoolOverloadedError } from "../../src/pool/errors.ts";
import { type Waiter, WaitQueue, type WaitQueueOptions } from "../../src/pool/wait_queue.ts";
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
  assert.match(refused.error.message, /maxWaiting \(2\) callers are already waiting\./);
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

/** A queue on a clock that a test moves, with what it counts and whom it told to give up. */
function testQueue(options: Partial<WaitQueueOptions<string, string>> = {}) {
  const clock = new FakeClock();
  const counters = { queued: 0, waitMs: 0, timeouts: 0, aborts: 0 };
  const onExpire = ({ details }: Waiter<string, string>): unknown => `${details} timed out`;
  const queue = new WaitQueue<string, string>(clock, { counters, onExpire, ...options });
  const outcomes: string[] = [];
  const wait = (timeoutMs: number, signal?: CountingSignal, name = String(timeoutMs)) => {
    const waiter = queue.wait({ timeoutMs, signal: signal?.asSignal() }, name);
    const note = (outcome: unknown): unknown => outcomes.push(`${outcome} at ${clock.now()}`);
    waiter.promise.then(note, note);
    return waiter;
  };
  return { clock, counters, queue, wait, outcomes };
}

test("a waiter accepts once, and refuses whatever comes after that", async () => {
  const waiter = testQueue().wait(Infinity);
  assert.equal(waiter.accept("first"), true);
  assert.equal(waiter.accept("second"), false);
  assert.equal(waiter.fail(new Error("too late")), false);
  assert.deepEqual([waiter.waiting, waiter.settled], [false, true]);
  assert.equal(await waiter.promise, "first");
});

test("a waiter that failed refuses what it is offered", async () => {
  const waiter = testQueue().wait(Infinity);
  assert.equal(waiter.fail("enough"), true);
  assert.equal(waiter.accept("too late"), false);
  assert.equal(waiter.fail("again"), false);
  await assert.rejects(waiter.promise, (error) => error === "enough");
});

test("a waiter leaves the queue however its wait ends, and takes its listener along", async () => {
  const ends: Record<string, (waiter: Waiter<string, string>) => unknown> = {
    accept: (waiter) => waiter.accept("served"),
    fail: (waiter) => waiter.fail("failed"),
    take: (waiter) => waiter.take(),
  };
  for (const [how, end] of Object.entries(ends)) {
    const { clock, queue, wait } = testQueue();
    const signal = new CountingSignal();
    const waiter = wait(50, signal);
    assert.deepEqual([queue.size, signal.listeners, clock.pending], [1, 1, 1], how);
    end(waiter);
    assert.deepEqual([queue.size, signal.listeners, clock.pending], [0, 0, 0], how);
    assert.equal(waiter.waiting, false, how);
    assert.equal(queue.first, undefined, how);
  }
});

test("a caller whose work has begun is beyond deadline and signal, and still gets its outcome", async () => {
  const { clock, counters, wait } = testQueue();
  const signal = new CountingSignal();
  const waiter = wait(50, signal);
  await clock.advance(10);
  assert.equal(waiter.take(), true);
  assert.equal(waiter.take(), false);
  signal.abort("too late");
  await clock.advance(100);
  assert.deepEqual([waiter.waiting, waiter.settled], [false, false]);
  assert.equal(waiter.accept("done"), true);
  assert.equal(await waiter.promise, "done");
  assert.deepEqual(counters, { queued: 1, waitMs: 10, timeouts: 0, aborts: 0 });
});

test("every end of a wait is counted once", async () => {
  const { clock, counters, queue, wait } = testQueue();
  const signal = new CountingSignal();
  wait(20);
  wait(Infinity, signal);
  const served = wait(Infinity);
  await clock.advance(30);
  signal.abort("enough");
  served.accept("served");
  assert.deepEqual(counters, { queued: 3, waitMs: 30, timeouts: 1, aborts: 1 });
  wait(10, signal);
  assert.equal(counters.aborts, 2, "aborted before it came");
  assert.deepEqual([counters.queued, queue.size], [3, 0]);
});

test("a caller that is served by what it starts has not waited", async () => {
  const { clock, counters, queue } = testQueue();
  const waiter = queue.wait({ timeoutMs: 50 }, "at once", () => queue.first!.accept("served"));
  assert.equal(await waiter.promise, "served");
  assert.equal(counters.queued, 0);
  assert.equal(clock.pending, 0);
});

test("more waiters than maxWaiting are refused, but for those about to be served", async () => {
  let aboutToBeServed = 0;
  const options = { maxWaiting: 1, aboutToBeServed: () => aboutToBeServed };
  const { counters, queue, wait } = testQueue(options);
  wait(Infinity);
  await assert.rejects(wait(Infinity).promise, PoolOverloadedError);
  aboutToBeServed = 1;
  assert.equal(wait(Infinity).waiting, true);
  await assert.rejects(wait(Infinity).promise, PoolOverloadedError);
  assert.deepEqual([queue.size, counters.queued], [2, 2]);
});

test("an aborted caller fails with the reason, or with what the queue makes of it", async () => {
  for (const onAbort of [undefined, (_: unknown, reason: unknown) => `gave up: ${reason}`]) {
    const { outcomes, wait } = testQueue(onAbort && { onAbort });
    const signal = new CountingSignal();
    wait(Infinity, signal);
    signal.abort("enough");
    wait(Infinity, signal);
    await settle(() => outcomes.length);
    const expected = onAbort === undefined ? "enough at 0" : "gave up: enough at 0";
    assert.deepEqual(outcomes, [expected, expected]);
  }
});

test("a wording that throws is the outcome of its waiter, and of no other", async () => {
  const { clock, counters, outcomes, queue, wait } = testQueue({
    onExpire({ details }) {
      if (details === "20") throw "no words";
      return `${details} timed out`;
    },
  });
  for (const timeoutMs of [10, 20, 20, 15, 40]) wait(timeoutMs);
  await clock.advance(20);
  await settle(() => outcomes.length);
  assert.deepEqual(outcomes.sort(), [
    "10 timed out at 10",
    "15 timed out at 15",
    "no words at 20",
    "no words at 20",
  ]);
  await clock.advance(20);
  assert.equal(outcomes.at(-1), "40 timed out at 40");
  assert.deepEqual([counters.timeouts, queue.size], [5, 0]);
});

test("a wording that ends other waits does not stop the sweep", async () => {
  const { clock, outcomes, queue, wait } = testQueue({
    onExpire({ details }) {
      if (details === "first") queue.first!.next!.fail("ended by the first");
      return `${details} timed out`;
    },
  });
  for (const name of ["first", "second", "third"]) wait(10, undefined, name);
  await clock.advance(10);
  await settle(() => outcomes.length);
  assert.deepEqual(outcomes.sort(), [
    "ended by the first at 10",
    "first timed out at 10",
    "third timed out at 10",
  ]);
});

for (const broken of ["addEventListener", "removeEventListener"] as const) {
  test(`a signal whose ${broken} throws harms nobody but its caller`, async () => {
    const { clock, outcomes, queue, wait } = testQueue();
    const signal = new CountingSignal();
    signal[broken] = () => {
      throw new Error("not mine");
    };
    wait(10, signal);
    wait(10, undefined, "other");
    await settle();
    await clock.advance(10);
    await settle(() => outcomes.length);
    const own = broken === "addEventListener" ? "Error: not mine at 0" : "10 timed out at 10";
    assert.deepEqual(outcomes, [own, "other timed out at 10"]);
    assert.equal(queue.size, 0);
  });
}

test("one timer watches over all who wait, and keeps the process alive meanwhile", async () => {
  const { clock, outcomes, queue, wait } = testQueue();
  for (const timeoutMs of [50, 10, 40, Infinity, 10, 20]) wait(timeoutMs);
  assert.equal(clock.pending, 1, "one timer");
  assert.equal(clock.keepingAlive, 1, "a deadline is work");
  await clock.advance(45);
  await settle(() => outcomes.length);
  assert.deepEqual(outcomes, [
    "10 timed out at 10",
    "10 timed out at 10",
    "20 timed out at 20",
    "40 timed out at 40",
  ]);
  await clock.advance(100);
  await settle(() => outcomes.length);
  assert.deepEqual(outcomes.slice(4), ["50 timed out at 50"]);
  assert.equal(queue.size, 1, "one waits for ever");
  assert.equal(clock.pending, 0);
});

test("the timer goes with the last who waits", async () => {
  const { clock, outcomes, queue, wait } = testQueue();
  for (const timeoutMs of [10, 20]) wait(timeoutMs);
  queue.first!.accept("served");
  assert.equal(clock.pending, 1);
  queue.first!.accept("served");
  assert.equal(clock.pending, 0);
  await settle();
  await clock.advance(100);
  assert.deepEqual(outcomes, ["served at 0", "served at 0"]);
});

test("a deadline that outlived its waiter is none for the others", async () => {
  const { clock, outcomes, queue, wait } = testQueue();
  for (const timeoutMs of [10, 30]) wait(timeoutMs);
  queue.first!.accept("served");
  await settle();
  await clock.advance(29);
  assert.deepEqual(outcomes, ["served at 0"]);
  await clock.advance(1);
  await settle(() => outcomes.length);
  assert.deepEqual(outcomes.slice(1), ["30 timed out at 30"]);
});

test("a queue that was empty watches over newcomers again", async () => {
  const { clock, outcomes, queue, wait } = testQueue();
  wait(10);
  queue.first!.accept("served");
  await settle();
  wait(30);
  await clock.advance(30);
  await settle(() => outcomes.length);
  assert.deepEqual(outcomes, ["served at 0", "30 timed out at 30"]);
});

test("a queue gives out its waiters in order, whoever leaves from wherever", () => {
  const { queue, wait } = testQueue();
  const waiters = [0, 1, 2, 3, 4].map(() => wait(Infinity));
  for (const leaver of [2, 0, 4]) waiters[leaver].fail("enough");
  assert.equal(queue.size, 2);
  for (const expected of [1, 3]) {
    assert.equal(queue.first, waiters[expected]);
    queue.first!.take();
  }
  assert.equal(queue.first, undefined);
  assert.equal(queue.size, 0);
});

test("all waits can be ended at once, each with an error of its own", async () => {
  const { outcomes, queue, wait } = testQueue();
  for (let i = 0; i < 3; i++) wait(Infinity);
  let errors = 0;
  queue.failAll(() => `over ${errors += 1}`);
  await settle(() => outcomes.length);
  assert.deepEqual(outcomes, ["over 1 at 0", "over 2 at 0", "over 3 at 0"]);
  assert.equal(queue.size, 0);
});
