// Reads that meet share a transaction, and nobody can tell: each sees what had been committed when
// it was called, fails alone, and has its own parameters, rows, context and limits.
import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import process from "node:process";
import { test, type TestContext } from "node:test";

import fc from "fast-check";

import { PoolClosedError, type PoolOptions, SQLiteConnectionPool, SQLiteError } from "../../mod.ts";
import { nativeDriver, type NativeHandle } from "../helpers/drivers.ts";
import { openTestDatabase } from "../helpers/databases.ts";
import { databasePath, syncDrivers } from "../helpers/sync_connections.ts";

const driver = syncDrivers.find(({ name }) => name === nativeDriver.name)!;
const COUNT = "SELECT count(*) FROM t";
const SLOW = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 20000) " +
  "SELECT count(*) FROM c";

interface Scene {
  readonly pool: SQLiteConnectionPool;
  /** The statements that SQLite was given. */
  readonly log: string[];
  /** Somebody else's connection to the same file. */
  readonly other: NativeHandle;
  /** Those of the pool. */
  readonly handles: NativeHandle[];
}

async function open(
  t: TestContext,
  options: PoolOptions = { poolSize: 1 },
  journal = "WAL",
): Promise<Scene> {
  const path = databasePath(t);
  const log: string[] = [];
  const other = nativeDriver.open(path);
  t.after(() => other.close());
  other.exec(`PRAGMA journal_mode = ${journal}`);
  other.exec("CREATE TABLE t (n)");
  const handles: NativeHandle[] = [];
  const pool = new SQLiteConnectionPool(() => {
    const connection = driver.open(t, { onTiming: (sql) => log.push(sql) }, path);
    handles.push(connection.raw as NativeHandle);
    return connection;
  }, options);
  t.after(() => pool.close({ timeoutMs: 0 }));
  // The pool learns that its connections are synchronous, and expects company.
  await pool.value(COUNT);
  await Promise.all(Array.from({ length: 20 }, () => pool.value(COUNT)));
  // Else the next reads might have to let the event loop run first.
  await new Promise((resolve) => setImmediate(resolve));
  log.length = 0;
  return { pool, log, other, handles };
}

test("reads that are called together run in their order in one transaction, on one loan", async (t) => {
  const { pool, log } = await open(t, { poolSize: 4 });
  const { acquired } = pool.stats;
  const reading = [1, 2, 3].map((n) => pool.value(`SELECT ${n}`));
  assert.equal(pool.stats.waiting, 3);
  assert.deepEqual(log, []);
  assert.deepEqual(await Promise.all(reading), [1, 2, 3]);
  assert.deepEqual(log, ["BEGIN", "SELECT 1", "SELECT 2", "SELECT 3", "COMMIT"]);
  const { stats } = pool;
  assert.deepEqual(
    { waiting: stats.waiting, inUse: stats.inUse, acquired: stats.acquired - acquired },
    { waiting: 0, inUse: 0, acquired: 1 },
  );
});

test("reads that do not wait for each other go on sharing, turn after turn", async (t) => {
  const { pool, log } = await open(t);
  await Promise.all([1, 2, 3].map(async (n) => {
    for (let turn = 0; turn < 3; turn++) assert.equal(await pool.value(`SELECT ${n}`), n);
  }));
  const turn = ["BEGIN", "SELECT 1", "SELECT 2", "SELECT 3", "COMMIT"];
  assert.deepEqual(log, [...turn, ...turn, ...turn]);
});

test("two reads need no transaction, and a lone one soon waits for nobody", async (t) => {
  const { pool, log } = await open(t);
  await Promise.all([pool.value("SELECT 1"), pool.value("SELECT 2")]);
  assert.deepEqual(log, ["SELECT 1", "SELECT 2"]);
  const alone = pool.value("SELECT 3");
  assert.deepEqual(log, ["SELECT 1", "SELECT 2", "SELECT 3"]);
  assert.equal(await alone, 3);
});

test("any number of callers that go on reading are soon found to be worth it", async (t) => {
  for (let callers = 3; callers <= 20; callers++) {
    const { pool, log } = await open(t);
    // They begin one by one, so that nobody expects company.
    for (let i = 0; i < 3; i++) await pool.value("SELECT 0");
    log.length = 0;
    const rounds = 40;
    await Promise.all(Array.from({ length: callers }, async () => {
      for (let round = 0; round < rounds; round++) await pool.value("SELECT 1");
    }));
    const began = log.filter((sql) => sql === "BEGIN").length;
    assert.ok(began > rounds / 3, `${callers} callers: ${began} transactions of ${rounds} rounds`);
  }
});

