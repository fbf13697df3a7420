/** Durable transactions that share a sync: none is acknowledged before it is on the disk. */

import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import {
  type Database,
  type DatabaseOptions,
  type Driver,
  OutcomeUnknownError,
  SQLiteError,
} from "../../mod.ts";
import { nativeDriver } from "../../adapters/native_driver.ts";
import type { DriverConnection } from "../../src/driver/connection.ts";
import { openTestDatabase } from "../helpers/databases.ts";
import { Disk } from "../helpers/disk.ts";
import { gate } from "../helpers/pools.ts";
import { inTime, nextTurn } from "../model/turns.ts";

const EXECUTIONS = ["inline", "worker"] as const;
const INSERT = "INSERT INTO t VALUES (?)";
const COUNT = "SELECT count(*) FROM t";
const LEVEL = "PRAGMA synchronous";
const FULL = 2;

async function open(
  t: TestContext,
  options: DatabaseOptions = {},
): Promise<{ db: Database; disk: Disk }> {
  const disk = Disk.watch(t);
  const { db } = await openTestDatabase(t, { durability: "full", readers: 1, ...options });
  await db.run("CREATE TABLE t (n)");
  return { db, disk };
}

/** Every way of writing that may share a sync. */
const WAYS: Record<string, (db: Database, n: number) => Promise<unknown>> = {
  run: (db, n) => db.run(INSERT, [n]),
  batch: (db, n) => db.batch([{ sql: INSERT, params: [n] }]),
  "batch with a schema change": (db, n) =>
    db.batch([{ sql: INSERT, params: [n] }, { sql: `CREATE TABLE own_${n} (x)` }]),
  write: (db, n) => db.write((tx) => tx.run(INSERT, [n])),
};

const write = WAYS.write;

/** Calls that overlap, and which of them have settled. */
function start(
  calls: readonly Promise<unknown>[],
): { all: Promise<unknown>; settled: () => number } {
  let settled = 0;
  const count = (): void => void (settled += 1);
  for (const call of calls) call.then(count, count);
  return { all: Promise.all(calls), settled: () => settled };
}

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const wait = async (): Promise<void> => {
    while (!(await holds())) await nextTurn();
  };
  await inTime(wait(), () => what);
}

const counts = (db: Database, rows: number) => async (): Promise<boolean> =>
  await db.value(COUNT) === rows;

