// Callers who give up on a statement that runs in a process: it is stopped, its locks are free, and
// what they are told of a write is true. The nightly run sets ABORTS=1000.
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import process from "node:process";
import { test, type TestContext } from "node:test";
import {
  ConnectionLostError,
  type Database,
  openDatabase,
  OutcomeUnknownError,
  processConnection,
  QueryTimeoutError,
  SQLiteConnectionPool,
} from "../../mod.ts";
import { openTestDatabase } from "../helpers/databases.ts";
import { counting } from "../helpers/workers.ts";
import { childProcesses, isRunning, until } from "./processes.ts";

const ABORTS = Number(process.env.ABORTS ?? 6);

/** Nobody waits for the end of this: it takes minutes. */
const ENDLESS = counting(2 ** 31);
const INSERT_ENDLESS = `INSERT INTO t ${ENDLESS}`;

/** To start a process takes seconds on a machine that is busy with other things. */
const PATIENCE_MS = 60_000;

/** The two pipes of a process, as files of its host, with what a runtime adds to watch it. */
const DESCRIPTORS_OF_A_PROCESS = 4;

/** How many files this process has open; 0 where that cannot be told. */
function openDescriptors(): number {
  const folder = "/proc/self/fd";
  return existsSync(folder) ? readdirSync(folder).length : 0;
}

