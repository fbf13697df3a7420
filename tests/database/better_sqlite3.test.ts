/** What better-sqlite3 does in its own way under openDatabase. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { type Database, openDatabase, type SQLiteError } from "../../mod.ts";
import { databaseDrivers, driverTest, type TestRun } from "../helpers/database_drivers.ts";
import { openTestDatabase } from "../helpers/databases.ts";
import { temporaryDirectory } from "../helpers/runtime.ts";

const better = databaseDrivers.find(({ name }) => name === "better-sqlite3")!;
const betterTest = (title: string, run: TestRun) => test(...driverTest(better, title, run));

/** A database of some hundred pages. */
async function fill(db: Database): Promise<void> {
  await db.executeScript(`
    CREATE TABLE t (data BLOB);
    INSERT INTO t
      WITH RECURSIVE c(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM c WHERE n < 500)
      SELECT zeroblob(4000) FROM c;
  `);
}

betterTest("a backup goes on beside commits, and is one snapshot", async (t) => {
  const { db } = await openTestDatabase(t, { driver: better.driver });
  await fill(db);
  const target = join(temporaryDirectory(t), "copy.db");
  const remaining: number[] = [];
  const writes: Promise<unknown>[] = [];
  await db.backup(target, {
    onProgress({ totalPages, remainingPages }) {
      assert.ok(totalPages >= 500);
      remaining.push(remainingPages);
      if (writes.length < 10) writes.push(db.run("INSERT INTO t VALUES ('later')"));
    },
  });
  await Promise.all(writes);
  assert.ok(remaining.length >= 5, `${remaining.length} steps`);
  assert.deepEqual(remaining, remaining.toSorted((a, b) => b - a), "it never began again");
  assert.equal(remaining.at(-1), 0);
  assert.deepEqual(await db.values("SELECT count(*) > 500 FROM t"), [[1]]);
  const copy = await openDatabase(target, { driver: better.driver });
  assert.deepEqual(await copy.values("SELECT count(*) FROM t"), [[500]]);
  await copy.close();
});

betterTest("a path that the driver would trim is refused", async (t) => {
  const { path } = await openTestDatabase(t, { driver: better.driver });
  const trimmed = /^RangeError: The path ".* " begins or ends with whitespace/;
  await assert.rejects(openDatabase(`${path} `, { driver: better.driver }), trimmed);
});

betterTest("a database in memory may be read-only", async (t) => {
  const db = await openDatabase(":memory:", { driver: better.driver, readonly: true });
  t.after(() => db.close());
  await assert.rejects(
    db.get("CREATE TABLE t (n)"),
    (error: SQLiteError) => error.code === "SQLITE_READONLY",
  );
});
