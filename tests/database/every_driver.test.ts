/** What openDatabase promises holds on every driver it takes. */

import assert from "node:assert/strict";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { pathToFileURL } from "node:url";
import { type Database, type DatabaseOptions, openDatabase, sql } from "../../mod.ts";
import { hasWalResetBug } from "../../src/database/open_errors.ts";
import {
  databaseDrivers,
  driverTest,
  packagedDrivers,
  type TestRun,
} from "../helpers/database_drivers.ts";
import { openTestDatabase, type TestDatabase } from "../helpers/databases.ts";
import { temporaryDirectory } from "../helpers/runtime.ts";

const CREATE = "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT UNIQUE)";

for (const driver of databaseDrivers) {
  const { name } = driver;
  const check = (title: string, run: TestRun) => test(...driverTest(driver, title, run));
  const open = (location: string | URL, options: DatabaseOptions = {}): Promise<Database> =>
    openDatabase(location, { driver: driver.driver, onWarning: () => {}, ...options });
  const openNew = (t: TestContext, options: DatabaseOptions = {}): Promise<TestDatabase> =>
    openTestDatabase(t, { driver: driver.driver, ...options });

  check("reads, writes, batches and scripts", async (t) => {
    const { db } = await openNew(t);
    await db.executeScript(`${CREATE}; CREATE TABLE log (line TEXT);`);
    const inserted = await db.run("INSERT INTO users (name) VALUES (?) RETURNING id", ["Alice"]);
    assert.deepEqual(inserted, {
      columns: ["id"],
      rows: [{ id: 1 }],
      rowsAffected: 1,
      lastInsertRowid: 1,
    });
    const results = await db.batch([
      { sql: "INSERT INTO users (name) VALUES (:name)", params: { name: "Bob" } },
      { sql: sql`INSERT INTO log VALUES (${"added Bob"})` },
    ]);
    assert.deepEqual(results.map(({ rowsAffected }) => rowsAffected), [1, 1]);
    assert.deepEqual(await db.get("SELECT name FROM users WHERE id = ?", [2]), { name: "Bob" });
    assert.equal(await db.get("SELECT name FROM users WHERE id = 3"), undefined);
    assert.equal((await db.all("SELECT * FROM users")).length, 2);
    assert.deepEqual(await db.values("SELECT line FROM log"), [["added Bob"]]);
    const names: unknown[] = [];
    for await (const { name } of db.iterate("SELECT name FROM users ORDER BY id")) {
      names.push(name);
    }
    assert.deepEqual(names, ["Alice", "Bob"]);
    assert.equal(db.stats.readers.inUse, 0);
  });

  check("a batch is all or nothing", async (t) => {
    const { db } = await openNew(t);
    await db.run(CREATE);
    const batch = ["a", "b", "a"].map((name) => ({
      sql: "INSERT INTO users (name) VALUES (?)",
      params: [name],
    }));
    await assert.rejects(db.batch(batch), { extendedCode: "SQLITE_CONSTRAINT_UNIQUE" });
    assert.deepEqual(await db.values("SELECT count(*) FROM users"), [[0]]);
  });

  check("read sees one snapshot, across commits and a checkpoint", async (t) => {
    const { db } = await openNew(t);
    await db.run(CREATE);
    const count = "SELECT count(*) FROM users";
    await db.read(async (snapshot) => {
      for (let i = 0; i < 3; i++) {
        await db.run("INSERT INTO users (name) VALUES (?)", [`user ${i}`]);
        await db.checkpoint("passive");
        assert.deepEqual(await snapshot.values(count), [[0]]);
        assert.deepEqual(await db.values(count), [[i + 1]]);
      }
    });
    assert.deepEqual(await db.read((snapshot) => snapshot.values(count)), [[3]]);
  });

  check("every connection is set up alike, whatever the driver's defaults", async (t) => {
    const { db } = await openNew(t);
    const settings = async (
      query: (sql: string) => Promise<unknown[][]>,
    ): Promise<Record<string, unknown>> => {
      const names = [
        ...["journal_mode", "synchronous", "foreign_keys", "temp_store"],
        ...["cache_size", "mmap_size", "busy_timeout"],
      ];
      const found: Record<string, unknown> = {};
      for (const name of names) found[name] = (await query(`PRAGMA ${name}`))[0][0];
      return found;
    };
    const expected = {
      journal_mode: "wal",
      synchronous: 1,
      foreign_keys: 1,
      temp_store: 2,
      cache_size: -16_000,
      mmap_size: 0,
      busy_timeout: 0,
    };
    assert.deepEqual(await settings((query) => db.values(query)), expected);
    assert.deepEqual(await db.write((tx) => settings((query) => tx.values(query))), expected);
  });

  check("a database in memory is one connection for everything", async (t) => {
    const db = await open(":memory:");
    t.after(() => db.close());
    await db.run(CREATE);
    await db.run("INSERT INTO users (name) VALUES ('a')");
    assert.deepEqual(await db.all("SELECT name FROM users"), [{ name: "a" }]);
    assert.deepEqual(await db.read((snapshot) => snapshot.values("SELECT count(*) FROM users")), [
      [1],
    ]);
    assert.equal(db.stats.readers.opened, 1);
    await assert.rejects(db.write(() => db.get("SELECT 1")), /inside the callback of db.write/);
  });

  check("locations: relative and absolute paths, file URLs, URL objects", async (t) => {
    const directory = temporaryDirectory(t);
    const path = join(directory, "a b%25#?é.db");
    const first = await open(path);
    await first.run(CREATE);
    await first.close();
    for (const location of [pathToFileURL(path), pathToFileURL(path).href, `${path}`]) {
      const db = await open(location);
      assert.deepEqual(await db.values("SELECT name FROM sqlite_schema WHERE type = 'table'"), [
        ["users"],
      ]);
      await db.close();
    }
    const readonly = await open(`${pathToFileURL(path).href}?mode=ro`);
    await assert.rejects(readonly.run("DELETE FROM users"), { code: "SQLITE_READONLY" });
    await readonly.close();
  });

  check("what cannot be opened says why", async (t) => {
    const directory = temporaryDirectory(t);
    const notADatabase = join(directory, "text.db");
    writeFileSync(
      notADatabase,
      "this is not a database, but long enough to look like a file\n".repeat(30),
    );
    mkdirSync(join(directory, "folder"));
    const missing = join(directory, "missing.db");
    const loop = join(directory, "loop.db");
    symlinkSync("loop.db", loop);
    const cases: readonly [string, object, RegExp][] = [
      [
        join(directory, "no", "such", "app.db"),
        { code: "SQLITE_CANTOPEN" },
        /directory .* does not exist/,
      ],
      [loop, { code: "SQLITE_CANTOPEN" }, /Cannot open ".*loop\.db"/],
      [join(directory, "folder"), { code: "SQLITE_CANTOPEN" }, /is a directory/],
      [notADatabase, { code: "SQLITE_NOTADB" }, /not a SQLite database/],
      [`${pathToFileURL(missing).href}?mode=rw`, { code: "SQLITE_CANTOPEN" }, /does not exist/],
      [`${pathToFileURL(missing).href}?mode=ro`, { code: "SQLITE_CANTOPEN" }, /does not exist/],
    ];
    // A file system that takes no new files, whoever asks.
    const readonlyFileSystem = "/proc/no-such.db";
    const onLinux: typeof cases = existsSync("/proc/self")
      ? [[readonlyFileSystem, { code: "SQLITE_CANTOPEN" }, /its directory is writable/]]
      : [];
    for (const [location, shape, message] of [...cases, ...onLinux]) {
      await assert.rejects(open(location), { name: "SQLiteError", ...shape, message });
    }
    assert.equal(existsSync(missing), false, "nothing was created");
  });

  check("readonly opens existing files only, and refuses to write", async (t) => {
    const { path, db } = await openNew(t);
    await db.run(CREATE);
    await db.close();
    const readonly = await open(path, { readonly: true });
    assert.deepEqual(await readonly.all("SELECT * FROM users"), []);
    assert.deepEqual(await readonly.values("PRAGMA mmap_size"), [[268_435_456]]);
    const refused = { code: "SQLITE_READONLY", message: /opened read-only/ };
    await assert.rejects(readonly.run("DELETE FROM users"), refused);
    await assert.rejects(readonly.write(() => {}), refused);
    assert.equal(readonly.stats.writer, undefined);
    await readonly.close();
  });

  check("untrusted opens read-only, hardened, and refuses a damaged file", async (t) => {
    const { path, db } = await openNew(t);
    await db.run("CREATE TABLE t (n)");
    await db.run(
      "WITH RECURSIVE c(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM c WHERE n < 5000) " +
        "INSERT INTO t SELECT n || 'some text to fill the pages with' FROM c",
    );
    await db.close();
    const untrusted = await open(path, { untrusted: true });
    assert.deepEqual(await untrusted.values("PRAGMA trusted_schema"), [[0]]);
    assert.deepEqual(await untrusted.values("PRAGMA cell_size_check"), [[1]]);
    assert.deepEqual(await untrusted.values("PRAGMA mmap_size"), [[0]]);
    await assert.rejects(untrusted.run("DELETE FROM t"), { code: "SQLITE_READONLY" });
    await untrusted.close();
    damage(path);
    await assert.rejects(open(path, { untrusted: true }), { code: "SQLITE_CORRUPT" });
  });

  check("backup copies the database while it is in use", async (t) => {
    const { db } = await openNew(t);
    const target = join(temporaryDirectory(t), "copy.db");
    await db.run(CREATE);
    await db.run("INSERT INTO users (name) VALUES ('a')");
    const progress: number[] = [];
    await db.write(async (tx) => {
      await tx.run("INSERT INTO users (name) VALUES ('not yet committed')");
      await db.backup(target, {
        onProgress: ({ remainingPages }) => progress.push(remainingPages),
      });
    });
    assert.equal(progress.at(-1), 0);
    const copy = await open(target);
    assert.deepEqual(await copy.values("SELECT name FROM users"), [["a"]]);
    await copy.close();
    await assert.rejects(db.backup(target), /does not overwrite/);
  });

  check("a database in memory is backed up, and written to afterwards", async (t) => {
    const db = await open(":memory:");
    t.after(() => db.close());
    const target = join(temporaryDirectory(t), "copy.db");
    await db.run(CREATE);
    await db.backup(target);
    await db.run("INSERT INTO users (name) VALUES ('later')");
    assert.equal(existsSync(target), true);
  });

  check("readers cannot write, whatever they are told", async (t) => {
    const { db } = await openNew(t);
    await db.run(CREATE);
    const refused = { code: "SQLITE_READONLY", message: /Use db.run\(\) or db.write\(\)/ };
    await assert.rejects(db.get("INSERT INTO users (name) VALUES ('a') RETURNING id"), refused);
    const write = db.read(async (snapshot) => {
      await snapshot.values("PRAGMA query_only = OFF");
      await snapshot.run("INSERT INTO users (name) VALUES ('a')");
    });
    await assert.rejects(write, refused);
  });

  check("writes that meet share a commit, and fail alone", async (t) => {
    const { db } = await openNew(t);
    await db.run(CREATE);
    const leases = db.stats.writer!.acquired;
    const names = ["a", "b", "a", "c"];
    const settled = await Promise.allSettled(
      names.map((user) => db.run("INSERT INTO users (name) VALUES (?)", [user])),
    );
    assert.deepEqual(settled.map(({ status }) => status === "fulfilled"), [
      true,
      true,
      false,
      true,
    ]);
    assert.equal(db.stats.writer!.acquired - leases, 1);
    assert.deepEqual(await db.values("SELECT name FROM users ORDER BY name"), [["a"], ["b"], [
      "c",
    ]]);
  });

  check("warns of the WAL-reset bug by the version of its own SQLite", async (t) => {
    const { db, warnings } = await openNew(t);
    const [[version]] = await db.values("SELECT sqlite_version()");
    assert.deepEqual(warnings, hasWalResetBug(String(version)) ? ["wal-reset bug"] : []);
  });

  check("integers as bigints, or nothing is opened", async (t) => {
    const path = join(temporaryDirectory(t), "test.db");
    const opened = open(path, { intMode: "bigint" });
    if (name === "db-sqlite") {
      await assert.rejects(
        opened,
        /^TypeError: intMode "bigint" is not to be had from @db\/sqlite/,
      );
      return assert.equal(existsSync(path), false);
    }
    const db = await opened;
    t.after(() => db.close());
    assert.deepEqual(await db.values("SELECT 9007199254740993"), [[9007199254740993n]]);
  });

  check("close empties the log, and every call returns the same promise", async (t) => {
    const { db, path } = await openNew(t);
    await db.run(CREATE);
    const last = db.run("INSERT INTO users (name) VALUES ('last')");
    const closed = db.close();
    assert.equal(db.close(), closed);
    await closed;
    assert.equal((await last).rowsAffected, 1, "what was queued before is done");
    const log = statSync(`${path}-wal`, { throwIfNoEntry: false });
    if (driver.driver.closesLate) assert.equal(log?.size, 0);
    else assert.equal(log, undefined);
    await db[Symbol.asyncDispose]();
  });
}

