/** Who is told of statements, transactions and loans: hooks and tracing channels. */

import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { channel, tracingChannel } from "node:diagnostics_channel";
import { test, type TestContext } from "node:test";
import type { PoolOptions, SQLiteConnectionPool } from "../../mod.ts";
import type { OperationContext } from "../../src/connections/observation/operation.ts";
import { openTestDatabase } from "../helpers/databases.ts";
import {
  BAD,
  CREATE,
  databaseSteps,
  failing,
  INSERT,
  ONE,
  recorder,
  RETURNING,
  SECRET,
  SELECT,
  type Step,
  type Told,
  told,
} from "../helpers/observed.ts";
import { openTestPool } from "../helpers/pools.ts";
import { openWorkerPool } from "../helpers/workers.ts";

const EXECUTIONS = ["inline", "worker", "process", "auto"] as const;

for (const execution of EXECUTIONS) {
  test(`${execution}: onStatement is told of each statement of a caller once`, async (t) => {
    const { events, options } = recorder();
    const { db } = await openTestDatabase(t, { execution, ...options });
    assert.deepEqual(events, []);
    for (const [name, [ask, ...expected]] of Object.entries(databaseSteps)) {
      events.length = 0;
      await ask(db);
      assert.deepEqual(events.map(told), expected, name);
      for (const { ms, place } of events) {
        assert.ok(ms >= 0 && ms < 60_000, `${name}: ${ms} ms`);
        if (execution !== "auto") assert.equal(place, execution, name);
      }
      assert.ok(!JSON.stringify(events).includes(SECRET), name);
    }
  });
}

test("auto: the place of a statement is where it has run", async (t) => {
  const { events, options } = recorder();
  const { db } = await openTestDatabase(t, { execution: "auto", ...options });
  while (db.stats.statements[0]?.place !== "inline") await db.get("SELECT 1");
  events.length = 0;
  await db.get("SELECT 1");
  await db.run("CREATE TABLE t (n)");
  assert.deepEqual(events.map(({ place }) => place), ["inline", "worker"]);
});

const poolSteps: Readonly<Record<string, Step<SQLiteConnectionPool>>> = {
  execute: [(pool) => pool.execute(CREATE), [CREATE, 0]],
  run: [(pool) => pool.run(RETURNING, [SECRET]), [RETURNING, 1]],
  "many at once": [
    (pool) => Promise.all([1, 2, 3].map(() => pool.get(ONE, [1]))),
    ...[1, 2, 3].map((): Told => [ONE, 1]),
  ],
  "one that fails": [(pool) => failing(pool.execute(BAD)), [BAD, 0, "SQLITE_ERROR"]],
  "a bad parameter": [
    (pool) => failing(pool.execute(ONE, [Symbol("none")] as never)),
    [ONE, 0],
  ],
  "OR FAIL, in a savepoint of its own": [
    (pool) => pool.run(INSERT.replace("INSERT", "INSERT OR FAIL"), [SECRET]),
    [INSERT.replace("INSERT", "INSERT OR FAIL"), 0],
  ],
  "a lease": [
    (pool) =>
      pool.withConnection(async (connection) => {
        await connection.begin();
        await connection.all(SELECT);
        await connection.execute("COMMIT");
      }),
    [SELECT, 2],
    ["COMMIT", 0],
  ],
  "a cursor that its lease closes": [
    (pool) =>
      pool.withConnection(async (connection) => {
        await connection.iterate(SELECT).next();
      }),
    [SELECT, 1],
  ],
  transaction: [
    (pool) =>
      pool.transaction((tx) => tx.executeScript(`${INSERT.replace("?", "'x'")}; ${SELECT}`)),
    [INSERT.replace("?", "'x'"), 0],
    [SELECT, 3],
  ],
};

