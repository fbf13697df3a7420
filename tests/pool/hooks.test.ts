import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { HOOK_NAMES, type PoolHooks } from "../../src/pool/hooks.ts";
import { settle } from "../helpers/fake_clock.ts";
import { acquireMany, fakePool, served, watch } from "../helpers/fake_pool.ts";

/** Hooks that write down what they are told. */
function recorder(): { events: unknown[]; hooks: PoolHooks } {
  const events: unknown[] = [];
  const hooks = Object.fromEntries(
    HOOK_NAMES.map((name) => [name, (event: object) => events.push({ name, ...event })]),
  );
  return { events, hooks };
}

/** What is written to console.error while the test runs. */
function captureErrors(t: TestContext): unknown[][] {
  const lines: unknown[][] = [];
  const original = console.error;
  console.error = (...args) => lines.push(args);
  t.after(() => {
    console.error = original;
  });
  return lines;
}

test("hooks are told of the life of a resource, in order and with times", async () => {
  const { events, hooks } = recorder();
  const { pool, clock, resources } = fakePool({ poolSize: 1, ...hooks });
  resources.plan.open = "slow";
  const first = watch(pool.acquire());
  await clock.advance(5);
  resources.oldest("open").succeed();
  await settle();
  await clock.advance(10);
  served(first).release();
  const second = await pool.acquire();
  await clock.advance(20);
  second.discard();
  assert.deepEqual(events, [
    { name: "onOpen", openMs: 5 },
    { name: "onAcquire", waitMs: 5 },
    { name: "onRelease", usedMs: 10 },
    { name: "onAcquire", waitMs: 0 },
    { name: "onRelease", usedMs: 20 },
    { name: "onDestroy", reason: "discarded", error: undefined },
  ]);
});

test("onAcquire tells how long a waiter waited", async () => {
  const waits: number[] = [];
  const { pool, clock } = fakePool({ poolSize: 1, onAcquire: ({ waitMs }) => waits.push(waitMs) });
  const holder = await pool.acquire();
  watch(pool.acquire());
  await clock.advance(30);
  holder.release();
  assert.deepEqual(waits, [0, 30]);
});

test("onDestroy tells of a close that failed", async () => {
  const errors: unknown[] = [];
  const { pool, resources } = fakePool({ onDestroy: ({ error }) => errors.push(error) });
  resources.plan.close = "error";
  (await pool.acquire()).discard();
  assert.equal((errors[0] as Error).message, "close failed");
});

test("onRelease is told of leases that are closed by force", async () => {
  const { events, hooks } = recorder();
  const { pool, clock } = fakePool(hooks);
  await pool.acquire();
  void pool.close({ timeoutMs: 10 });
  await clock.advance(10);
  assert.deepEqual(events.slice(2), [
    { name: "onRelease", usedMs: 10 },
    { name: "onDestroy", reason: "closed", error: undefined },
  ]);
});

test("a hook that throws is reported and changes nothing", async (t) => {
  const reported = captureErrors(t);
  const problem = new Error("the observer fell over");
  const throws = () => {
    throw problem;
  };
  const { pool, resources } = fakePool({
    poolSize: 1,
    ...Object.fromEntries(HOOK_NAMES.map((name) => [name, throws])),
  });
  const holder = await pool.acquire();
  const waiting = watch(pool.acquire());
  holder.release();
  await settle();
  served(waiting).discard();
  assert.equal(resources.made[0].closes, 1);
  assert.equal(pool.stats.size, 0);
  assert.equal((await pool.acquire()).active, true);
  await settle();
  const calls = ["onOpen", "onAcquire", "onRelease", "onAcquire", "onRelease", "onDestroy"];
  assert.deepEqual(
    reported.slice(0, calls.length),
    calls.map((name) => [`@sqlitepool/pool: the ${name} hook threw and was ignored:`, problem]),
  );
});

test("a hook whose promise rejects is reported too, and is no unhandled rejection", async (t) => {
  const lines = captureErrors(t);
  const problem = new Error("later");
  const { pool } = fakePool({ onAcquire: () => Promise.reject(problem) as unknown as void });
  (await pool.acquire()).release();
  await settle();
  assert.deepEqual(lines, [[
    "@sqlitepool/pool: the onAcquire hook threw and was ignored:",
    problem,
  ]]);
  await pool.close();
});

test("what a hook throws may throw again when it is printed", async (t) => {
  const printed: unknown[] = [];
  const original = console.error;
  console.error = (_text: string, problem: unknown) => printed.push(String(problem));
  t.after(() => {
    console.error = original;
  });
  const trap = {
    toString(): never {
      throw new Error("sprung");
    },
  };
  const hooks = Object.fromEntries(
    HOOK_NAMES.map((name) => [name, () => {
      throw trap;
    }]),
  );
  const { pool } = fakePool({ poolSize: 1, ...hooks });
  (await pool.acquire()).release();
  (await pool.acquire()).discard();
  await settle();
  assert.equal(pool.stats.size, 0, "no slot stays taken");
  assert.deepEqual([...new Set(printed)], ["something that cannot be printed"]);
});

test("a hook may acquire, resize and close: the pool is in order when it is called", async () => {
  const { pool, resources } = fakePool({
    poolSize: 2,
    onOpen: () => pool.resize(3),
    onRelease: () => requests.push(watch(pool.acquire())),
    onDestroy: () => void pool.close(),
  });
  const requests: { state: string }[] = [];
  const leases = await acquireMany(pool, 3);
  leases[0].release();
  await settle();
  assert.equal(pool.poolSize, 3);
  assert.deepEqual(requests.map(({ state }) => state), ["fulfilled"]);
  assert.equal(pool.stats.inUse, 3);
  leases[1].discard();
  await settle();
  assert.equal(pool.closed, true);
  assert.equal(resources.alive.length, pool.stats.inUse);
});

for (const name of HOOK_NAMES) {
  test(`${name} must be a function`, () => {
    assert.throws(() => fakePool({ [name]: "log" }), {
      name: "TypeError",
      message: `${name} must be a function; got string`,
    });
  });
}