for (const execution of EXECUTIONS) {
  for (const [way, change] of Object.entries(WAYS)) {
    test(`${execution}: ${way} settles only when the disk has it, though readers see it`, async (t) => {
      const { db, disk } = await open(t, { execution });
      disk.hold();
      // Others wait behind the first, and whatever comes after it joins them.
      const first = start([write(db, 0), write(db, 1)]);
      await until("the first two are committed", counts(db, 2));
      const calls = start([2, 3, 4].map((n) => change(db, n)));
      await until("the others are committed too", counts(db, 5));
      for (let turn = 0; turn < 20; turn++) await nextTurn();
      assert.equal(first.settled() + calls.settled(), 0);
      disk.works();
      await Promise.all([first.all, calls.all]);
      assert.ok(disk.syncs < 5, `${disk.syncs} syncs`);
    });
  }

  for (
    const [what, call] of Object.entries<(db: Database) => Promise<unknown>>({
      "a schema change": (db) => db.run("CREATE TABLE other (n)"),
      "a script": (db) => db.executeScript(`INSERT INTO t VALUES (7); INSERT INTO t VALUES (8);`),
      "a statement with the types of its columns": (db) =>
        db.run(INSERT, [7], { columnTypes: true }),
    })
  ) {
    test(`${execution}: ${what} beside transactions that share a sync settles after it`, async (t) => {
      const { db, disk } = await open(t, { execution });
      disk.hold();
      const calls = [write(db, 0), write(db, 1)];
      await until("both are committed", counts(db, 2));
      const other = start([call(db), write(db, 2)]);
      await until("all are committed", async () => await db.value(COUNT) as number > 2);
      for (let turn = 0; turn < 20; turn++) await nextTurn();
      assert.equal(other.settled(), 0);
      disk.works();
      await Promise.all([...calls, other.all]);
    });
  }

  test(`${execution}: a transaction that meets no other is synced by SQLite`, async (t) => {
    const { db, disk } = await open(t, { execution });
    for (const change of Object.values(WAYS)) await change(db, 1);
    assert.equal(disk.syncs, 0);
    await Promise.all([1, 2, 3].map((n) => write(db, n)));
    assert.notEqual(disk.syncs, 0);
    const { syncs } = disk;
    await db.run(INSERT, [4]);
    await write(db, 5);
    assert.equal(disk.syncs, syncs);
  });

  test(`${execution}: who has the writer commits with a sync`, async (t) => {
    const { db } = await open(t, { execution });
    const calls = [0, 1, 2].map((n) => write(db, n));
    const conn = await db.connection({ write: true });
    assert.equal(await conn.value(LEVEL), FULL);
    calls.push(...[3, 4, 5].map((n) => write(db, n)));
    await conn.release();
    await Promise.all(calls);
    const again = await db.connection({ write: true });
    assert.equal(await again.value(LEVEL), FULL);
    await again.release();
  });

  test(`${execution}: a failed sync is an outcome that nobody knows`, async (t) => {
    const { db, disk } = await open(t, { execution });
    disk.hold();
    const calls = [0, 1, 2, 3].map((n) => write(db, n));
    await until("all are committed", counts(db, 4));
    disk.fail("EIO: of the test");
    for (const outcome of await Promise.allSettled(calls)) {
      assert.equal(outcome.status, "rejected");
      assert.ok(outcome.reason instanceof OutcomeUnknownError);
      assert.match(outcome.reason.message, /committed.*EIO: of the test/);
    }
    // Another sync would succeed, but says nothing of what the first has lost.
    const { syncs } = disk;
    assert.equal(syncs, 1);
    await write(db, 4);
    assert.equal(disk.syncs, syncs);
    await Promise.all([5, 6, 7].map((n) => write(db, n)));
    assert.equal(await db.value(COUNT), 8);
  });

  test(`${execution}: after a failed sync nothing is written while a read keeps the log`, async (t) => {
    const { db, disk } = await open(t, { execution });
    const { opened: ends, open: end } = gate();
    const { opened: begun, open: begin } = gate();
    disk.hold();
    const calls = [0, 1].map((n) => write(db, n));
    await until("both are committed", counts(db, 2));
    const read = db.read(async () => {
      begin();
      await ends;
    });
    await begun;
    disk.fail("EIO: of the test");
    await Promise.allSettled(calls);
    for (const change of Object.values(WAYS)) {
      await assert.rejects(change(db, 2), (error) => {
        assert.ok(error instanceof SQLiteError, String(error));
        assert.equal(error.extendedCode, "SQLITE_IOERR_FSYNC");
        assert.match(error.message, /EIO: of the test.*Nothing was written/);
        return true;
      });
    }
    await assert.rejects(db.connection({ write: true }), SQLiteError);
    end();
    await read;
    await write(db, 2);
    assert.equal(await db.value(COUNT), 3);
    assert.equal(db.stats.writer?.inUse, 0);
  });

  test(`${execution}: who gives up while the disk is waited for is told that the outcome is unknown`, async (t) => {
    const { db, disk } = await open(t, { execution });
    disk.hold();
    const calls = start([write(db, 0), write(db, 1)]);
    await until("both are committed", counts(db, 2));
    const leaving = new AbortController();
    const { signal } = leaving;
    const impatient = Promise.allSettled([
      db.run(INSERT, [2], { signal }),
      db.batch([{ sql: INSERT, params: [3] }], { signal }),
      db.write((tx) => tx.run(INSERT, [4]), { signal }),
    ]);
    await until("theirs are committed", counts(db, 5));
    leaving.abort(new RangeError("of the test"));
    for (const outcome of await impatient) {
      assert.equal(outcome.status, "rejected");
      assert.ok(outcome.reason instanceof OutcomeUnknownError, String(outcome.reason));
      assert.ok(outcome.reason.cause instanceof RangeError);
    }
    assert.equal(calls.settled(), 0);
    assert.equal(db.stats.writer?.inUse, 0);
    disk.works();
    await calls.all;
    assert.equal(await db.value(COUNT), 5);
  });

  test(`${execution}: close() waits for the disk and closes the log`, async (t) => {
    const { db, disk } = await open(t, { execution });
    disk.hold();
    const calls = start([write(db, 0), write(db, 1)]);
    await until("both are committed", counts(db, 2));
    const closed = start([db.close()]);
    for (let turn = 0; turn < 20; turn++) await nextTurn();
    assert.equal(closed.settled(), 0);
    assert.equal(disk.openLogs, 1);
    disk.works();
    await calls.all;
    await closed.all;
    assert.equal(disk.openLogs, 0);
  });

  test(`${execution}: close() does not wait longer than it may`, async (t) => {
    const { db, disk } = await open(t, { execution });
    disk.hold();
    const calls = [write(db, 0), write(db, 1)];
    await until("both are committed", counts(db, 2));
    await db.close({ timeoutMs: 50 });
    disk.works();
    await Promise.all(calls);
    await until("the log is closed", () => disk.openLogs === 0);
  });

  test(`${execution}: a log that cannot be opened is synced by SQLite`, async (t) => {
    const { db, disk } = await open(t, { execution });
    disk.refusesLogs = true;
    await Promise.all([0, 1, 2].map((n) => write(db, n)));
    assert.equal(disk.syncs, 0);
    assert.equal(await db.value(COUNT), 3);
  });

  test(`${execution}: each connection of the writer has a log of its own`, async (t) => {
    const { db, disk } = await open(t, { execution, maxUses: 3 });
    for (let round = 0; round < 3; round++) {
      await Promise.all([0, 1, 2, 3, 4, 5].map((n) => write(db, n)));
      assert.ok(disk.openLogs <= 1, `${disk.openLogs} logs are open`);
    }
    assert.equal(await db.value(COUNT), 18);
    await db.close();
    assert.equal(disk.openLogs, 0);
  });
}