for (const place of ["inline", "worker"] as const) {
  const open = (t: TestContext, options: PoolOptions): SQLiteConnectionPool =>
    (place === "inline" ? openTestPool(t, options) : openWorkerPool(t, options)).pool;

  test(`${place}: a pool tells onStatement of each statement of a caller once`, async (t) => {
    const { events, options } = recorder();
    const pool = open(t, {
      ...options,
      onConnect: async (connection) => void await connection.get("PRAGMA foreign_keys"),
    });
    for (const [name, [ask, ...expected]] of Object.entries(poolSteps)) {
      events.length = 0;
      await ask(pool);
      // Scripts that run where they drop their rows tell of none.
      const rows = events.map(told).map(([sql, count, ...code]) => [sql, count, ...code]);
      assert.deepEqual(rows, expected, name);
      assert.ok(events.every((event) => event.place === place), name);
      assert.ok(!JSON.stringify(events).includes(SECRET), name);
    }
  });

  test(`${place}: whatever a hook does, the statement has its outcome`, async (t) => {
    const { error } = console;
    const lines: unknown[] = [];
    console.error = (line: unknown) => lines.push(line);
    t.after(() => void (console.error = error));
    let again: Promise<unknown> | undefined;
    const behaviours: Readonly<Record<string, () => unknown>> = {
      throws() {
        throw new Error("from the hook");
      },
      rejects: () => Promise.reject(new Error("from the hook")),
      "never settles": () => new Promise(() => {}),
      "calls back": () => again = pool.get("SELECT 2 AS two"),
      closes: () => pool.close({ timeoutMs: 0 }),
    };
    const pool = open(t, {
      onStatement: ({ sql }) => behaviours[/'(.*)'/.exec(sql)?.[1] ?? ""]?.() as void,
    });
    for (const what of Object.keys(behaviours)) {
      assert.deepEqual(await pool.get(`SELECT '${what}' AS what`), { what });
    }
    assert.deepEqual(await again, { two: 2 });
    assert.equal(lines.length, 2);
    assert.ok(String(lines[0]).includes("onStatement"));
  });
}

test("statements that take slowStatementMs are reported to onWarning, without parameters", async (t) => {
  const messages: string[] = [];
  const onWarning = ({ kind, message }: { kind: string; message: string }): void => {
    assert.equal(kind, "slow statement");
    messages.push(message);
  };
  const { pool } = openTestPool(t, { name: "orders", slowStatementMs: 0, onWarning });
  await pool.get("SELECT ? AS a", [SECRET]);
  await pool.get(`SELECT 1 AS ${"x".repeat(10_000)}`);
  assert.equal(messages.length, 2);
  assert.match(messages[0], /^A statement of "orders" took \d+ ms, and slowStatementMs is 0\./);
  assert.ok(messages[0].endsWith(": SELECT ? AS a"));
  assert.ok(messages[1].length < 1_000);
  const { pool: patient } = openTestPool(t, { slowStatementMs: Infinity, onWarning });
  await patient.get("SELECT 1");
  assert.equal(messages.length, 2);
  const { db, warnings } = await openTestDatabase(t, { slowStatementMs: 0 });
  await db.get("SELECT 1");
  assert.deepEqual(warnings, ["slow statement"]);
});

test("without onWarning a slow statement is shown on the console", async (t) => {
  const { warn } = console;
  const lines: string[] = [];
  console.warn = (line: string) => lines.push(line);
  t.after(() => void (console.warn = warn));
  const { pool } = openTestPool(t, { slowStatementMs: 0 });
  await pool.get("SELECT 1");
  assert.equal(lines.length, 1);
  assert.match(lines[0], /^@sqlitepool\/pool: A statement took \d+ ms/);
});

test("errors have the name of their pool or database", async (t) => {
  const { pool } = openTestPool(t, { name: "orders", poolSize: 1, maxWaiting: 1 });
  const held = await pool.connection();
  const late = assert.rejects(pool.get("SELECT 1", [], { timeoutMs: 200 }), {
    message: /^"orders": No connection became free within 200 ms/,
  });
  await assert.rejects(pool.get("SELECT 1"), { message: /^"orders": No connection is free/ });
  await late;
  await held.release();
  await pool.close();
  await assert.rejects(pool.get("SELECT 1"), { message: /^"orders": The pool is closed/ });
  const { db } = await openTestDatabase(t, { name: "app" });
  await db.close();
  await assert.rejects(db.get("SELECT 1"), { message: /^"app": The database is closed/ });
});

