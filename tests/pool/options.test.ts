import assert from "node:assert/strict";
import { test } from "node:test";
import { CORE_OPTION_NAMES, type CorePoolOptions, resolveOptions } from "../../src/pool/options.ts";
import { settle } from "../helpers/fake_clock.ts";
import { fakePool, watch } from "../helpers/fake_pool.ts";

/** Values no number option takes, and how a message shows them. */
const NEVER_GOOD: readonly [value: unknown, error: string, shown: string][] = [
  [NaN, "RangeError", "NaN"],
  [-1, "RangeError", "-1"],
  [-Infinity, "RangeError", "-Infinity"],
  ["5", "TypeError", 'the string "5"'],
  ["", "TypeError", 'the string ""'],
  [null, "TypeError", "null"],
  [true, "TypeError", "true"],
  [5n, "TypeError", "5n (a bigint)"],
  [[5], "TypeError", "an array"],
  [{}, "TypeError", "an object"],
  [() => 5, "TypeError", "a function"],
];

interface Rule {
  readonly range: string;
  readonly bad: readonly number[];
  readonly good: readonly number[];
}

const count = { bad: [1.5, 0.1], good: [1, 2, 1_000] };
const MAX_TIMER_MS = 2_147_483_647;

const RULES: Readonly<Record<string, Rule>> = {
  poolSize: {
    ...count,
    range: "a whole number from 1 up",
    bad: [...count.bad, 0, Infinity, 2 ** 53],
  },
  minIdle: {
    range: "a whole number from 0 up",
    bad: [...count.bad, Infinity],
    good: [0, 1, 20],
  },
  acquisitionTimeoutMs: {
    range: "a number from 0 up, or Infinity (milliseconds)",
    bad: [-0.1],
    good: [0, 0.5, 1e12, Infinity],
  },
  idleTimeoutMs: {
    range: "a number from 0 up, or Infinity (milliseconds)",
    bad: [-0.1],
    good: [0, 0.5, 1e12, Infinity],
  },
  operationTimeoutMs: {
    range: `a number from 0 to ${MAX_TIMER_MS} (milliseconds)`,
    bad: [-0.1, MAX_TIMER_MS + 1, Infinity],
    good: [0, 0.5, MAX_TIMER_MS],
  },
  maxLifetimeMs: {
    range: "a number from 1 up, or Infinity (milliseconds)",
    bad: [0, 0.9],
    good: [1, 1.5, Infinity],
  },
  maxUses: {
    ...count,
    range: "a whole number from 1 up, or Infinity",
    bad: [...count.bad, 0],
    good: [...count.good, Infinity],
  },
  validateAfterIdleMs: {
    range: "a number from 0 up, or Infinity (milliseconds)",
    bad: [-0.1],
    good: [0, 0.5, Infinity],
  },
  maxWaiting: {
    range: "a whole number from 0 up, or Infinity",
    bad: count.bad,
    good: [0, 1, Infinity],
  },
};

const open = (options: unknown) => fakePool(options as CorePoolOptions).pool;

for (const [name, { range, bad, good }] of Object.entries(RULES)) {
  test(`${name} must be ${range}`, () => {
    const refused = [
      ...NEVER_GOOD,
      ...bad.map((value) => [value, "RangeError", String(value)] as const),
    ];
    for (const [value, error, shown] of refused) {
      const message = `${name} must be ${range}; got ${shown}`;
      assert.throws(() => open({ [name]: value }), { name: error, message });
    }
    for (const value of good) {
      const resolved: Record<string, unknown> = { ...resolveOptions({ [name]: value }) };
      assert.equal(resolved[name], value);
    }
  });
}

test("every option has a rule here", () => {
  assert.deepEqual([...CORE_OPTION_NAMES].sort(), [...Object.keys(RULES), "trackLeases"].sort());
});

test("options left out or undefined have the documented defaults", () => {
  const defaults = {
    poolSize: 20,
    minIdle: 0,
    acquisitionTimeoutMs: 30_000,
    idleTimeoutMs: 86_400_000,
    operationTimeoutMs: 10_000,
    maxLifetimeMs: Infinity,
    maxUses: Infinity,
    validateAfterIdleMs: 30_000,
    maxWaiting: Infinity,
    trackLeases: false,
  };
  assert.deepEqual(resolveOptions({}), defaults);
  const allUndefined = Object.fromEntries(Object.keys(defaults).map((name) => [name, undefined]));
  assert.deepEqual(resolveOptions(allUndefined), defaults);
});

test("minIdle may not exceed poolSize", () => {
  assert.equal(open({ poolSize: 3, minIdle: 3 }).stats.idle, 3);
  assert.throws(() => open({ poolSize: 3, minIdle: 4 }), {
    name: "RangeError",
    message: "minIdle must not exceed poolSize (3); got 4",
  });
});

test("trackLeases must be true or false", () => {
  assert.equal(resolveOptions({ trackLeases: true }).trackLeases, true);
  for (const [value, shown] of [[1, "1"], ["yes", 'the string "yes"'], [null, "null"]] as const) {
    assert.throws(() => open({ trackLeases: value }), {
      name: "TypeError",
      message: `trackLeases must be true or false; got ${shown}`,
    });
  }
});

test("a bad timeoutMs of an acquire rejects it and opens nothing", async () => {
  for (const [value, error, shown] of NEVER_GOOD) {
    const { pool, resources } = fakePool();
    const request = watch(pool.acquire({ timeoutMs: value as number }));
    await settle();
    assert.equal((request.error as Error).name, error);
    assert.equal(
      (request.error as Error).message,
      `timeoutMs must be a number from 0 up, or Infinity (milliseconds); got ${shown}`,
    );
    assert.equal(resources.started, 0);
  }
});

test("a signal that is none rejects the acquire", async () => {
  for (const [value, shown] of [[{}, "an object"], ["stop", 'the string "stop"'], [null, "null"]]) {
    const { pool, resources } = fakePool();
    const request = watch(pool.acquire({ signal: value as AbortSignal }));
    await settle();
    assert.equal((request.error as Error).name, "TypeError");
    assert.equal((request.error as Error).message, `signal must be an AbortSignal; got ${shown}`);
    assert.equal(resources.started, 0);
  }
});

test("a bad timeoutMs of a close rejects it", async () => {
  const range = `a number from 0 to ${MAX_TIMER_MS} (milliseconds)`;
  for (const [value, error, shown] of [...NEVER_GOOD, [Infinity, "RangeError", "Infinity"]]) {
    const { pool } = fakePool();
    const closing = watch(pool.close({ timeoutMs: value as number }));
    await settle();
    assert.equal((closing.error as Error).name, error);
    assert.equal((closing.error as Error).message, `timeoutMs must be ${range}; got ${shown}`);
    assert.equal(pool.closed, false);
  }
});