for (const driver of packagedDrivers) {
  const check = (title: string, run: TestRun) => test(...driverTest(driver, title, run));
  const options = {
    readonly: false,
    create: false,
    intMode: "number",
    statementCacheSize: undefined,
  } as const;

  check("the driver leaves a missing file alone when told", (t) => {
    const path = join(temporaryDirectory(t), "missing.db");
    for (const readonly of [false, true]) {
      assert.throws(() => driver.driver.open(path, { ...options, readonly }), {
        name: "SQLiteError",
        code: "SQLITE_CANTOPEN",
      });
    }
    assert.equal(existsSync(path), false);
  });

  check("the driver tells how long statements take", async () => {
    const timed: string[] = [];
    const onTiming = (text: string, ms: number): void => {
      assert.ok(ms >= 0);
      timed.push(text);
    };
    const connection = await driver.driver.open(":memory:", { ...options, create: true, onTiming });
    connection.executeSync!("SELECT 1");
    assert.deepEqual(timed, ["SELECT 1"]);
    await connection.close();
  });

  check("its SQLite and the runtime's on one file are refused", async (t) => {
    const { db, path } = await openTestDatabase(t, { driver: driver.driver });
    await assert.rejects(openDatabase(path), {
      name: "SQLiteLibraryConflictError",
      message: new RegExp(`is open in this process through ${driver.driver.library} and`),
    });
    await db.close();
    if (driver.driver.closesLate) {
      await assert.rejects(openDatabase(path), /was open.* keeps files open after/s);
    } else await (await openDatabase(path)).close();
    // A driver does not stand in its own way.
    await (await openDatabase(path, { driver: driver.driver, onWarning: () => {} })).close();
  });
}

/** Overwrites a page in the middle. The database is closed: no locks are lost. */
function damage(path: string): void {
  const { size } = statSync(path);
  const page = 4096 * Math.floor(size / 4096 / 2);
  const file = openSync(path, "r+");
  writeSync(file, new Uint8Array(4096).fill(0xff), 0, 4096, page);
  closeSync(file);
}
