import assert from "node:assert/strict";
import {
  chmodSync,
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
import process from "node:process";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { type Database, type Driver, openDatabase, type Row, sql } from "../../mod.ts";
import { driverFor, openTestDatabase } from "../helpers/databases.ts";
import { nativeDriver, nativeDrivers } from "../helpers/drivers.ts";
import { temporaryDirectory } from "../helpers/runtime.ts";

const CREATE = "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT UNIQUE)";

for (const driver of nativeDrivers) {
  test(
    `${driver.name}: reads, writes, batches and scripts`,
    { skip: driver.unavailable },
    async (t) => {
      const { db } = await openTestDatabase(t, { driver: driverFor(driver) });
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
    },
  );

  test(`${driver.name}: a batch is all or nothing`, { skip: driver.unavailable }, async (t) => {
    const { db } = await openTestDatabase(t, { driver: driverFor(driver) });
    await db.run(CREATE);
    const batch = ["a", "b", "a"].map((name) => ({
      sql: "INSERT INTO users (name) VALUES (?)",
      params: [name],
    }));
    await assert.rejects(db.batch(batch), { extendedCode: "SQLITE_CONSTRAINT_UNIQUE" });
    assert.deepEqual(await db.values("SELECT count(*) FROM users"), [[0]]);
  });

  test(
    `${driver.name}: read sees one snapshot, across commits and a checkpoint`,
    { skip: driver.unavailable },
    async (t) => {
      const { db } = await openTestDatabase(t, { driver: driverFor(driver) });
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
    },
  );

  test(
    `${driver.name}: every connection is set up alike, whatever the driver's defaults`,
    { skip: driver.unavailable },
    async (t) => {
      const { db } = await openTestDatabase(t, { driver: driverFor(driver) });
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
        mmap_size: 268_435_456,
        busy_timeout: 0,
      };
      assert.deepEqual(await settings((query) => db.values(query)), expected);
      assert.deepEqual(await db.write((tx) => settings((query) => tx.values(query))), expected);
    },
  );
}

test("pragmas, durability and onConnect reach every connection", async (t) => {
  const { db } = await openTestDatabase(t, {
    durability: "full",
    pragmas: { cacheSize: -2_000, foreignKeys: false, mmapSize: 0, tempStore: "file" },
    onConnect: (connection) => connection.execute("PRAGMA automatic_index = OFF"),
  });
  for (
    const query of [(q: string) => db.values(q), (q: string) => db.write((tx) => tx.values(q))]
  ) {
    assert.deepEqual(await query("PRAGMA synchronous"), [[2]]);
    assert.deepEqual(await query("PRAGMA cache_size"), [[-2_000]]);
    assert.deepEqual(await query("PRAGMA foreign_keys"), [[0]]);
    assert.deepEqual(await query("PRAGMA automatic_index"), [[0]]);
  }
});

test("the row factory makes the caller's rows only, never those of the set-up", async (t) => {
  const rowFactory = (values: unknown[], columns: readonly string[]): string => {
    if (columns[0] !== "mine") throw new RangeError(`a row of ${columns}`);
    return `row ${values[0]}`;
  };
  const { db, path } = await openTestDatabase(t, { rowFactory });
  await db.run("CREATE TABLE t (n)");
  await db.run("INSERT INTO t VALUES (1)");
  assert.equal(await db.get("SELECT n AS mine FROM t"), "row 1");
  await db.close();
  assert.equal(existsSync(`${path}-wal`), false);
});

test("a bad option of the pools is refused before anything is opened", async (t) => {
  const path = join(temporaryDirectory(t), "never.db");
  const refused: readonly [object, RegExp][] = [
    [{ idleTimeoutMs: -1 }, /^RangeError: idleTimeoutMs must be .* got -1$/],
    [{ onAcquire: true }, /^TypeError: onAcquire must be a function/],
    [{ intMode: "big" }, /^TypeError: intMode must be/],
  ];
  for (const [options, message] of refused) {
    await assert.rejects(openDatabase(path, options), message);
  }
  assert.equal(existsSync(path), false);
});

test("an onWarning that throws changes nothing", async (t) => {
  const { db } = await openTestDatabase(t, {
    maxReadTransactionMs: 1,
    onWarning: () => {
      throw new RangeError("an observer's own trouble");
    },
  });
  const { error } = console;
  t.after(() => console.error = error);
  const lines: unknown[] = [];
  console.error = (line: unknown) => lines.push(line);
  await db.read(() => new Promise((resolve) => setTimeout(resolve, 20)));
  assert.deepEqual(lines, ["@sqlitepool/pool: the onWarning hook threw and was ignored:"]);
  assert.deepEqual(await db.values("SELECT 1"), [[1]]);
});

test("a database in memory is one connection for everything", async (t) => {
  const db = await openDatabase(":memory:");
  t.after(() => db.close());
  await db.run(CREATE);
  await db.run("INSERT INTO users (name) VALUES ('a')");
  assert.deepEqual(await db.all("SELECT name FROM users"), [{ name: "a" }]);
  assert.deepEqual(await db.read((snapshot) => snapshot.values("SELECT count(*) FROM users")), [[
    1,
  ]]);
  assert.equal(db.stats.readers.opened, 1);
  await assert.rejects(db.write(() => db.get("SELECT 1")), /inside the callback of db.write/);
});

