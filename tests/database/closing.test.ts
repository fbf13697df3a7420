/** Closing and checkpoints while others are in the way. */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { openTestDatabase } from "../helpers/databases.ts";
import { nativeDriver } from "../helpers/drivers.ts";
import { gate } from "../helpers/pools.ts";

/** About 24 days: whoever waits for a lock waits for ever. */
const busyTimeoutMs = 2 ** 31 - 1;

for (const execution of ["inline", "worker"] as const) {
  test(`${execution}: closing waits for nobody who holds the write lock`, async (t) => {
    const { db, path } = await openTestDatabase(t, { execution, busyTimeoutMs });
    await db.executeScript(`
      CREATE TABLE t (n INTEGER);
      CREATE INDEX t_by_n ON t (n);
      WITH RECURSIVE c(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM c WHERE n < 1000)
        INSERT INTO t SELECT n FROM c;
    `);
    // With this PRAGMA optimize has something to write.
    await db.write((tx) => tx.values("SELECT count(*) FROM t WHERE n = 5"));
    const other = nativeDriver.open(path);
    t.after(() => other.close());
    other.exec("BEGIN IMMEDIATE");
    await db.close();
    other.exec("INSERT INTO t VALUES (0)");
    other.exec("COMMIT");
  });

  test(`${execution}: a checkpoint waits for the writer as long as it is told`, async (t) => {
    const { db } = await openTestDatabase(t, { execution });
    await db.run("CREATE TABLE t (n)");
    const { opened, open } = gate();
    const writing = db.write(() => opened);
    const reason = new RangeError("no longer wanted");
    const controller = new AbortController();
    const waiting = db.checkpoint("passive", { signal: controller.signal });
    controller.abort(reason);
    await assert.rejects(waiting, reason);
    await assert.rejects(db.checkpoint("truncate", { timeoutMs: 1 }), {
      name: "PoolConnectionAcquireTimeoutError",
    });
    open();
    await writing;
    const refused: readonly [object, RegExp][] = [
      [{ timeoutMs: -1 }, /^RangeError: timeoutMs/],
      [{ signal: controller }, /^TypeError: signal must be an AbortSignal/],
      [{ timeout: 5 }, /^TypeError: Unknown option "timeout"/],
    ];
    for (const [options, message] of refused) {
      await assert.rejects(db.checkpoint("passive", options), message);
    }
    assert.equal((await db.checkpoint("truncate", { timeoutMs: 60_000 })).busy, false);
  });

  test(`${execution}: closing collects statistics and empties the log when it can`, async (t) => {
    const { db, path } = await openTestDatabase(t, { execution });
    await db.executeScript(`
      CREATE TABLE t (n INTEGER);
      CREATE INDEX t_by_n ON t (n);
      WITH RECURSIVE c(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM c WHERE n < 1000)
        INSERT INTO t SELECT n FROM c;
    `);
    await db.write((tx) => tx.values("SELECT count(*) FROM t WHERE n = 5"));
    await db.close();
    assert.equal(existsSync(`${path}-wal`), false);
    const other = nativeDriver.open(path);
    t.after(() => other.close());
    other.exec("INSERT INTO sqlite_stat1 VALUES ('t', NULL, '1')");
  });
}

for (const execution of ["inline", "worker", "auto"] as const) {
  test(`${execution}: closing serves those who wait for a reader when it is to drain`, async (t) => {
    const { db } = await openTestDatabase(t, { execution, readers: 1 });
    await db.run("CREATE TABLE t (n)");
    await db.get("SELECT n FROM t");
    const conn = await db.connection();
    const waiting = [db.all("SELECT n FROM t"), db.read((tx) => tx.all("SELECT n FROM t"))];
    const written = db.run("INSERT INTO t VALUES (1)");
    const closed = db.close({ drain: true });
    await assert.rejects(db.all("SELECT n FROM t"), { name: "PoolClosedError" });
    await conn.release();
    for (const rows of await Promise.all(waiting)) assert.ok(rows.length <= 1);
    await written;
    await closed;
  });

  test(`${execution}: closing serves those who let the event loop run first when it is to drain`, async (t) => {
    const { db } = await openTestDatabase(t, { execution });
    await db.run("CREATE TABLE t (n)");
    await db.get("SELECT n FROM t");
    const reading: Promise<unknown>[] = [];
    // Longer than a program may keep the event loop waiting.
    for (const until = performance.now() + 10; performance.now() < until;) {
      reading.push(db.all("SELECT n FROM t"));
    }
    const closed = db.close({ drain: true });
    await Promise.all(reading);
    await closed;
  });

  test(`${execution}: closing refuses those who wait for a reader otherwise`, async (t) => {
    const { db } = await openTestDatabase(t, { execution, readers: 1 });
    await db.run("CREATE TABLE t (n)");
    const conn = await db.connection();
    const waiting = db.read((tx) => tx.all("SELECT n FROM t"));
    const closed = db.close();
    await assert.rejects(waiting, { name: "PoolClosedError" });
    await conn.release();
    await closed;
  });
}