interface Limits {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

const CALLS: Readonly<Record<string, (db: Database, limits: Limits) => Promise<unknown>>> = {
  get: (db, limits) => db.get(ENDLESS, [], limits),
  read: (db, limits) => db.read((snapshot) => snapshot.all(ENDLESS), limits),
  async iterate(db, limits) {
    for await (const _ of db.iterate(ENDLESS, [], limits));
  },
  run: (db, limits) => db.run(INSERT_ENDLESS, [], limits),
  batch: (db, limits) =>
    db.batch([{ sql: "INSERT INTO t VALUES (1)" }, { sql: INSERT_ENDLESS }], limits),
  write: (db, limits) => db.write((tx) => tx.run(INSERT_ENDLESS), limits),
};

async function open(t: TestContext, readers = 1): Promise<Database> {
  const { db } = await openTestDatabase(t, {
    execution: "process",
    readers,
    operationTimeoutMs: PATIENCE_MS,
  });
  await db.run("CREATE TABLE t (n)");
  await ready(db);
  return db;
}

/** To start a process takes longer than some limits. */
async function ready(db: Database): Promise<void> {
  await Promise.all([db.get("SELECT 1"), db.run("DELETE FROM t WHERE n < 0")]);
}

for (const [name, call] of Object.entries(CALLS)) {
  test(`${name}: the statement of a caller who gives up is stopped, and nothing is written`, async (t) => {
    const db = await open(t);
    const before = await childProcesses();
    const controller = new AbortController();
    const reason = new RangeError("enough");
    const aborted = assert.rejects(call(db, { signal: controller.signal }), reason);
    setTimeout(() => controller.abort(reason), 20);
    await aborted;
    await ready(db);
    await assert.rejects(call(db, { timeoutMs: 50 }), QueryTimeoutError);
    // Its locks are free, and whatever ran there has ended.
    await db.run("INSERT INTO t VALUES (2)");
    assert.deepEqual(await db.values("SELECT n FROM t"), [[2]]);
    await until(async () => {
      const ended = before.filter((pid) => !isRunning(pid));
      return ended.length > 0;
    });
    assert.equal((await db.checkpoint("truncate")).busy, false);
  });
}

test("a write that its caller gave up leaves those in its transaction alone", async (t) => {
  const db = await open(t);
  const controller = new AbortController();
  const reason = new RangeError("enough");
  const slow = db.run(INSERT_ENDLESS, [], { signal: controller.signal });
  const others = Array.from({ length: 20 }, (_, n) => db.run("INSERT INTO t VALUES (?)", [n]));
  setTimeout(() => controller.abort(reason), 20);
  await assert.rejects(slow, reason);
  await Promise.all(others);
  assert.deepEqual(await db.values("SELECT count(*), max(n) FROM t"), [[20, 19]]);
});

test("reads that shared the connection of a stopped one get their answers all the same", async (t) => {
  const db = await open(t);
  const before = db.get("SELECT 1 AS one");
  const controller = new AbortController();
  const reason = new RangeError("enough");
  const slow = assert.rejects(db.get(ENDLESS, [], { signal: controller.signal }), reason);
  const after = Array.from({ length: 5 }, (_, n) => db.get("SELECT ? AS n", [n]));
  assert.deepEqual(await before, { one: 1 });
  controller.abort(reason);
  await slow;
  assert.deepEqual(await Promise.all(after), [0, 1, 2, 3, 4].map((n) => ({ n })));
});

test("a pool tells who gives up on a write that nothing of it was written", async (t) => {
  const { path } = await openTestDatabase(t);
  const pool = new SQLiteConnectionPool(processConnection(path), { poolSize: 2 });
  t.after(() => pool.close({ timeoutMs: 0 }));
  await pool.execute("CREATE TABLE t (n)");
  await assert.rejects(pool.execute(INSERT_ENDLESS, [], { timeoutMs: 30 }), QueryTimeoutError);
  await pool.execute("INSERT INTO t VALUES (1)");
  assert.deepEqual(await pool.values("SELECT n FROM t"), [[1]]);
});

test("whenever a caller gives up, what it is told of its write is true", async (t) => {
  const db = await open(t);
  const told = { committed: [] as number[], undone: [] as number[] };
  for (let n = 0; n < 4 * ABORTS; n++) {
    const controller = new AbortController();
    const reason = new RangeError("enough");
    // Takes about as long as the caller waits for a statement that it gave up.
    const sql = `INSERT INTO t SELECT ${n} FROM (${counting(20_000 + 10_000 * (n % 20))})`;
    const write = n % 2 === 0
      ? db.run(sql, [], { signal: controller.signal })
      : db.batch([{ sql }, { sql: "DELETE FROM t WHERE n < 0" }], { signal: controller.signal });
    const call = write.then(
      () => told.committed.push(n),
      (error) => {
        if (error instanceof OutcomeUnknownError) return;
        assert.equal(error, reason);
        told.undone.push(n);
      },
    );
    await new Promise((resolve) => setImmediate(resolve));
    controller.abort(reason);
    await call;
  }
  const stored = new Set((await db.values("SELECT n FROM t")).flat());
  assert.deepEqual(told.committed.filter((n) => !stored.has(n)), [], "told committed, and lost");
  assert.deepEqual(told.undone.filter((n) => stored.has(n)), [], "told undone, and there");
});

test(`no process, slot, lock or descriptor is lost when ${ABORTS} callers give up in a row`, async (t) => {
  const db = await open(t);
  // One reader, one writer and a spare one.
  const settled = async (): Promise<boolean> => (await childProcesses()).length <= 3;
  await until(settled);
  const before = openDescriptors();
  for (let n = 0; n < ABORTS; n++) {
    await ready(db);
    const limits = { timeoutMs: 20 };
    await assert.rejects(n % 2 === 0 ? db.get(ENDLESS, [], limits) : CALLS.run(db, limits));
    await db.run("INSERT INTO t VALUES (?)", [n]);
  }
  assert.deepEqual(await db.values("SELECT count(*) FROM t"), [[ABORTS]]);
  await until(settled);
  // The spare process may not have been there yet.
  await until(async () => openDescriptors() <= before + DESCRIPTORS_OF_A_PROCESS);
  await db.close();
  await until(async () => (await childProcesses()).length === 0);
});

test("a process that dies is a typed error, and the next caller gets another one", async (t) => {
  const db = await open(t);
  const [...pids] = await childProcesses();
  const reads = db.get(ENDLESS);
  const lost = assert.rejects(reads, (error) => {
    assert.ok(error instanceof ConnectionLostError, String(error));
    assert.match(error.message, /ended by SIGSEGV|ended by SIGKILL|ended with/);
    return true;
  });
  for (const pid of pids) process.kill(pid, "SIGSEGV");
  await lost;
  assert.deepEqual(await db.get("SELECT 1 AS one", [], { timeoutMs: 60_000 }), { one: 1 });
  await db.run("INSERT INTO t VALUES (1)");
});

test("a spare process whose death nobody has noticed is not what a caller gets", async (t) => {
  const { path } = await openTestDatabase(t);
  const pool = new SQLiteConnectionPool(processConnection(path), { poolSize: 2 });
  t.after(() => pool.close({ timeoutMs: 0 }));
  const first = await pool.connection();
  await until(async () => (await childProcesses()).length === 2);
  // It was started last.
  const spare = Math.max(...await childProcesses());
  process.kill(spare, "SIGKILL");
  const second = await pool.connection();
  assert.deepEqual(await second.values("SELECT 1"), [[1]]);
  await Promise.all([first.release(), second.release()]);
});

test("what is in memory outlives a statement that nobody waits for", async (t) => {
  const db = await openDatabase(":memory:", { execution: "process", onWarning: () => {} });
  t.after(() => db.close({ timeoutMs: 0 }));
  await db.run("CREATE TABLE t AS SELECT 1 AS n");
  await assert.rejects(db.get(counting(1_000_000), [], { timeoutMs: 20 }), QueryTimeoutError);
  assert.deepEqual(await db.get("SELECT n FROM t"), { n: 1 });
});