test("locations: relative and absolute paths, file URLs, URL objects", async (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, "a b%.db");
  const first = await openDatabase(path);
  await first.run(CREATE);
  await first.close();
  for (const location of [pathToFileURL(path), pathToFileURL(path).href, `${path}`]) {
    const db = await openDatabase(location);
    assert.deepEqual(await db.values("SELECT name FROM sqlite_schema WHERE type = 'table'"), [
      ["users"],
    ]);
    await db.close();
  }
  const readonly = await openDatabase(`${pathToFileURL(path).href}?mode=ro`);
  await assert.rejects(readonly.run("DELETE FROM users"), { code: "SQLITE_READONLY" });
  await readonly.close();
});

test("bad locations are refused by name", async () => {
  const refused: readonly [unknown, RegExp][] = [
    [undefined, /^TypeError: The location must be a path.*got undefined/],
    [42, /^TypeError: The location must be .* got 42/],
    ["", /^RangeError: The location is empty/],
    ["a\0b", /^RangeError: The location "a\\u0000b" has a NUL/],
    ["file:///tmp/a%00b", /NUL/],
    ["file:///tmp/%zz", /not a valid URL/],
    ["file://elsewhere/app.db", /names the host "elsewhere"/],
    ["file:app.db?cache=shared", /has the parameter "cache"/],
    ["file:app.db?mode=x", /has the mode "x".*ro, rw, rwc, memory/s],
    ["libsql://db.example.org", /is a server/],
  ];
  for (const [location, message] of refused) {
    await assert.rejects(openDatabase(location as string), message);
  }
});

test("what cannot be opened says why", async (t) => {
  const directory = temporaryDirectory(t);
  const notADatabase = join(directory, "text.db");
  writeFileSync(
    notADatabase,
    "this is not a database, but long enough to look like a file\n".repeat(30),
  );
  mkdirSync(join(directory, "folder"));
  const missing = join(directory, "missing.db");
  const cases: readonly [string, object, RegExp][] = [
    [
      join(directory, "no", "such", "app.db"),
      { code: "SQLITE_CANTOPEN" },
      /directory .* does not exist/,
    ],
    [join(directory, "folder"), { code: "SQLITE_CANTOPEN" }, /is a directory/],
    [notADatabase, { code: "SQLITE_NOTADB" }, /not a SQLite database/],
    [`${pathToFileURL(missing).href}?mode=rw`, { code: "SQLITE_CANTOPEN" }, /does not exist/],
    [`${pathToFileURL(missing).href}?mode=ro`, { code: "SQLITE_CANTOPEN" }, /does not exist/],
  ];
  // A file system that takes no new files, whoever asks.
  const readonlyFileSystem = "/proc/no-such.db";
  const onLinux: typeof cases = existsSync("/proc/self")
    ? [[readonlyFileSystem, { code: "SQLITE_CANTOPEN" }, /its directory may be written to/]]
    : [];
  for (const [location, shape, message] of [...cases, ...onLinux]) {
    await assert.rejects(openDatabase(location), { name: "SQLiteError", ...shape, message });
  }
  assert.equal(existsSync(missing), false, "nothing was created");
});

test("readonly opens existing files only, and refuses to write", async (t) => {
  const { path, db } = await openTestDatabase(t);
  await db.run(CREATE);
  await db.close();
  const readonly = await openDatabase(path, { readonly: true });
  assert.deepEqual(await readonly.all("SELECT * FROM users"), []);
  const refused = { code: "SQLITE_READONLY", message: /opened read-only/ };
  await assert.rejects(readonly.run("DELETE FROM users"), refused);
  await assert.rejects(readonly.write(() => {}), refused);
  assert.equal(readonly.stats.writer, undefined);
  await readonly.close();
});

test("untrusted opens read-only, hardened, and refuses a damaged file", async (t) => {
  const { path, db } = await openTestDatabase(t);
  await db.run("CREATE TABLE t (n)");
  await db.run(
    "WITH RECURSIVE c(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM c WHERE n < 5000) " +
      "INSERT INTO t SELECT n || 'some text to fill the pages with' FROM c",
  );
  await db.close();
  const untrusted = await openDatabase(path, { untrusted: true });
  assert.deepEqual(await untrusted.values("PRAGMA trusted_schema"), [[0]]);
  assert.deepEqual(await untrusted.values("PRAGMA cell_size_check"), [[1]]);
  assert.deepEqual(await untrusted.values("PRAGMA mmap_size"), [[0]]);
  await assert.rejects(untrusted.run("DELETE FROM t"), { code: "SQLITE_READONLY" });
  await untrusted.close();
  damage(path);
  await assert.rejects(openDatabase(path, { untrusted: true }), { code: "SQLITE_CORRUPT" });
});

/** Overwrites a page in the middle. The database is closed: no locks are lost. */
function damage(path: string): void {
  const { size } = statSync(path);
  const page = 4096 * Math.floor(size / 4096 / 2);
  const file = openSync(path, "r+");
  writeSync(file, new Uint8Array(4096).fill(0xff), 0, 4096, page);
  closeSync(file);
}

