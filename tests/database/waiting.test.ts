// Everybody who waits shows in the stats, and maxWaiting limits how many may, in every mode.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Database,
  type DatabaseOptions,
  PoolConnectionAcquireTimeoutError,
  PoolOverloadedError,
} from "../../mod.ts";
import { openTestDatabase } from "../helpers/databases.ts";
import { gate, openTestPool } from "../helpers/pools.ts";
import { openWorkerPool } from "../helpers/workers.ts";

const INSERT = "INSERT INTO t VALUES (?)";
const EXECUTIONS = ["inline", "worker", "auto"] as const;

/** Holds the writer, or the only reader, until it is told to let go. */
async function hold(db: Database, what: "write" | "read"): Promise<() => Promise<void>> {
  const { opened: held, open: letGo } = gate();
  const { opened: begun, open: begins } = gate();
  const holder = db[what](async () => {
    begins();
    await held;
  });
  await begun;
  return async () => {
    letGo();
    await holder;
  };
}

const times = (count: number, call: (n: number) => Promise<unknown>): Promise<unknown>[] =>
  Array.from({ length: count }, (_, n) => call(n));

/** On a busy machine some of many calls let the event loop have turns before they wait. */
async function untilThereAre(expected: number, waiting: () => number): Promise<void> {
  while (waiting() < expected) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(waiting(), expected);
}

const WRITES: Readonly<Record<string, (db: Database, n: number) => Promise<unknown>>> = {
  run: (db, n) => db.run(INSERT, [n]),
  write: (db, n) => db.write((tx) => tx.run(INSERT, [n])),
  batch: (db, n) => db.batch([{ sql: INSERT, params: [n] }]),
};
const READS: Readonly<Record<string, (db: Database) => Promise<unknown>>> = {
  get: (db) => db.get("SELECT 1"),
  all: (db) => db.all("SELECT 1"),
  read: (db) => db.read((snapshot) => snapshot.get("SELECT 1")),
  iterate: (db) => db.iterate("SELECT 1").next(),
};

for (const execution of EXECUTIONS) {
  const open = async (
    t: Parameters<typeof openTestDatabase>[0],
    options: DatabaseOptions = {},
  ): Promise<Database> => {
    const { db } = await openTestDatabase(t, { execution, readers: 1, ...options });
    await db.run("CREATE TABLE t (n)");
    // What threads need is loaded with the first read.
    await db.get("SELECT 1");
    return db;
  };

  test(`${execution}: stats count every writer that waits`, async (t) => {
    const db = await open(t);
    const letGo = await hold(db, "write");
    const waiting = Object.values(WRITES).flatMap((write) => times(300, (n) => write(db, n)));
    await untilThereAre(900, () => db.stats.writer!.waiting);
    await letGo();
    await Promise.all(waiting);
    assert.equal(db.stats.writer!.waiting, 0);
    assert.equal(await db.value("SELECT count(*) FROM t"), 900);
  });

  test(`${execution}: stats count every reader that waits`, async (t) => {
    const db = await open(t);
    const letGo = await hold(db, "read");
    // With "auto", single reads have a connection of their own once they have proved to be quick.
    const reads = execution === "auto" ? [READS.read] : [READS.get, READS.all, READS.read];
    const waiting = reads.flatMap((read) => times(100, () => read(db)));
    await untilThereAre(100 * reads.length, () => db.stats.readers.waiting);
    await letGo();
    await Promise.all(waiting);
    assert.equal(db.stats.readers.waiting, 0);
  });

  test(`${execution}: stats count every wait that ended at its deadline or with its signal`, async (t) => {
    const db = await open(t);
    const letGoWriter = await hold(db, "write");
    const letGoReader = await hold(db, "read");
    const before = db.stats;
    const controller = new AbortController();
    const late = [
      ...times(100, (n) => db.run(INSERT, [n], { timeoutMs: 1 })),
      ...times(100, () => db.read((snapshot) => snapshot.get("SELECT 1"), { timeoutMs: 1 })),
    ];
    const aborted = [
      ...times(100, (n) => db.run(INSERT, [n], { signal: controller.signal })),
      ...times(100, () => db.read(() => {}, { signal: controller.signal })),
    ];
    if (execution === "worker") {
      late.push(...times(100, () => db.get("SELECT 1", [], { timeoutMs: 1 })));
      aborted.push(...times(100, () => db.get("SELECT 1", [], { signal: controller.signal })));
    }
    const reason = new RangeError("enough");
    const gaveUp = Promise.allSettled(aborted);
    controller.abort(reason);
    for (const result of await Promise.allSettled(late)) {
      assert.ok(result.status === "rejected");
      assert.ok(result.reason instanceof PoolConnectionAcquireTimeoutError, String(result.reason));
    }
    for (const result of await gaveUp) {
      assert.equal(result.status === "rejected" && result.reason, reason);
    }
    const reads = execution === "worker" ? 200 : 100;
    const { writer, readers } = db.stats;
    assert.equal(writer!.timeouts - before.writer!.timeouts, 100);
    assert.equal(writer!.aborts - before.writer!.aborts, 100);
    assert.equal(readers.timeouts - before.readers.timeouts, reads);
    assert.equal(readers.aborts - before.readers.aborts, reads);
    assert.equal(writer!.waiting + readers.waiting, 0);
    await Promise.all([letGoWriter(), letGoReader()]);
    assert.equal(await db.value("SELECT count(*) FROM t"), 0);
  });

  for (const [name, write] of Object.entries(WRITES)) {
    test(`${execution}: maxWaiting 1 refuses the third who writes by ${name}`, async (t) => {
      const db = await open(t, { maxWaiting: 1 });
      const letGo = await hold(db, "write");
      const second = write(db, 2);
      await assert.rejects(write(db, 3), PoolOverloadedError);
      for (const other of Object.values(WRITES)) {
        await assert.rejects(other(db, 4), PoolOverloadedError);
      }
      assert.equal(db.stats.writer!.waiting, 1);
      await letGo();
      await second;
      assert.deepEqual(await db.values("SELECT n FROM t"), [[2]]);
    });
  }

  for (const [name, read] of Object.entries(READS)) {
    if (execution === "auto" && (name === "get" || name === "all")) continue;
    test(`${execution}: maxWaiting 1 refuses the third who reads by ${name}`, async (t) => {
      const db = await open(t, { maxWaiting: 1 });
      const letGo = await hold(db, "read");
      const second = read(db);
      await assert.rejects(read(db), PoolOverloadedError);
      assert.equal(db.stats.readers.waiting, 1);
      await letGo();
      await second;
    });
  }
}