/** A message of a tracing channel: which of the five, and what it had then. */
type Message = readonly [event: string, sql: string | undefined, rows: number | undefined];

/**
 * Writes down what a tracing channel is told, until the test ends: of a pool of this name, if there
 * is one, as those of earlier tests may still be closing.
 */
function listen(
  t: TestContext,
  name: string,
  pool?: string,
): { messages: Message[]; contexts: object[] } {
  const messages: Message[] = [];
  const contexts: object[] = [];
  const events = ["start", "end", "asyncStart", "asyncEnd", "error"] as const;
  const subscribers = Object.fromEntries(events.map((event) => [event, (message: unknown) => {
    const { sql, rows, name } = message as OperationContext;
    if (pool !== undefined && name !== pool) return;
    if (event === "start") contexts.push(message as object);
    messages.push([event, sql, rows]);
  }])) as unknown as Parameters<ReturnType<typeof tracingChannel>["subscribe"]>[0];
  const tracing = tracingChannel(name);
  tracing.subscribe(subscribers);
  t.after(() => void tracing.unsubscribe(subscribers));
  return { messages, contexts };
}

/** What is published of one operation. */
const whole = (sql: string | undefined, rows: number | undefined): Message[] => [
  ["start", sql, undefined],
  ["end", sql, undefined],
  ["asyncStart", sql, rows],
  ["asyncEnd", sql, rows],
];

for (const execution of EXECUTIONS) {
  test(`${execution}: sqlitepool:query publishes statements, and never parameters`, async (t) => {
    const { db } = await openTestDatabase(t, { execution, name: "app" });
    await db.run("SELECT 1");
    const { messages, contexts } = listen(t, "sqlitepool:query");
    for (const [name, [ask, ...expected]] of Object.entries(databaseSteps)) {
      messages.length = contexts.length = 0;
      await ask(db);
      const ends = messages.filter(([event]) => event === "asyncEnd");
      assert.deepEqual(ends.map(([, sql]) => sql), expected.map(([sql]) => sql), name);
      assert.equal(
        messages.filter(([event]) => event === "error").length,
        expected.filter(([, , code]) => code !== undefined).length,
        name,
      );
      assert.ok(!JSON.stringify(contexts).includes(SECRET), name);
    }
    messages.length = contexts.length = 0;
    await db.get("SELECT name FROM t WHERE id = ?", [1]);
    assert.deepEqual(messages, whole(ONE, 1));
    assert.deepEqual(contexts, [
      {
        sql: ONE,
        name: "app",
        role: "reader",
        place: execution === "auto" ? "worker" : execution,
        rows: 1,
      },
    ]);
    await db.run("DELETE FROM t");
    assert.equal((contexts[1] as OperationContext).role, "writer");
  });
}

test("sqlitepool:transaction publishes transactions, batches, savepoints and snapshots", async (t) => {
  const { db } = await openTestDatabase(t);
  await db.run(CREATE);
  const { messages } = listen(t, "sqlitepool:transaction");
  const begun = async (call: () => Promise<unknown>): Promise<unknown[]> => {
    messages.length = 0;
    await call().catch(() => {});
    const errors = messages.filter(([event]) => event === "error").length;
    const ends = messages.filter(([event]) => event === "asyncEnd").map(([, sql]) => sql);
    return [ends, errors];
  };
  const fails = async (): Promise<never> => {
    throw new Error("no");
  };
  assert.deepEqual(await begun(() => db.write((tx) => tx.get("SELECT 1"))), [
    ["BEGIN IMMEDIATE"],
    0,
  ]);
  assert.deepEqual(await begun(() => db.write(fails)), [["BEGIN IMMEDIATE"], 1]);
  assert.deepEqual(await begun(() => db.read((tx) => tx.get("SELECT 1"))), [["BEGIN DEFERRED"], 0]);
  assert.deepEqual(await begun(() => db.batch([{ sql: "SELECT 1" }])), [["BEGIN IMMEDIATE"], 0]);
  assert.deepEqual(
    await begun(() => db.write((tx) => tx.transaction(fails).catch(() => {}))),
    [["SAVEPOINT", "BEGIN IMMEDIATE"], 1],
  );
  assert.deepEqual(await begun(() => db.run(INSERT, ["x"])), [[], 0]);
});