test("untrusted is refused where the driver cannot be hardened", async (t) => {
  const { path, db } = await openTestDatabase(t);
  await db.run(CREATE);
  await db.close();
  const native = driverFor(nativeDriver);
  const unhardened: Driver = {
    ...native,
    name: "an old SQLite",
    async open(location, options) {
      const connection = await native.open(location, options);
      const execute = connection.executeSync!.bind(connection);
      const forgetful: typeof execute = (query, ...rest) =>
        execute(query === "PRAGMA trusted_schema" ? "SELECT 1 WHERE 0" : query, ...rest);
      return Object.assign(connection, { executeSync: forgetful });
    },
  };
  await assert.rejects(openDatabase(path, { untrusted: true, driver: unhardened }), {
    name: "SQLitePoolError",
    message: /an old SQLite cannot switch trusted_schema off/,
  });
});

test("a file the process may not write to fails with its name", {
  skip: process.getuid?.() === 0 ? "root may write everything" : undefined,
}, async (t) => {
  const { path, db } = await openTestDatabase(t);
  await db.run(CREATE);
  await db.close();
  chmodSync(path, 0o444);
  await assert.rejects(openDatabase(path), /test\.db/);
});

test("two databases on one file share the turn to write, by whatever name they open it", async (t) => {
  const { path, db } = await openTestDatabase(t);
  const link = join(temporaryDirectory(t), "link.db");
  symlinkSync(path, link);
  const second = await openDatabase(link, { busyTimeoutMs: 60_000 });
  await db.run("CREATE TABLE t (n)");
  const add = (database: Database<Row>, n: number): Promise<unknown> =>
    database.write(async (tx) => {
      await tx.run("INSERT INTO t VALUES (?)", [n]);
      await new Promise((resolve) => setTimeout(resolve));
      await tx.run("INSERT INTO t VALUES (?)", [n]);
    });
  const writes = Array.from({ length: 20 }, (_, n) => add(n % 2 === 0 ? db : second, n));
  await Promise.all(writes);
  const order = (await db.values("SELECT n FROM t ORDER BY rowid")).map(([n]) => n);
  assert.deepEqual(order, Array.from({ length: 40 }, (_, i) => Math.floor(i / 2)));
  assert.equal(db.stats.writer!.busyRetries + second.stats.writer!.busyRetries, 0);
  await second.close();
});

test("another SQLite library on the same file is refused", async (t) => {
  const { path, db } = await openTestDatabase(t);
  await db.run(CREATE);
  const other = { ...driverFor(nativeDriver), name: "other", library: "another SQLite" };
  await assert.rejects(openDatabase(path, { driver: other }), (error: Error) => {
    assert.equal(error.name, "SQLiteLibraryConflictError");
    assert.match(error.message, /through another SQLite.*one driver/s);
    return true;
  });
  await db.close();
  const after = await openDatabase(path, { driver: other });
  await after.close();
});

test("backup copies the database while it is in use", async (t) => {
  const { db } = await openTestDatabase(t);
  const target = join(temporaryDirectory(t), "copy.db");
  await db.run(CREATE);
  await db.run("INSERT INTO users (name) VALUES ('a')");
  const progress: number[] = [];
  await db.write(async (tx) => {
    await tx.run("INSERT INTO users (name) VALUES ('not yet committed')");
    await db.backup(target, { onProgress: ({ remainingPages }) => progress.push(remainingPages) });
  });
  assert.deepEqual(progress, [0]);
  const copy = await openDatabase(target);
  assert.deepEqual(await copy.values("SELECT name FROM users"), [["a"]]);
  await copy.close();
  await assert.rejects(db.backup(target), /does not overwrite/);
});

test("a reader that pins the log is reported, and the log is cut back when it ends", async (t) => {
  const { db, path, warnings } = await openTestDatabase(t, { maxReadTransactionMs: 20 });
  await db.run("CREATE TABLE t (data BLOB)");
  const walSize = (): number => statSync(`${path}-wal`).size;
  await db.read(async () => {
    for (let i = 0; i < 12; i++) await db.run("INSERT INTO t VALUES (zeroblob(1000000))");
    while (warnings.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await db.checkpoint("passive");
    assert.ok(walSize() > 8 * 2 ** 20, `the log has only ${walSize()} bytes`);
  });
  assert.deepEqual(warnings, ["long read"]);
  while (walSize() > 4 * 2 ** 20) await new Promise((resolve) => setTimeout(resolve, 20));
  await db.close();
});

test("close empties the log, and every call returns the same promise", async (t) => {
  const { db, path } = await openTestDatabase(t);
  await db.run(CREATE);
  const last = db.run("INSERT INTO users (name) VALUES ('last')");
  const closed = db.close();
  assert.equal(db.close(), closed);
  await closed;
  assert.equal((await last).rowsAffected, 1, "what was queued before is done");
  assert.equal(existsSync(`${path}-wal`), false);
  await db[Symbol.asyncDispose]();
});
