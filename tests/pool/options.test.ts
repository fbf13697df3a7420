import assert from "node:assert/strict";
import { test } from "node:test";
import { refuseUnknownOptions } from "../../src/pool/option_names.ts";
import {
  checkCallOptions,
  type CloseOptions,
  CORE_OPTION_NAMES,
  type CorePoolOptions,
  resolveOptions,
  WAIT_OPTION_NAMES,
} from "../../src/pool/options.ts";
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
    range: "a whole number of at least 1",
    bad: [...count.bad, 0, Infinity, 2 ** 53],
  },
  minIdle: {
    range: "a whole number of at least 0",
    bad: [...count.bad, Infinity],
    good: [0, 1, 20],
  },
  acquisitionTimeoutMs: {
    range: "a number of at least 0, or Infinity (milliseconds)",
    bad: [-0.1],
    good: [0, 0.5, 1e12, Infinity],
  },
  idleTimeoutMs: {
    range: "a number of at least 0, or Infinity (milliseconds)",
    bad: [-0.1],
    good: [0, 0.5, 1e12, Infinity],
  },
  operationTimeoutMs: {
    range: `a number from 0 to ${MAX_TIMER_MS} (milliseconds)`,
    bad: [-0.1, MAX_TIMER_MS + 1, Infinity],
    good: [0, 0.5, MAX_TIMER_MS],
  },
  maxLifetimeMs: {
    range: "a number of at least 1, or Infinity (milliseconds)",
    bad: [0, 0.9],
    good: [1, 1.5, Infinity],
  },
  maxUses: {
    ...count,
    range: "a whole number of at least 1, or Infinity",
    bad: [...count.bad, 0],
    good: [...count.good, Infinity],
  },
  validateAfterIdleMs: {
    range: "a number of at least 0, or Infinity (milliseconds)",
    bad: [-0.1],
    good: [0, 0.5, Infinity],
  },
  maxWaiting: {
    range: "a whole number of at least 0, or Infinity",
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
  const names = [...Object.keys(RULES), "trackLeases", "name"];
  assert.deepEqual([...CORE_OPTION_NAMES].sort(), names.sort());
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
    name: undefined,
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
      `timeoutMs must be a number of at least 0, or Infinity (milliseconds); got ${shown}`,
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

test("an AbortController in place of its signal is told which property to pass", async () => {
  const { pool, resources } = fakePool();
  const signal = new AbortController() as unknown as AbortSignal;
  const request = watch(pool.acquire({ signal }));
  await settle();
  const message = "signal must be an AbortSignal; got an AbortController. Pass controller.signal.";
  assert.equal((request.error as Error).message, message);
  assert.equal(resources.started, 0);
});

const CALL_OPTIONS = [...WAIT_OPTION_NAMES, "rowFactory"];

test("the options of a call may be left out, empty or undefined", () => {
  const { signal } = new AbortController();
  for (const options of [undefined, {}, { signal: undefined, timeoutMs: undefined }]) {
    assert.doesNotThrow(() => checkCallOptions(options, CALL_OPTIONS));
  }
  for (const options of [{ signal }, { timeoutMs: Infinity }, { rowFactory: () => 1 }]) {
    assert.doesNotThrow(() => checkCallOptions(options, CALL_OPTIONS));
  }
});

const BAD_CALL_OPTIONS: readonly [options: unknown, error: string, message: RegExp][] = [
  [null, "TypeError", /^The options of a call must be an object; got null$/],
  [500, "TypeError", /must be an object; got 500$/],
  [{ timeoutMs: -1 }, "RangeError", /^timeoutMs must be a number of at least 0, .*; got -1$/],
  [{ signal: "stop" }, "TypeError", /^signal must be an AbortSignal; got the string "stop"$/],
  [{ signal: new EventTarget() }, "TypeError", /got an EventTarget$/],
  [{ timeout: 5 }, "TypeError", /"timeout"\. Did you mean timeoutMs\? It is in milliseconds\.$/],
  [{ statement_timeout: 5 }, "TypeError", /Did you mean timeoutMs\?/],
  [{ timeout: undefined }, "TypeError", /^Unknown option "timeout"/],
  [{ mode: "deferred" }, "TypeError", /The options are signal, timeoutMs, rowFactory\.$/],
];

test("the options of a call are checked by name and by value", () => {
  for (const [options, name, message] of BAD_CALL_OPTIONS) {
    assert.throws(() => checkCallOptions(options, CALL_OPTIONS), { name, message });
  }
});

test("what somebody adds to the prototype of all objects is no option", () => {
  const prototype = Object.prototype as unknown as Record<string, unknown>;
  prototype.addedByOthers = true;
  try {
    assert.doesNotThrow(() => checkCallOptions({}, CALL_OPTIONS));
  } finally {
    delete prototype.addedByOthers;
  }
});

const POOL_NAMES = [...CORE_OPTION_NAMES, "busyTimeoutMs", "intMode"];
const DATABASE_NAMES = ["readers", "acquisitionTimeoutMs", "busyTimeoutMs", "queryTimeoutMs"];

const MEANT: readonly [known: readonly string[], name: string, meant: string][] = [
  [POOL_NAMES, "max", "poolSize"],
  [POOL_NAMES, "min", "minIdle"],
  [POOL_NAMES, "connectionTimeoutMillis", "acquisitionTimeoutMs"],
  [POOL_NAMES, "idleTimeoutMillis", "idleTimeoutMs"],
  [POOL_NAMES, "acquireTimeoutMillis", "acquisitionTimeoutMs"],
  [POOL_NAMES, "createTimeoutMillis", "operationTimeoutMs"],
  [POOL_NAMES, "max_lifetime", "maxLifetimeMs"],
  [POOL_NAMES, "maxLifetimeSeconds", "maxLifetimeMs"],
  [POOL_NAMES, "maxWaitingClients", "maxWaiting"],
  [POOL_NAMES, "timeout", "acquisitionTimeoutMs or busyTimeoutMs"],
  [POOL_NAMES, "safeIntegers", "intMode"],
  [DATABASE_NAMES, "poolSize", "readers"],
  [DATABASE_NAMES, "max", "readers"],
  [DATABASE_NAMES, "statement_timeout", "queryTimeoutMs"],
  [["sql", "params"], "args", "params"],
];

test("options by the names that other libraries give them are told the name here", () => {
  for (const [known, name, meant] of MEANT) {
    const unit = meant.endsWith("Ms") ? " It is in milliseconds." : "";
    const message = `Unknown option "${name}". Did you mean ${meant}?${unit}`;
    assert.throws(() => refuseUnknownOptions({ [name]: 1 }, known), { name: "TypeError", message });
  }
});

test("close takes its deadline by name", async () => {
  const { pool } = fakePool();
  const closing = watch(pool.close({ timeout: 5 } as CloseOptions));
  await settle();
  assert.match(
    (closing.error as Error).message,
    /^Unknown option "timeout". Did you mean timeoutMs/,
  );
  assert.equal(pool.closed, false);
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
