/** Databases that cannot be opened or written to, and what is said about it. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmodSync, existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import process from "node:process";
import { test, type TestContext } from "node:test";
import { openDatabase } from "../../mod.ts";
import { WORKER_DRIVERS } from "../../src/worker/thread_factory.ts";
import { databaseDrivers, driverTest, type TestRun } from "../helpers/database_drivers.ts";
import { openTestDatabase } from "../helpers/databases.ts";
import { runtimeCommand } from "../helpers/runtime.ts";
import { skipFor } from "../helpers/skip_reasons.ts";

const onWindows = process.platform === "win32"
  ? "Windows has neither these permissions nor these limits"
  : undefined;

/** A closed database with one row. */
async function closedDatabase(t: TestContext): Promise<string> {
  const { db, path } = await openTestDatabase(t);
  await db.executeScript("CREATE TABLE t (n); INSERT INTO t VALUES (1);");
  await db.close();
  return path;
}

/** Runs the child, after a command of the shell. */
async function runChild(args: readonly string[], limit: string = "true"): Promise<unknown> {
  const command = runtimeCommand("tests/database/access_child.ts", args);
  const child = spawn("sh", ["-c", `${limit}; exec "$@"`, "sh", ...command], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => output += text);
  await new Promise((resolve) => child.on("close", resolve));
  return JSON.parse(output);
}

/** Lets everybody in as far as a folder, which may be in one that is private. */
function admit(folder: string): void {
  const { mode } = statSync(folder);
  if ((mode & 0o005) === 0o005) return;
  chmodSync(folder, mode | 0o055);
  admit(dirname(folder));
}

const readonlyTitle = "a WAL database in a read-only directory says why, and opens as immutable";
test(readonlyTitle, skipFor(readonlyTitle, onWindows), async (t) => {
  const path = await closedDatabase(t);
  const folder = dirname(path);
  admit(folder);
  chmodSync(path, 0o444);
  chmodSync(folder, 0o555);
  const open = (options: object): Promise<unknown> =>
    runChild(["open", path, JSON.stringify(options)]);
  const reason = (more: string): RegExp =>
    new RegExp(
      `^Cannot open ".*test.db": the directory ".*" is not writable.*"-shm".*${more}`,
    );
  try {
    assert.match(String(await open({ readonly: true })), reason("database with immutable: true"));
    assert.match(String(await open({})), reason("readonly: true and immutable: true"));
    assert.deepEqual(await open({ immutable: true }), [[1]]);
    assert.deepEqual(readdirSync(folder), ["test.db"]);
  } finally {
    chmodSync(folder, 0o755);
  }
});

const unwritableTitle = "a file the process may not write to fails with its name";
test(unwritableTitle, skipFor(unwritableTitle, onWindows), async (t) => {
  const path = await closedDatabase(t);
  admit(dirname(path));
  chmodSync(path, 0o444);
  const message = await runChild(["open", path, "{}"]);
  assert.match(String(message), /^Cannot open ".*test\.db": /);
});

const limitTitle = "a connection that cannot be opened later on is reported with its path";
test(limitTitle, skipFor(limitTitle, onWindows), async (t) => {
  const path = await closedDatabase(t);
  const message = await runChild(["exhaust", path, "{}"], "ulimit -n 90");
  assert.match(String(message), /Cannot open ".*test\.db": .*limit of open files/);
});

test("a connection to another file than the others have open is refused", async (t) => {
  const { db, path } = await openTestDatabase(t, { readers: 2 });
  await db.run("CREATE TABLE t (n)");
  await db.read(async (snapshot) => {
    rmSync(path);
    await assert.rejects(db.values("SELECT 1"), {
      name: "PoolConnectionOpenError",
      message: /test\.db" was removed or renamed/,
    });
    assert.deepEqual(await snapshot.values("SELECT count(*) FROM t"), [[0]]);
  });
  assert.equal(existsSync(path), false);
});

for (const driver of databaseDrivers) {
  const check = (title: string, run: TestRun) => test(...driverTest(driver, title, run));

  check("immutable reads without locks and files beside, or is refused by name", async (t) => {
    const path = await closedDatabase(t);
    for (const execution of ["inline", "worker"] as const) {
      const inThreads = (WORKER_DRIVERS as readonly string[]).includes(driver.driver.name);
      if (execution === "worker" && !inThreads) continue;
      const opening = openDatabase(path, { driver: driver.driver, execution, immutable: true });
      if (driver.driver.opensImmutable !== true) {
        await assert.rejects(opening, /^TypeError: .* cannot open a database as immutable/);
        continue;
      }
      const db = await opening;
      t.after(() => db.close());
      assert.deepEqual(await db.values("SELECT n FROM t"), [[1]]);
      await assert.rejects(db.run("DELETE FROM t"), { code: "SQLITE_READONLY" });
      assert.deepEqual(readdirSync(dirname(path)), ["test.db"]);
      await db.close();
    }
  });
}

test("immutable does not overlook commits that are only in the log", async (t) => {
  const { db, path } = await openTestDatabase(t);
  await db.run("CREATE TABLE t (n)");
  await assert.rejects(openDatabase(path, { immutable: true }), {
    name: "SQLitePoolError",
    message: /test\.db-wal" may hold commits, which immutable: true would ignore/,
  });
  await assert.rejects(openDatabase(":memory:", { immutable: true }), /cannot be immutable/);
});

test("leaving WAL mode is refused at once, and says what to do", async (t) => {
  const { db } = await openTestDatabase(t);
  const refused = { name: "SQLitePoolError", message: /stays in WAL mode.*close the database/s };
  const statements = ["PRAGMA journal_mode = DELETE", "pragma main.journal_mode(truncate)"];
  for (const statement of statements) {
    await assert.rejects(db.run(statement), refused);
    await assert.rejects(db.executeScript(`SELECT 1; ${statement};`), refused);
  }
  for (const execution of ["inline", "worker"] as const) {
    const { db } = await openTestDatabase(t, { execution });
    // A lease has no readers to wait for if none is open yet: nothing but the refusal stops it.
    const lease = await db.connection({ write: true });
    for (const statement of statements) {
      await assert.rejects(lease.run(statement), refused);
      await assert.rejects(lease.executeScript(`SELECT 1; ${statement};`), refused);
      await assert.rejects(lease.iterate(statement).next(), refused);
    }
    assert.deepEqual(await lease.values("PRAGMA journal_mode = WAL"), [["wal"]]);
    await lease.release();
    assert.deepEqual(await db.values("PRAGMA journal_mode"), [["wal"]]);
  }
  assert.equal(db.stats.writer!.busyRetries, 0);
  await db.run("PRAGMA journal_mode = WAL");
  assert.deepEqual(await db.values("PRAGMA journal_mode"), [["wal"]]);
});