test("with durability normal nobody waits for the disk", async (t) => {
  const { db, disk } = await open(t, { durability: "normal" });
  await Promise.all([0, 1, 2].map((n) => write(db, n)));
  assert.equal(disk.syncs, 0);
  assert.equal(disk.openLogs, 0);
});

test("who wants commits synced differently has them so", async (t) => {
  const { db, disk } = await open(t, {
    onConnect: async (connection) => void await connection.values("PRAGMA synchronous = OFF"),
  });
  await Promise.all([0, 1, 2].map((n) => write(db, n)));
  assert.equal(disk.syncs, 0);
});

/** What happened, in order. */
type Event = { readonly what: "sync begins" | "sync ends" } | {
  readonly what: "committed" | "acknowledged";
  readonly n: number;
  /** Whether SQLite itself has synced the commit. */
  readonly synced?: boolean;
};

/** A driver that writes down when a row was committed, and how. */
function recording(driver: Driver, events: Event[]): Driver {
  const watch = (connection: DriverConnection): DriverConnection => {
    let synced = false;
    let inserted: number[] = [];
    const executeSync: DriverConnection["executeSync"] = (sql, params, options) => {
      const result = connection.executeSync!(sql, params, options);
      const level = /^PRAGMA synchronous = (\w+)$/.exec(sql)?.[1];
      if (level !== undefined) synced = level === "FULL" || level === "2";
      if (sql === INSERT) inserted.push((params as number[])[0]);
      if (sql === "ROLLBACK") inserted = [];
      if (connection.inTransaction) return result;
      for (const n of inserted) events.push({ what: "committed", n, synced });
      inserted = [];
      return result;
    };
    return new Proxy(connection, {
      get(target, key) {
        if (key === "executeSync") return executeSync;
        const value: unknown = Reflect.get(target, key, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  };
  return Object.create(driver, {
    open: {
      value: (...args: Parameters<Driver["open"]>) =>
        watch(driver.open(...args) as DriverConnection),
    },
  });
}

test("every transaction is committed, then synced, then acknowledged", async (t) => {
  const events: Event[] = [];
  const { db, disk } = await open(t, { driver: recording(await nativeDriver(), events) });
  disk.onSync = (stage) => events.push({ what: `sync ${stage}` });
  const ways = [WAYS.run, WAYS.batch, WAYS.write];
  let next = 0;
  const caller = async (way: number): Promise<void> => {
    for (let round = 0; round < 20; round++) {
      const n = next++;
      await ways[(way + round) % ways.length](db, n);
      events.push({ what: "acknowledged", n });
      // From time to time nobody else writes.
      if (way === 0 && round % 5 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
  };
  await caller(0);
  await Promise.all([0, 1, 2, 3, 4, 5].map(caller));
  await caller(1);
  const kinds = { shared: 0, alone: 0 };
  for (let n = 0; n < next; n++) {
    const committed = events.findIndex((event) => event.what === "committed" && event.n === n);
    const acknowledged = events.findIndex((event) =>
      event.what === "acknowledged" && event.n === n
    );
    const event = events[committed];
    assert.ok(event?.what === "committed" && committed < acknowledged, `${n} is not committed`);
    if (event.synced) {
      kinds.alone += 1;
      continue;
    }
    kinds.shared += 1;
    const between = events.slice(committed, acknowledged).map(({ what }) => what);
    const begins = between.indexOf("sync begins");
    assert.ok(begins >= 0 && between.includes("sync ends", begins), `${n} is not synced`);
  }
  assert.ok(kinds.shared > 0 && kinds.alone > 0, JSON.stringify(kinds));
});
