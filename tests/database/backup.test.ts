/** A backup is a whole database, or leaves nothing: on every driver, inline and in threads. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test, type TestContext } from "node:test";
import { type Database, type DatabaseOptions, openDatabase } from "../../mod.ts";
import {
  databaseDrivers,
  driverTest,
  packagedDrivers,
  type TestRun,
} from "../helpers/database_drivers.ts";
import { openTestDatabase } from "../helpers/databases.ts";
import { gate } from "../helpers/pools.ts";
import { runtimeCommand, temporaryDirectory } from "../helpers/runtime.ts";

/** Some hundred pages: a copy in steps takes several. */
async function fill(db: Database): Promise<void> {
  await db.executeScript(`
    CREATE TABLE t (data BLOB);
    INSERT INTO t
      WITH RECURSIVE c(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM c WHERE n < 500)
      SELECT zeroblob(4000) FROM c;
  `);
}

interface Prepared {
  readonly db: Database;
  readonly folder: string;
  readonly target: string;
}

async function prepare(t: TestContext, options: DatabaseOptions): Promise<Prepared> {
  const { db } = await openTestDatabase(t, { readers: 1, ...options });
  await fill(db);
  const folder = join(temporaryDirectory(t), "backups");
  mkdirSync(folder);
  return { db, folder, target: join(folder, "copy.db") };
}

const inline = databaseDrivers.map((driver) => ({ driver, execution: "inline" as const }));
/** In threads the copy is SQL on every driver. */
const inThreads = databaseDrivers
  .filter((driver) => !packagedDrivers.includes(driver))
  .map((driver) => ({ driver, execution: "worker" as const }));

for (const { driver, execution } of [...inline, ...inThreads]) {
  const check = (title: string, run: TestRun) =>
    test(...driverTest(driver, `${execution}: ${title}`, run));
  const start = (t: TestContext): Promise<Prepared> =>
    prepare(t, { driver: driver.driver, execution });

  check("a backup gets its name when it is complete", async (t) => {
    const { db, folder, target } = await start(t);
    const seen: boolean[] = [];
    await db.backup(target, { onProgress: () => seen.push(existsSync(target)) });
    assert.ok(seen.length > 0);
    assert.deepEqual(seen.filter((exists) => exists), []);
    assert.deepEqual(readdirSync(folder), ["copy.db"]);
    const copy = await openDatabase(target, { driver: driver.driver, onWarning: () => {} });
    assert.deepEqual(await copy.values("SELECT count(*) FROM t"), [[500]]);
    await copy.close();
  });

  check("a backup whose onProgress throws leaves nothing", async (t) => {
    const { db, folder, target } = await start(t);
    const problem = new RangeError("enough");
    const onProgress = (): never => {
      throw problem;
    };
    await assert.rejects(db.backup(target, { onProgress }), problem);
    assert.deepEqual(readdirSync(folder), []);
    assert.deepEqual(await db.values("SELECT count(*) FROM t"), [[500]]);
  });

  check("a file that appears meanwhile is not overwritten", async (t) => {
    const { db, folder, target } = await start(t);
    const onProgress = (): void => writeFileSync(target, "somebody else's");
    await assert.rejects(db.backup(target, { onProgress }), /does not overwrite/);
    assert.deepEqual(readdirSync(folder), ["copy.db"]);
    assert.equal(readFileSync(target, "utf8"), "somebody else's");
  });

  check("a backup ends with its signal at every stage, and leaves nothing", async (t) => {
    const { db, folder, target } = await start(t);
    const reason = new RangeError("no longer wanted");
    const aborted = { signal: AbortSignal.abort(reason) };
    await assert.rejects(db.backup(target, aborted), reason);
    const waiting = new AbortController();
    const { opened, open } = gate();
    const reading = db.read(() => opened);
    const waited = db.backup(target, { signal: waiting.signal });
    waiting.abort(reason);
    await assert.rejects(waited, reason);
    open();
    await reading;
    const copying = new AbortController();
    const onProgress = (): void => copying.abort(reason);
    await assert.rejects(db.backup(target, { signal: copying.signal, onProgress }), reason);
    // What is still under way has ended when the reader is free.
    assert.deepEqual(await db.values("SELECT count(*) FROM t"), [[500]]);
    assert.deepEqual(readdirSync(folder), []);
  });

  check("a backup waits for a reader as long as it is told", async (t) => {
    const { db, folder, target } = await start(t);
    const { opened, open } = gate();
    const reading = db.read(() => opened);
    await assert.rejects(db.backup(target, { timeoutMs: 1 }), {
      name: "PoolConnectionAcquireTimeoutError",
    });
    open();
    await reading;
    assert.deepEqual(readdirSync(folder), []);
  });

  check("a bad option of a backup is refused", async (t) => {
    const { db, target } = await start(t);
    const refused: readonly [object, RegExp][] = [
      [{ timeoutMs: -1 }, /^RangeError: timeoutMs/],
      [{ signal: new AbortController() }, /^TypeError: signal must be an AbortSignal/],
      [{ onProgress: 1 }, /^TypeError: onProgress must be a function/],
    ];
    for (const [options, message] of refused) {
      await assert.rejects(db.backup(target, options), message);
    }
    for (const path of [":memory:", "libsql://host", "file:copy.db?mode=ro"]) {
      await assert.rejects(db.backup(path), /backup needs the path of a new file/);
    }
  });

  check(
    "a folder that does not exist is an error, and a trailing space is part of the name",
    async (t) => {
      const { db, folder, target } = await start(t);
      await assert.rejects(db.backup(join(folder, "no", "copy.db")), { code: "SQLITE_CANTOPEN" });
      await db.backup(`${target} `);
      assert.deepEqual(readdirSync(folder), ["copy.db "]);
    },
  );

  check("a backup that the disk has no room for leaves nothing", async (t) => {
    if (process.platform === "win32") return t.skip("files cannot be limited on Windows");
    const { db, folder, target } = await start(t);
    const [[, , path]] = await db.values("PRAGMA database_list");
    await db.close();
    // A limit for the size of files is as good as a full disk.
    const command = runtimeCommand("tests/database/backup_child.ts", [
      ...[driver.name, execution, String(path), target],
    ]);
    const limited = `trap "" XFSZ; ulimit -f 1000; exec "$@"`;
    const child = spawn("sh", ["-c", limited, "sh", ...command], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => output += text);
    await new Promise((resolve) => child.on("close", resolve));
    assert.match(output, /^failed with SQLITE_(FULL|IOERR)\n$/);
    assert.deepEqual(readdirSync(folder), []);
  });
}

test("a backup in a thread that takes too long is given up, and leaves nothing", async (t) => {
  const { db, folder, target } = await prepare(t, { execution: "worker" });
  await db.run("INSERT INTO t SELECT zeroblob(4000) FROM t a, t b LIMIT 20000");
  assert.deepEqual(await db.values("SELECT 1"), [[1]], "the reader is open");
  await assert.rejects(db.backup(target, { timeoutMs: 5 }), {
    name: "QueryTimeoutError",
    message: /The backup took longer than 5 ms.*left no file/,
  });
  assert.deepEqual(await db.values("SELECT count(*) FROM t"), [[20_500]]);
  assert.deepEqual(readdirSync(folder), []);
});
