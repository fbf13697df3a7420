/** Two SQLite libraries on one file are refused, whoever opens it. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { Worker } from "node:worker_threads";
import { openDatabase, SQLiteConnectionPool, workerConnection } from "../../mod.ts";
import { ThreadTable, threadTable } from "../../src/connections/locking/thread_table.ts";
import { driverTest, packagedDrivers, type TestRun } from "../helpers/database_drivers.ts";
import { driverFor, openTestDatabase } from "../helpers/databases.ts";
import { nativeDriver } from "../helpers/drivers.ts";
import { temporaryDirectory } from "../helpers/runtime.ts";

const OPEN = {
  readonly: false,
  create: false,
  intMode: "number",
  statementCacheSize: undefined,
} as const;

/** Opens a file in a thread, through what calls itself another library, and keeps it open. */
class OpeningThread {
  readonly #worker: Worker;
  /** "open", or the message of the error. */
  readonly outcome: Promise<string>;

  constructor(t: TestContext, path: string, library: string) {
    const script = new URL("./libraries_thread.ts", import.meta.url);
    this.#worker = new Worker(script, { workerData: { path, library } });
    t.after(() => this.#worker.terminate());
    this.outcome = this.#next();
  }

  async close(): Promise<void> {
    const closed = this.#next();
    this.#worker.postMessage("close");
    await closed;
  }

  #next(): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#worker.once("message", resolve);
      this.#worker.once("error", reject);
    });
  }
}

test("another library in another thread is refused, as long as the file is open here", async (t) => {
  const { db, path } = await openTestDatabase(t);
  await db.run("CREATE TABLE t (n)");
  const refused = new OpeningThread(t, path, "another SQLite");
  assert.match(
    await refused.outcome,
    /^SQLiteLibraryConflictError: .* is open in another thread of this process through .*another SQLite/,
  );
  const same = new OpeningThread(t, path, "");
  assert.equal(await same.outcome, "open");
  await same.close();
  await db.close();
  const later = new OpeningThread(t, path, "another SQLite");
  assert.equal(await later.outcome, "open");
  await later.close();
});

test("a thread's library is known here, until the thread has closed the file", async (t) => {
  const { db, path } = await openTestDatabase(t);
  await db.run("CREATE TABLE t (n)");
  await db.close();
  const thread = new OpeningThread(t, path, "another SQLite");
  assert.equal(await thread.outcome, "open");
  await assert.rejects(openTestDatabase(t, {}, path), {
    name: "SQLiteLibraryConflictError",
    message: /is open in another thread of this process through another SQLite/,
  });
  await thread.close();
  const { db: after } = await openTestDatabase(t, {}, path);
  await after.close();
});

const file = (ino: bigint, birthtimeNs = 1n) => ({ dev: 1n, ino, birthtimeNs });

test("the table counts users, and keeps what closes late to its library", () => {
  const table = new ThreadTable(new SharedArrayBuffer(8 + 1_024 * 64));
  assert.equal(table.claim(file(1n), "a"), undefined);
  assert.equal(table.claim(file(1n), "a"), undefined);
  assert.deepEqual(table.claim(file(1n), "b"), { library: "a", users: 2 });
  assert.equal(table.claim(file(2n), "b"), undefined);
  table.leave(file(1n), false);
  assert.deepEqual(table.claim(file(1n), "b"), { library: "a", users: 1 });
  table.leave(file(1n), true);
  assert.deepEqual(table.claim(file(1n), "b"), { library: "a", users: 0 });
  assert.equal(table.claim(file(1n, 2n), "b"), undefined, "another file with its number");
  table.leave(file(1n, 2n), false);
  assert.equal(table.claim(file(1n), "c"), undefined);
});

test("a full table and long names are no obstacle", () => {
  const table = new ThreadTable(new SharedArrayBuffer(8 + 1_024 * 64));
  const name = "a library with a name that is longer than the room for it";
  for (let ino = 0n; ino < 2_000n; ino++) {
    assert.equal(table.claim(file(ino), name), undefined);
    assert.equal(table.claim(file(ino), name), undefined);
  }
  table.leave(file(1_999n), false);
  assert.match(table.claim(file(1n), "b")!.library, /^a library/);
});

test("the table is the same for all who ask in a thread", () => {
  const table = threadTable()!;
  table.claim(file(77n), "a");
  assert.deepEqual(threadTable()!.claim(file(77n), "b"), { library: "a", users: 1 });
  table.leave(file(77n), false);
});

/** Every driver of the runtime over one file; those of packages bring another library. */
for (const packaged of packagedDrivers) {
  const check = (title: string, run: TestRun) => test(...driverTest(packaged, title, run));

  check("a pool of its library beside a database of the runtime's is refused", async (t) => {
    const { db, path } = await openTestDatabase(t);
    await db.run("CREATE TABLE t (n)");
    let opened = 0;
    const pool = new SQLiteConnectionPool(() => {
      opened += 1;
      return packaged.driver.open(path, OPEN);
    }, { poolSize: 2 });
    t.after(() => pool.close());
    const refused = {
      name: "PoolConnectionOpenError",
      message: /Two SQLite libraries on one file/,
    };
    await assert.rejects(pool.execute("SELECT 1"), refused);
    await assert.rejects(pool.execute("SELECT 1"), refused);
    assert.equal(opened, 1, "what would have to stay open is not opened again");
    await db.close();
    assert.deepEqual(await pool.values("SELECT count(*) FROM t"), [[0]]);
  });

  check("a database of its library beside a pool of the runtime's is refused", async (t) => {
    const path = join(temporaryDirectory(t), "test.db");
    const pool = new SQLiteConnectionPool(() => nativeDriver.open(path));
    t.after(() => pool.close());
    await pool.execute("CREATE TABLE t (n)");
    const options = { driver: packaged.driver, onWarning: () => {} };
    await assert.rejects(openDatabase(path, options), { name: "SQLiteLibraryConflictError" });
    await pool.close();
    const db = await openDatabase(path, options);
    assert.deepEqual(await db.values("SELECT count(*) FROM t"), [[0]]);
    await db.close();
  });
}

const another = { ...driverFor(nativeDriver), library: "another SQLite" };

test("a refused handle stays open, for to close it would drop the locks of the other", async (t) => {
  const { db, path } = await openTestDatabase(t, { driver: another });
  await db.run("CREATE TABLE t (n)");
  const handle = nativeDriver.open(path);
  t.after(() => handle.close());
  const pool = new SQLiteConnectionPool(() => handle);
  await assert.rejects(pool.execute("SELECT 1"), /Two SQLite libraries on one file/);
  await pool.close();
  handle.exec("SELECT count(*) FROM t");
});

test("a pool in threads is asked for its library too", async (t) => {
  const { db, path } = await openTestDatabase(t, { driver: another });
  await db.run("CREATE TABLE t (n)");
  const pool = new SQLiteConnectionPool(workerConnection(path));
  t.after(() => pool.close());
  await assert.rejects(pool.execute("SELECT 1"), {
    name: "PoolConnectionOpenError",
    message: /is open in this process through another SQLite/,
  });
});