for (const place of ["inline", "worker"] as const) {
  test(`${place}: sqlitepool:pool:acquire and sqlitepool:pool:release publish what stats counts`, async (t) => {
    const { pool } = place === "inline"
      ? openTestPool(t, { name: "p", poolSize: 1 })
      : openWorkerPool(t, { name: "p", poolSize: 1 });
    const { messages, contexts } = listen(t, "sqlitepool:pool:acquire", "p");
    const releases: unknown[] = [];
    const onRelease = (message: unknown): void => {
      if ((message as OperationContext).name === "p") releases.push(message);
    };
    const released = channel("sqlitepool:pool:release");
    released.subscribe(onRelease);
    t.after(() => void released.unsubscribe(onRelease));
    await Promise.all([pool.get("SELECT 1"), pool.get("SELECT 1")]);
    const held = await pool.connection();
    await assert.rejects(pool.connection({ timeoutMs: 1 }));
    await held.release();
    const count = (event: string): number => messages.filter(([name]) => name === event).length;
    const { acquired, timeouts } = pool.stats;
    assert.equal(timeouts, 1);
    assert.equal(count("error"), timeouts);
    for (const event of ["start", "end", "asyncStart", "asyncEnd"]) {
      assert.equal(count(event), acquired + timeouts, event);
    }
    assert.equal(releases.length, acquired);
    const context = { sql: undefined, name: "p", role: undefined, place, rows: undefined };
    assert.deepEqual(contexts[0], context);
    assert.deepEqual(releases[0], context);
  });
}

/** The types of Node want a store to hold messages. */
interface Bindable {
  bindStore(store: AsyncLocalStorage<string>, transform: () => string): void;
  unbindStore(store: AsyncLocalStorage<string>): void;
}

for (const execution of EXECUTIONS) {
  test(`${execution}: subscribers run in the async context of the caller, and may add to it`, async (t) => {
    const caller = new AsyncLocalStorage<string>();
    const span = new AsyncLocalStorage<string>();
    const { db } = await openTestDatabase(t, { execution });
    await db.run(CREATE);
    const tracing = tracingChannel("sqlitepool:query");
    const callers: (string | undefined)[] = [];
    const onStart = (): void => void callers.push(caller.getStore());
    const start = tracing.start as unknown as Bindable;
    start.bindStore(span, () => `in ${caller.getStore()}`);
    tracing.start.subscribe(onStart);
    t.after(() => {
      start.unbindStore(span);
      tracing.start.unsubscribe(onStart);
    });
    // The two share a commit.
    const write = (name: string): Promise<unknown> =>
      caller.run(name, () => db.run(INSERT, [name]));
    await Promise.all([write("first"), write("second")]);
    const spans: (string | undefined)[] = [span.getStore()];
    // Made while the statement runs.
    const rowFactory = (): void => void spans.push(span.getStore());
    await caller.run("third", () => db.get(SELECT, [], { rowFactory }));
    spans.push(span.getStore());
    await caller.run("fourth", () => db.iterate(SELECT).next());
    assert.deepEqual(callers, ["first", "second", "third", "fourth"]);
    assert.deepEqual(spans, [undefined, "in third", undefined]);
  });
}

test("nothing is published on the channels of operations that nobody subscribes to", async (t) => {
  const { db } = await openTestDatabase(t);
  const { messages } = listen(t, "sqlitepool:transaction");
  await db.get("SELECT 1");
  assert.deepEqual(messages, []);
});
