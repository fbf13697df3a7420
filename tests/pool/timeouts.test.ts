import assert from "node:assert/strict";
import { test } from "node:test";
import { PoolConnectionAcquireTimeoutError } from "../../src/pool/errors.ts";
import { settle } from "../helpers/fake_clock.ts";
import { acquireMany, fakePool, watch } from "../helpers/fake_pool.ts";
import { CountingSignal, PlannedFailure } from "../helpers/fake_resources.ts";

test("an acquire gives up after acquisitionTimeoutMs, and not before", async () => {
  const { pool, clock } = fakePool({ poolSize: 1, acquisitionTimeoutMs: 100 });
  await pool.acquire();
  const waiting = watch(pool.acquire());
  await clock.advance(99);
  assert.equal(waiting.state, "pending");
  await clock.advance(1);
  assert.ok(waiting.error instanceof PoolConnectionAcquireTimeoutError);
  assert.equal(pool.stats.waiting, 0);
  assert.equal(pool.stats.timeouts, 1);
});

test("timeoutMs of the call takes the place of acquisitionTimeoutMs", async () => {
  const { pool, clock } = fakePool({ poolSize: 1, acquisitionTimeoutMs: 100 });
  await pool.acquire();
  const hasty = watch(pool.acquire({ timeoutMs: 0 }));
  const patient = watch(pool.acquire({ timeoutMs: 1_000 }));
  await clock.advance(0);
  assert.ok(hasty.error instanceof PoolConnectionAcquireTimeoutError);
  await clock.advance(999);
  assert.equal(patient.state, "pending");
  await clock.advance(1);
  assert.equal(patient.state, "rejected");
});

test("timeoutMs: 0 still takes what can be had at once", async () => {
  const { pool } = fakePool({ poolSize: 1 });
  (await pool.acquire({ timeoutMs: 0 })).release();
  assert.equal((await pool.acquire({ timeoutMs: 0 })).active, true);
});

test("timeoutMs: Infinity waits without a timer", async () => {
  const { pool, clock } = fakePool({ poolSize: 1 });
  const holder = await pool.acquire();
  const waiting = watch(pool.acquire({ timeoutMs: Infinity }));
  assert.equal(clock.pending, 0);
  await clock.advance(10 * 365 * 86_400_000);
  holder.release();
  await settle();
  assert.equal(waiting.state, "fulfilled");
});

test("a timeout leaves no timer and no listener", async () => {
  const { pool, clock } = fakePool({ poolSize: 1 });
  await pool.acquire();
  const signal = new CountingSignal();
  const waiting = watch(pool.acquire({ signal: signal.asSignal(), timeoutMs: 10 }));
  assert.equal(signal.listeners, 1);
  await clock.advance(10);
  assert.equal(waiting.state, "rejected");
  assert.equal(signal.listeners, 0);
  assert.equal(clock.pending, 0);
});

test("an abort after the timeout changes nothing", async () => {
  const { pool, clock } = fakePool({ poolSize: 1 });
  await pool.acquire();
  const signal = new CountingSignal();
  const waiting = watch(pool.acquire({ signal: signal.asSignal(), timeoutMs: 10 }));
  await clock.advance(10);
  signal.abort("too late");
  await settle();
  assert.ok(waiting.error instanceof PoolConnectionAcquireTimeoutError);
  assert.equal(pool.stats.aborts, 0);
});

test("the timeout error tells the state of the pool and what to do", async () => {
  const { pool, clock, resources } = fakePool({ poolSize: 3 });
  await acquireMany(pool, 2);
  resources.plan.open = "slow";
  const requests = [1, 2].map(() => watch(pool.acquire({ timeoutMs: 25 })));
  await clock.advance(25);
  const { message } = requests[0].error as Error;
  assert.match(message, /^No connection became free within 25 ms: /);
  assert.match(message, /poolSize 3, size 3, idle 0, in use 2, opening 1, waiting 2\./);
  assert.match(message, /Release every connection .* raise poolSize/);
});

test("the timeout error tells who holds a connection for longest, three at most", async () => {
  const { pool, clock } = fakePool({ poolSize: 4 });
  const early = await acquireMany(pool, 2);
  for (const pauseMs of [40, 30, 20, 10]) {
    early.pop()?.release();
    await pool.acquire();
    await clock.advance(pauseMs);
  }
  const waiting = watch(pool.acquire({ timeoutMs: 5 }));
  await clock.advance(5);
  assert.match((waiting.error as Error).message, /Longest held: 105 ms, 65 ms, 35 ms\. /);
});

test("with trackLeases the timeout error names the place that holds a connection", async () => {
  const { pool, clock } = fakePool({ poolSize: 1, trackLeases: true });
  async function theHolder() {
    await pool.acquire();
  }
  await theHolder();
  const waiting = watch(pool.acquire({ timeoutMs: 5 }));
  await clock.advance(5);
  assert.match((waiting.error as Error).message, /Longest held: 5 ms \([^]*theHolder/);
});

test("trackLeases remembers who acquired, not who made room for them", async () => {
  const { pool, clock } = fakePool({ poolSize: 1, trackLeases: true });
  const first = await pool.acquire();
  async function theAcquirer() {
    await pool.acquire();
  }
  function theReleaser() {
    first.release();
  }
  const second = theAcquirer();
  theReleaser();
  await second;
  const waiting = watch(pool.acquire({ timeoutMs: 5 }));
  await clock.advance(5);
  const { message } = waiting.error as Error;
  assert.match(message, /theAcquirer/);
  assert.doesNotMatch(message, /theReleaser/);
});

test("the cause of a timeout is the last failure to open, if nothing was opened since", async () => {
  const { pool, clock, resources } = fakePool({ poolSize: 2 });
  await pool.acquire();
  resources.plan.open = "error";
  await settle();
  assert.equal(watch(pool.acquire()).state, "pending");
  resources.plan.open = "never";
  const unlucky = watch(pool.acquire({ timeoutMs: 5 }));
  await clock.advance(5);
  assert.ok((unlucky.error as Error).cause instanceof PlannedFailure);

  resources.pending[0].succeed();
  await settle();
  await pool.acquire();
  const later = watch(pool.acquire({ timeoutMs: 5 }));
  await clock.advance(5);
  assert.ok(later.error instanceof PoolConnectionAcquireTimeoutError);
  assert.equal(later.error.cause, undefined);
});
