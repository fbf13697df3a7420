/** Connections that a database lends: the writer, which all other writes wait for, and readers. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Database, type DatabaseOptions, openDatabase } from "../../mod.ts";
import { openTestDatabase } from "../helpers/databases.ts";
import { openTestPool } from "../helpers/pools.ts";
import { collectGarbage } from "../helpers/runtime.ts";
import { counting, openWorkerPool } from "../helpers/workers.ts";

type Context = Parameters<typeof openTestDatabase>[0];

const INSERT = "INSERT INTO t VALUES (?)";
const COUNT = "SELECT count(*) FROM t";

/** Every place where a database of this machine may have its connections. */
const PLACES = {
  inline: { execution: "inline" },
  worker: { execution: "worker" },
  auto: { execution: "auto" },
  "in memory": { memory: true },
  "in memory, in a thread": { execution: "worker", memory: true },
} as const;

for (const [place, { memory = false, ...where }] of Object.entries<Place>(PLACES)) {
  const open = async (t: Context, options: DatabaseOptions = {}): Promise<Database> => {
    const path = memory ? ":memory:" : undefined;
    const { db } = await openTestDatabase(t, { readers: 1, ...where, ...options }, path);
    await db.run("CREATE TABLE t (n)");
    return db;
  };

  test(`${place}: who has the writer begins, commits and rolls back`, async (t) => {
    const db = await open(t);
    const conn = await db.connection({ write: true });
    await conn.begin();
    assert.equal(conn.inTransaction, true);
    await conn.run(INSERT, [1]);
    await conn.commit();
    await conn.begin("deferred");
    await conn.run(INSERT, [2]);
    await conn.rollback();
    await conn.execute("SAVEPOINT mine");
    await conn.run(INSERT, [3]);
    await conn.execute("RELEASE mine");
    await conn.transaction(async (tx) => {
      await tx.run(INSERT, [4]);
      await tx.transaction((inner) => inner.run(INSERT, [5]));
    });
    await conn.release();
    assert.deepEqual(await db.values("SELECT n FROM t ORDER BY n"), [[1], [3], [4], [5]]);
  });

  test(`${place}: what is left open on the writer is rolled back`, async (t) => {
    const db = await open(t);
    const conn = await db.connection({ write: true });
    await conn.begin();
    await conn.run(INSERT, [1]);
    await conn.release();
    await assert.rejects(conn.run(INSERT, [2]), { name: "ConnectionReleasedError" });
    assert.equal(await db.value(COUNT), 0);
  });

  test(`${place}: all other writes wait for who has the writer, in their order`, async (t) => {
    const db = await open(t);
    const conn = await db.connection({ write: true });
    const done: string[] = [];
    const note = (name: string) => (): number => done.push(name);
    const before = db.run(INSERT, [1]).then(note("run"));
    const next = db.connection({ write: true });
    const after = Promise.all([
      db.write((tx) => tx.run(INSERT, [3])).then(note("write")),
      db.batch([{ sql: INSERT, params: [4] }]).then(note("batch")),
    ]);
    // A group that waits for the connection does not wait for the lock: no deadlock.
    await conn.begin();
    await conn.run(INSERT, [0]);
    assert.equal(db.stats.writer!.waiting, 4);
    assert.deepEqual(done, []);
    await conn.commit();
    await conn.release();
    const second = await next;
    await before;
    assert.deepEqual(done, ["run"]);
    await second.run(INSERT, [2]);
    await second.release();
    await after;
    assert.deepEqual(done, ["run", "write", "batch"]);
    assert.deepEqual(await db.values("SELECT n FROM t ORDER BY rowid"), [[0], [1], [2], [3], [4]]);
    const { waiting, inUse } = db.stats.writer!;
    assert.deepEqual({ waiting, inUse }, { waiting: 0, inUse: 0 });
  });

  test(`${place}: a wait for the writer ends with its signal or its time`, async (t) => {
    const db = await open(t);
    const conn = await db.connection({ write: true });
    const controller = new AbortController();
    const { signal } = controller;
    const aborted = assert.rejects(db.connection({ write: true, signal }), /enough/);
    await assert.rejects(db.connection({ write: true, timeoutMs: 1 }), {
      name: "PoolConnectionAcquireTimeoutError",
    });
    controller.abort(new Error("enough"));
    await aborted;
    await conn.release();
    const again = await db.connection({ write: true, timeoutMs: 10_000 });
    await again.run(INSERT, [1]);
    await again.release();
    assert.equal(await db.value(COUNT), 1);
  });

  test(`${place}: a connection that is not asked for to write cannot`, async (t) => {
    const db = await open(t);
    const conn = await db.connection();
    await assert.rejects(conn.run(INSERT, [1]), { code: "SQLITE_READONLY" });
    await conn.begin();
    assert.equal(await conn.value(COUNT), 0);
    await assert.rejects(conn.run(INSERT, [1]), { code: "SQLITE_READONLY" });
    await conn.rollback();
    assert.deepEqual(
      await conn.transaction((tx) => tx.transaction((inner) => inner.values(COUNT))),
      [[0]],
    );
    await conn.release();
    await db.run(INSERT, [1]);
    assert.equal(await db.value(COUNT), 1);
  });

  test(`${place}: discard in a transaction undoes it and replaces the connection`, async (t) => {
    const db = await open(t);
    const conn = await db.connection({ write: true });
    await conn.begin();
    await conn.run(INSERT, [1]);
    const waiting = db.run(INSERT, [2]);
    await conn.discard();
    await conn.discard();
    await conn.release();
    await assert.rejects(conn.get(COUNT), { name: "ConnectionReleasedError" });
    await waiting;
    assert.deepEqual(await db.values("SELECT n FROM t"), [[2]]);
    // The data would be gone with the connection.
    assert.equal(db.stats.writer!.destroyed.discarded, memory ? 0 : 1);
    assert.equal(db.stats.writer!.inUse, 0);
  });

  // What follows is the same as in one of the other places: threads take time to start.
  if (place === "auto" || place === "in memory, in a thread") continue;

  test(`${place}: a call that would wait for a transaction of the lease it is made in`, async (t) => {
    const db = await open(t);
    const conn = await db.connection({ write: true });
    const refusal = /own connection, as in tx\.run\(\)/;
    await conn.transaction(async (tx) => {
      await tx.run(INSERT, [1]);
      await assert.rejects(db.run(INSERT, [2]), refusal);
      await assert.rejects(db.write(() => {}), refusal);
      await assert.rejects(db.batch([]), refusal);
      await assert.rejects(db.connection({ write: true }), refusal);
      if (memory) await assert.rejects(db.get(COUNT), refusal);
      else assert.equal(await db.value(COUNT), 0);
    });
    await conn.release();
    await assert.rejects(db.write(() => db.connection({ write: true })), refusal);
    assert.equal(await db.value(COUNT), 1);
  });

  test(`${place}: a lease that is kept beyond close is over at the deadline`, async (t) => {
    const db = await open(t);
    const conn = await db.connection({ write: true });
    await conn.begin();
    await conn.run(INSERT, [1]);
    const waiting = assert.rejects(db.run(INSERT, [2]), { name: "PoolClosedError" });
    await db.close({ timeoutMs: 20 });
    await waiting;
    await assert.rejects(conn.run(INSERT, [3]), { name: "PoolClosedError" });
    await conn.release();
    await conn.discard();
    await assert.rejects(db.connection({ write: true }), { name: "PoolClosedError" });
    await assert.rejects(db.connection(), { name: "PoolClosedError" });
  });

  test(`${place}: closing waits for a lease, and for those who wait for it`, async (t) => {
    const db = await open(t);
    const conn = await db.connection({ write: true });
    const reader = memory ? undefined : await db.connection();
    const waiting = db.run(INSERT, [2]);
    const closed = db.close();
    await conn.run(INSERT, [1]);
    await reader?.get(COUNT);
    await conn.release();
    await reader?.release();
    assert.equal((await waiting).rowsAffected, 1);
    await closed;
  });

  test(`${place}: a transaction whose connection is discarded meanwhile fails`, async (t) => {
    const db = await open(t);
    const conn = await db.connection({ write: true });
    await assert.rejects(
      conn.transaction(async (tx) => {
        await tx.run(INSERT, [1]);
        await conn.discard();
        await tx.run(INSERT, [2]);
      }),
      { name: "ConnectionReleasedError" },
    );
    assert.equal(await db.value(COUNT), 0);
  });

  test(`${place}: a lease has a row factory of its own`, async (t) => {
    const db = await open(t, { rowFactory: () => "the database's" as never });
    await db.run(INSERT, [1]);
    const plain = await db.connection({ write: true });
    assert.deepEqual(await plain.all("SELECT n FROM t"), ["the database's"]);
    await plain.release();
    const own = await db.connection({ rowFactory: ([n]) => n });
    assert.deepEqual(await own.all("SELECT n FROM t"), [1]);
    await own.release();
  });

  test(`${place}: bad options of a lease are named`, async (t) => {
    const db = await open(t);
    const bad: readonly [object, RegExp][] = [
      [{ write: 1 }, /^TypeError: write must be true or false; got 1/],
      [{ readonly: true }, /^TypeError: Unknown option "readonly"/],
      [{ timeoutMs: -1 }, /^RangeError: timeoutMs/],
      [{ write: true, signal: {} }, /^TypeError: signal must be an AbortSignal/],
    ];
    for (const [options, message] of bad) await assert.rejects(db.connection(options), message);
  });
}

