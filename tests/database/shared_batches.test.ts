/** Short batches share a commit with the writes they meet, and nobody notices. */

import assert from "node:assert/strict";
import { test } from "node:test";

import type { BatchStatement, Database } from "../../mod.ts";
import { openTestDatabase } from "../helpers/databases.ts";

const INSERT = "INSERT INTO t VALUES (?)";
const UNIQUE = { extendedCode: "SQLITE_CONSTRAINT_UNIQUE" };

const inserts = (...numbers: number[]): BatchStatement[] =>
  numbers.map((n) => ({ sql: INSERT, params: [n] }));

async function rows(db: Database): Promise<unknown[]> {
  return (await db.values("SELECT n FROM t ORDER BY n")).map(([n]) => n);
}

for (const execution of ["inline", "worker"] as const) {
  const check = (title: string, fn: (db: Database) => Promise<void>): void => {
    test(execution === "worker" ? `${title} (in a thread)` : title, async (t) => {
      const { db } = await openTestDatabase(t, { execution });
      await db.run("CREATE TABLE t (n INTEGER UNIQUE)");
      await fn(db);
    });
  };

  check("batches and single writes that meet share a commit", async (db) => {
    const leases = db.stats.writer!.acquired;
    const results = await Promise.all([
      db.batch(inserts(1, 2)),
      db.run(INSERT, [3]),
      db.batch([...inserts(4), { sql: "UPDATE t SET n = n + 10 WHERE n < 4" }]),
    ]);
    assert.deepEqual([results[0], results[2]].map((batch) => batch.map((r) => r.rowsAffected)), [
      [1, 1],
      [1, 3],
    ]);
    assert.equal(db.stats.writer!.acquired - leases, 1, "one lease for all");
    assert.deepEqual(await rows(db), [4, 11, 12, 13]);
  });

  check("a batch that fails leaves nothing and takes nobody with it", async (db) => {
    const settled = await Promise.allSettled([
      db.batch(inserts(1, 2)),
      db.batch(inserts(3, 4, 1)),
      db.run(INSERT, [5]),
      db.batch(inserts(6)),
      db.run(INSERT, [6]),
    ]);
    assert.deepEqual(settled.map(({ status }) => status), [
      "fulfilled",
      "rejected",
      "fulfilled",
      "fulfilled",
      "rejected",
    ]);
    const { reason } = settled[1] as PromiseRejectedResult;
    assert.equal(reason.index, 2);
    assert.equal(reason.extendedCode, "SQLITE_CONSTRAINT_UNIQUE");
    assert.deepEqual(await rows(db), [1, 2, 5, 6]);
    // The next group expects failures, and has savepoints from the start.
    const next = await Promise.allSettled([
      db.batch(inserts(7, 8)),
      db.batch(inserts(9, 8)),
      db.batch(inserts(10)),
    ]);
    assert.deepEqual(next.map(({ status }) => status), ["fulfilled", "rejected", "fulfilled"]);
    assert.deepEqual(await rows(db), [1, 2, 5, 6, 7, 8, 10]);
  });

  check("a batch that rolls everything back takes nobody with it", async (db) => {
    await db.run(INSERT, [3]);
    const rollsBack = { sql: "INSERT OR ROLLBACK INTO t VALUES (?)", params: [3] };
    const settled = await Promise.allSettled([
      db.batch(inserts(1, 2)),
      db.batch([...inserts(4), rollsBack, ...inserts(5)]),
      db.batch(inserts(6)),
    ]);
    assert.deepEqual(settled.map(({ status }) => status), ["fulfilled", "rejected", "fulfilled"]);
    assert.deepEqual(await rows(db), [1, 2, 3, 6]);
  });

  check("a commit that fails because of one batch fails that batch only", async (db) => {
    await db.executeScript(`
      CREATE TABLE parent (id INTEGER PRIMARY KEY);
      CREATE TABLE child (id REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
    `);
    const child = (id: number): BatchStatement => ({
      sql: "INSERT INTO child VALUES (?)",
      params: [id],
    });
    const settled = await Promise.allSettled([
      db.batch([{ sql: "INSERT INTO parent VALUES (1)" }, ...inserts(1)]),
      db.batch([child(99), ...inserts(2)]),
      db.batch([child(1), ...inserts(3)]),
    ]);
    assert.deepEqual(settled.map(({ status }) => status), ["fulfilled", "rejected", "fulfilled"]);
    assert.deepEqual(await rows(db), [1, 3]);
  });

  check("a batch waits for the writes before it, and those after it wait for it", async (db) => {
    await Promise.all([
      db.run(INSERT, [1]),
      db.write(async (tx) => {
        await tx.run("UPDATE t SET n = n * 10");
      }),
      db.batch([...inserts(2), { sql: "UPDATE t SET n = n + 1" }]),
      db.executeScript("UPDATE t SET n = n * 10"),
    ]);
    assert.deepEqual(await rows(db), [30, 110]);
  });
}

test("a batch whose caller gives up between two statements leaves nothing", async (t) => {
  const caller = new AbortController();
  const reason = new Error("enough");
  const { db } = await openTestDatabase(t, {
    rowFactory: ([n]) => {
      if (n === 1) caller.abort(reason);
      return n;
    },
  });
  await db.run("CREATE TABLE t (n INTEGER UNIQUE)");
  const settled = await Promise.allSettled([
    db.batch(inserts(7)),
    db.batch([{ sql: `${INSERT} RETURNING n`, params: [1] }, ...inserts(2)], {
      signal: caller.signal,
    }),
    db.batch(inserts(8)),
  ]);
  assert.deepEqual(settled.map(({ status }) => status), ["fulfilled", "rejected", "fulfilled"]);
  assert.equal((settled[1] as PromiseRejectedResult).reason, reason);
  assert.deepEqual((await db.values("SELECT n FROM t ORDER BY n")).flat(), [7, 8]);
  await assert.rejects(db.batch(inserts(3, 7)), UNIQUE);
});