for (const [place, open] of Object.entries({ inline: openTestPool, worker: openWorkerPool })) {
  test(`${place}: stats of a pool count all who wait, and maxWaiting 1 refuses the third`, async (t) => {
    const { pool } = open(t, { poolSize: 1, maxWaiting: 300 });
    await pool.execute("CREATE TABLE t (n)");
    const holder = await pool.connection();
    const waiting = [
      ...times(100, (n) => pool.execute(INSERT, [n])),
      ...times(100, () => pool.get("SELECT 1")),
      ...times(100, (n) => pool.transaction((tx) => tx.run(INSERT, [n]))),
    ];
    await untilThereAre(300, () => pool.stats.waiting);
    await holder.release();
    await Promise.all(waiting);
    assert.equal(pool.stats.waiting, 0);
    const { pool: small } = open(t, { poolSize: 1, maxWaiting: 1 });
    await small.execute("CREATE TABLE t (n)");
    for (
      const call of [
        () => small.execute(INSERT, [1]),
        () => small.get("SELECT 1"),
        () => small.transaction(() => {}),
        () => small.withConnection(() => {}),
      ]
    ) {
      const lease = await small.connection();
      const second = call();
      await assert.rejects(call(), PoolOverloadedError);
      await lease.release();
      await second;
    }
  });
}

for (const execution of EXECUTIONS) {
  test(`${execution}: writes wait for each other as long as writeQueueTimeoutMs says`, async (t) => {
    const { db } = await openTestDatabase(t, {
      execution,
      readers: 1,
      acquisitionTimeoutMs: 20_000,
      busyTimeoutMs: 20_000,
      writeQueueTimeoutMs: 5,
    });
    await db.run("CREATE TABLE t (n)");
    const letGo = await hold(db, "write");
    const reader = await db.connection();
    const read = db.all("SELECT n FROM t");
    for (const [name, write] of Object.entries(WRITES)) {
      await assert.rejects(write(db, 1), PoolConnectionAcquireTimeoutError, name);
    }
    await assert.rejects(db.connection({ write: true }), PoolConnectionAcquireTimeoutError);
    await reader.release();
    assert.deepEqual(await read, []);
    await letGo();
  });
}