test("writes, settings and transactions do not share, and do not overtake reads", async (t) => {
  const { pool, log } = await open(t);
  const before = [1, 2, 3].map(() => pool.value(COUNT));
  const writing = pool.run("INSERT INTO t VALUES (1)");
  const between = [1, 2, 3].map(() => pool.value(COUNT));
  const transacting = pool.transaction((tx) => tx.run("INSERT INTO t VALUES (2)"));
  const setting = pool.run("PRAGMA cache_size = 100");
  assert.deepEqual(await Promise.all(before), [0, 0, 0]);
  assert.deepEqual(await Promise.all(between), [1, 1, 1]);
  await Promise.all([writing, transacting, setting]);
  const reads = ["BEGIN", COUNT, COUNT, COUNT, "COMMIT"];
  const insert = "INSERT INTO t VALUES (1)";
  assert.deepEqual(log.slice(0, 11), [...reads, insert, ...reads]);
  assert.equal(await pool.value(COUNT), 2);
});

test("a lease that is asked for after a read does not keep it waiting", async (t) => {
  const { pool } = await open(t);
  const reading = pool.value(COUNT);
  const leasing = pool.connection();
  assert.equal(await reading, 0);
  await (await leasing).release();
});

type Step = "read" | "write" | "write elsewhere" | "lease" | "wait";

const steps = fc.array(
  fc.constantFrom<Step>(
    ...["read", "read", "read", "write", "write elsewhere", "lease", "wait"] as const,
  ),
  { minLength: 1, maxLength: 40 },
);

const PROGRAMS = Number(process.env.READ_PROGRAMS ?? 150);

test(`in ${PROGRAMS} random programs no read is older than its call`, async (t) => {
  const { pool, other } = await open(t, { poolSize: 2 });
  let committed = 0;
  const run: Record<Step, (calls: Promise<unknown>[]) => unknown> = {
    read: (calls) => calls.push(read()),
    write() {
      // Until it has resolved, reads may or may not see it, and none is called.
      committed += 1;
      return pool.run("INSERT INTO t VALUES (1)");
    },
    "write elsewhere"() {
      other.exec("INSERT INTO t VALUES (1)");
      committed += 1;
    },
    lease: (calls) => calls.push(pool.withConnection((conn) => conn.value(COUNT))),
    wait: () => undefined,
  };
  async function read(): Promise<void> {
    const least = committed;
    const found = await pool.value(COUNT) as number;
    assert.ok(found >= least, `read ${found} after ${least} had been committed`);
    assert.ok(found <= committed, `read ${found} of ${committed}`);
  }
  const program = fc.asyncProperty(steps, async (program) => {
    const calls: Promise<unknown>[] = [];
    for (const step of program) {
      const done = run[step](calls);
      // Most steps are taken in the same turn of the microtask queue.
      if (step === "write" || step === "wait") await done;
    }
    await Promise.all(calls);
    assert.equal(pool.stats.waiting + pool.stats.inUse, 0);
  });
  await fc.assert(program, { numRuns: PROGRAMS });
});

test("a read that fails in company fails alone", async (t) => {
  const { pool } = await open(t);
  const outcomes = await Promise.allSettled([
    pool.value("SELECT 1"),
    pool.value("SELECT * FROM missing"),
    pool.value("SELECT abs(-9223372036854775807 - 1)"),
    pool.value("SELECT ?", []),
    pool.value("SELECT 2"),
  ]);
  assert.deepEqual(outcomes.map(({ status }) => status), [
    ...["fulfilled", "rejected", "rejected", "rejected", "fulfilled"],
  ]);
  const [, missing] = outcomes;
  const { reason } = missing as PromiseRejectedResult;
  assert.ok(reason instanceof SQLiteError);
  assert.equal(reason.sql, "SELECT * FROM missing");
  const { size, idle, waiting } = pool.stats;
  assert.deepEqual({ size, idle, waiting }, { size: 1, idle: 1, waiting: 0 });
  assert.equal(await pool.withConnection((conn) => conn.inTransaction), false);
});

test("a row factory that throws, or calls the pool, concerns its own read only", async (t) => {
  const { pool } = await open(t);
  let inner: Promise<unknown> | undefined;
  const reading = [
    pool.get("SELECT 1", [], {
      rowFactory() {
        throw 0;
      },
    }),
    pool.get("SELECT 2", [], { rowFactory: () => inner = pool.value(COUNT) }),
    pool.value("SELECT 3"),
  ];
  const outcomes = await Promise.allSettled(reading);
  assert.deepEqual(outcomes[0], { status: "rejected", reason: 0 });
  assert.equal(await inner, 0);
  assert.deepEqual(outcomes[2], { status: "fulfilled", value: 3 });
  assert.equal(pool.stats.waiting + pool.stats.inUse, 0);
});

test("parameters are those of the call, and a row factory runs in its async context", async (t) => {
  const { pool } = await open(t);
  const storage = new AsyncLocalStorage<number>();
  const bytes = new Uint8Array([1]);
  const params = [1, bytes];
  const rowFactory = (values: unknown[]): unknown[] => [...values, storage.getStore()];
  const reading = [7, 8, 9].map((n) => {
    params[0] = n;
    bytes[0] = n;
    return storage.run(n, () => pool.get("SELECT ?, hex(?)", params, { rowFactory }));
  });
  params[0] = bytes[0] = 0;
  assert.deepEqual(await Promise.all(reading), [[7, "07", 7], [8, "08", 8], [9, "09", 9]]);
});