interface Place extends Pick<DatabaseOptions, "execution"> {
  readonly memory?: boolean;
}

test("a reader on loan keeps its snapshot while others write", async (t) => {
  const { db, warnings } = await openTestDatabase(t, { maxReadTransactionMs: 5 });
  await db.run("CREATE TABLE t (n)");
  const conn = await db.connection();
  await conn.begin();
  assert.equal(await conn.value(COUNT), 0);
  await db.run(INSERT, [1]);
  assert.equal(await conn.value(COUNT), 0);
  while (warnings.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  assert.deepEqual(warnings, ["long read"]);
  await conn.commit();
  assert.equal(await conn.value(COUNT), 1);
  await conn.release();
});

test("a transaction of a reader that is over is no long read, however it ended", async (t) => {
  const { db, warnings } = await openTestDatabase(t, { maxReadTransactionMs: 5, readers: 3 });
  const conn = await db.connection();
  await conn.begin();
  await conn.execute("COMMIT");
  await conn.begin();
  await conn.commit();
  const released = await db.connection();
  await Promise.allSettled([released.begin(), released.release()]);
  const discarded = await db.connection();
  await Promise.allSettled([discarded.begin(), discarded.discard()]);
  // Begun last, so that the others would be reported before it.
  await conn.begin();
  while (warnings.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  await conn.release();
  assert.deepEqual(warnings, ["long read"]);
});

test("a database that was opened read-only has no writer to lend", async (t) => {
  const { db, path } = await openTestDatabase(t);
  await db.run("CREATE TABLE t (n)");
  await db.close();
  const { db: reading } = await openTestDatabase(t, { readonly: true }, path);
  await assert.rejects(reading.connection({ write: true }), { code: "SQLITE_READONLY" });
  const conn = await reading.connection();
  assert.equal(await conn.value(COUNT), 0);
  await conn.release();
});

/** In a function of its own, so that nothing of a lease stays on the stack. */
async function forgetToRelease(db: Database): Promise<void> {
  const conn = await db.connection({ write: true });
  await conn.begin();
}

test("a writer that was dropped without release is taken back", async (t) => {
  const stacks: string[] = [];
  const { db } = await openTestDatabase(t, {
    trackLeases: true,
    onLeak: ({ stack }) => stacks.push(stack),
  });
  await forgetToRelease(db);
  const waiting = db.run("CREATE TABLE t (n)");
  for (let round = 0; round < 50 && stacks.length === 0; round++) await collectGarbage();
  await waiting;
  assert.match(stacks[0], /forgetToRelease/);
});

test("the error of who waited for the writer names who has it", async (t) => {
  const { db } = await openTestDatabase(t, { trackLeases: true });
  const conn = await db.connection({ write: true });
  await assert.rejects(db.write(() => {}, { timeoutMs: 1 }), /lease\.test/);
  await conn.release();
});

test("a connection that is discarded makes room for the next one", async (t) => {
  const { pool, opened } = openTestPool(t, { poolSize: 1 });
  const conn = await pool.connection();
  const waiting = pool.get("SELECT 1 AS one");
  await conn.discard();
  assert.deepEqual(await waiting, { one: 1 });
  assert.equal(opened(), 2);
  const { size, destroyed } = pool.stats;
  assert.deepEqual([size, destroyed.discarded], [1, 1]);
});

test("discard does not wait for a statement in a thread", async (t) => {
  const { pool } = openWorkerPool(t, { poolSize: 1 });
  const conn = await pool.connection();
  const slow = conn.value(counting(300_000));
  await conn.discard();
  assert.deepEqual(await pool.get("SELECT 1 AS one"), { one: 1 });
  assert.equal(await slow, 300_000);
});

test("a lease of a database in memory that is discarded leaves the data", async () => {
  const db = await openDatabase(":memory:");
  const conn = await db.connection({ write: true });
  await conn.run("CREATE TABLE t (n)");
  await conn.discard();
  assert.equal(await db.value(COUNT), 0);
  await db.close();
});
