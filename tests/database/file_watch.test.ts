/** A database file that is removed or replaced while it is open. */

import assert from "node:assert/strict";
import { copyFileSync, existsSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { DatabaseMovedError, openDatabase, SQLiteError } from "../../mod.ts";
import { FileWatch } from "../../src/database/file_watch.ts";
import { FakeClock } from "../helpers/fake_clock.ts";
import { openTestDatabase } from "../helpers/databases.ts";
import { temporaryDirectory } from "../helpers/runtime.ts";

interface Watched {
  readonly path: string;
  readonly clock: FakeClock;
  readonly watch: FileWatch;
  readonly warnings: string[];
}

/** A watch over a database that is closed already: nothing else changes its file. */
async function watched(t: TestContext): Promise<Watched> {
  const { db, path } = await openTestDatabase(t);
  await db.run("CREATE TABLE t (n)");
  await db.close();
  const clock = new FakeClock();
  const warnings: string[] = [];
  const watch = new FileWatch(path, clock, (message) => warnings.push(message));
  return { path, clock, watch, warnings };
}

const moved = { name: "DatabaseMovedError", extendedCode: "SQLITE_READONLY_DBMOVED" };

test("a file that is removed is noticed by the first write after a pause", async (t) => {
  const { path, watch, warnings } = await watched(t);
  rmSync(path);
  assert.throws(() => watch.expectSame(), { ...moved, message: /was removed or renamed/ });
  assert.equal(warnings.length, 1);
});

test("a file that is replaced is noticed within a second of writing", async (t) => {
  const { path, clock, watch, warnings } = await watched(t);
  watch.expectSame();
  copyFileSync(path, `${path}.new`);
  renameSync(`${path}.new`, path);
  await clock.advance(1_000);
  assert.throws(() => watch.expectSame(), { ...moved, message: /was replaced by another file/ });
  assert.throws(() => watch.expectSame(), moved);
  assert.equal(warnings.length, 1, "one warning is enough");
});

test("reads warn and go on", async (t) => {
  const { path, watch, warnings } = await watched(t);
  rmSync(path);
  watch.look();
  watch.look();
  assert.equal(warnings.length, 1);
  assert.match(warnings[0], /Close the database, remove .*-wal and -shm.* open it again/s);
});

test("a file that comes back is written to again", async (t) => {
  const { path, clock, watch } = await watched(t);
  renameSync(path, `${path}.away`);
  assert.throws(() => watch.expectSame(), moved);
  renameSync(`${path}.away`, path);
  await clock.advance(1_000);
  watch.expectSame();
});

test("a link that leads elsewhere is a replaced file", async (t) => {
  const { path, clock } = await watched(t);
  copyFileSync(path, `${path}.other`);
  const link = join(temporaryDirectory(t), "current.db");
  symlinkSync(path, link);
  const watch = new FileWatch(link, clock, () => {});
  watch.expectSame();
  rmSync(link);
  symlinkSync(`${path}.other`, link);
  await clock.advance(1_000);
  assert.throws(() => watch.expectSame(), moved);
});

test("an unused database has no timer, and a stopped watch leaves none", async (t) => {
  const { clock, watch } = await watched(t);
  assert.equal(clock.pending, 0);
  watch.look();
  assert.equal(clock.pending, 1);
  watch.stop();
  assert.equal(clock.pending, 0);
});

for (const execution of ["inline", "worker", "auto"] as const) {
  test(`${execution}: writes into a file that is gone are soon refused, whichever way`, async (t) => {
    const { db, path, warnings } = await openTestDatabase(t, { execution, readers: 1 });
    await db.run("CREATE TABLE log (n)");
    await db.values("SELECT 1");
    rmSync(path);
    // It is looked at once a second; the test would time out.
    const insert = (): Promise<boolean> =>
      db.run("INSERT INTO log VALUES (1)").then(() => true, () => false);
    while (await insert());
    const writes: readonly (() => Promise<unknown>)[] = [
      () => db.run("CREATE TABLE t (n)"),
      () => db.write((tx) => tx.run("CREATE TABLE t (n)")),
      () => db.batch([{ sql: "CREATE TABLE t (n)" }]),
      () => db.executeScript("CREATE TABLE t (n)"),
      () => db.checkpoint(),
    ];
    for (const write of writes) {
      await assert.rejects(write(), (error: SQLiteError) => {
        assert.ok(error instanceof DatabaseMovedError && error instanceof SQLiteError);
        assert.equal(error.code, "SQLITE_READONLY");
        return true;
      });
    }
    assert.deepEqual(await db.values("SELECT count(*) FROM sqlite_schema"), [[1]]);
    assert.deepEqual(warnings, ["database moved"]);
    await db.close();
    assert.equal(existsSync(path), false);
  });
}

test("a restored database is written to after close, replace, open", async (t) => {
  const { db, path } = await openTestDatabase(t);
  await db.run("CREATE TABLE t (n)");
  await db.backup(`${path}.copy`);
  await db.run("INSERT INTO t VALUES (1)");
  await db.close();
  renameSync(`${path}.copy`, path);
  const restored = await openDatabase(path, { onWarning: () => {} });
  t.after(() => restored.close());
  await restored.run("INSERT INTO t VALUES (2)");
  assert.deepEqual(await restored.values("SELECT n FROM t"), [[2]]);
});