test("a read whose signal aborts before its turn rejects with the reason, and the others run", async (t) => {
  const { pool, log } = await open(t);
  const reason = new Error("no longer wanted");
  const controller = new AbortController();
  const { signal } = controller;
  const reading = [1, 2, 3].map((n) =>
    pool.value(`SELECT ${n}`, [], n === 2 ? { signal } : undefined)
  );
  controller.abort(reason);
  const outcomes = await Promise.allSettled(reading);
  assert.deepEqual(outcomes[1], { status: "rejected", reason });
  assert.deepEqual(log, ["BEGIN", "SELECT 1", "SELECT 3", "COMMIT"]);
});

test("reads that find the database locked wait for it, each by its own limits", async (t) => {
  const { pool, other } = await open(t, { poolSize: 1 }, "DELETE");
  other.exec("BEGIN EXCLUSIVE");
  const reading = [1, 2, 3].map(() => pool.value(COUNT));
  const signal = AbortSignal.abort("given up");
  const refused = pool.value(COUNT, [], { signal });
  await assert.rejects(refused, (error) => error === "given up");
  other.exec("INSERT INTO t VALUES (1)");
  other.exec("COMMIT");
  assert.deepEqual(await Promise.all(reading), [1, 1, 1]);
});

test("a broken connection is not handed to the next, whoever shared it", async (t) => {
  const { pool, handles } = await open(t);
  handles[0].close();
  const outcomes = await Promise.allSettled([1, 2, 3].map(() => pool.value(COUNT)));
  assert.ok(outcomes.every(({ status }) => status === "rejected"), JSON.stringify(outcomes));
  assert.deepEqual(await Promise.all([1, 2, 3].map(() => pool.value(COUNT))), [0, 0, 0]);
});

test("the event loop has its turns between slow reads, and those that wait for it are counted", async (t) => {
  const { pool, log } = await open(t);
  const reading = Array.from({ length: 40 }, () => pool.value(SLOW));
  assert.equal(pool.stats.waiting, 40);
  let turns = 0;
  let most = 0;
  let over = false;
  const look = (): void => {
    if (over) return;
    turns += 1;
    most = Math.max(most, pool.stats.waiting);
    setImmediate(look);
  };
  setImmediate(look);
  await Promise.all(reading);
  over = true;
  assert.ok(turns > 1, "the event loop waited for all");
  assert.ok(most > 0 && most < 40, `${most} were counted`);
  assert.equal(pool.stats.waiting, 0);
  const transactions = log.filter((sql) => sql === "BEGIN").length;
  assert.ok(transactions > 1 && transactions < 40, `${transactions} transactions`);
});

test("reads that wait for the event loop are served by a pool that drains, and by no other", async (t) => {
  for (const drain of [true, false]) {
    const { pool } = await open(t);
    const early = pool.value("SELECT 1");
    const reading = Array.from({ length: 40 }, () => pool.value(SLOW));
    // Those that have company run in the next microtask, until the event loop needs its turn.
    await early;
    assert.ok(pool.stats.waiting > 0);
    reading.push(pool.value(SLOW));
    const closed = pool.close({ drain });
    const outcomes = await Promise.allSettled(reading);
    await closed;
    const rejected = outcomes.filter(({ status }) => status === "rejected");
    assert.equal(rejected.length > 0, !drain);
    for (const { reason } of rejected as PromiseRejectedResult[]) {
      assert.ok(reason instanceof PoolClosedError);
    }
    assert.equal(pool.stats.waiting, 0);
  }
});

test("reads that were called before close are served", async (t) => {
  const { pool } = await open(t);
  const reading = [1, 2, 3].map((n) => pool.value(`SELECT ${n}`));
  const closed = pool.close();
  assert.deepEqual(await Promise.all(reading), [1, 2, 3]);
  await closed;
});

test("who watches statements sees each with an acquire of its own", async (t) => {
  const seen: string[] = [];
  const { pool, log } = await open(t, { poolSize: 1, onStatement: ({ sql }) => seen.push(sql) });
  seen.length = 0;
  const { acquired } = pool.stats;
  await Promise.all([1, 2, 3].map((n) => pool.value(`SELECT ${n}`)));
  assert.deepEqual(log, ["SELECT 1", "SELECT 2", "SELECT 3"]);
  assert.deepEqual(seen, log);
  assert.equal(pool.stats.acquired - acquired, 3);
});

test("the reads of a database share on its readers, and see every acknowledged write", async (t) => {
  const { db } = await openTestDatabase(t, { execution: "inline", readers: 2 });
  await db.run("CREATE TABLE t (n)");
  let written = 0;
  await Promise.all(Array.from({ length: 10 }, async (_, caller) => {
    for (let round = 0; round < 20; round++) {
      const least = written;
      const found = await db.value(COUNT) as number;
      assert.ok(found >= least, `read ${found} after ${least} had been acknowledged`);
      if (caller > 2) continue;
      await db.run("INSERT INTO t VALUES (?)", [round]);
      written += 1;
    }
  }));
  assert.equal(await db.value(COUNT), 60);
  assert.ok(db.stats.readers.acquired < 200, `${db.stats.readers.acquired} loans`);
});
