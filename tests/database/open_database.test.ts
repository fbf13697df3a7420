import assert from "node:assert/strict";
import { existsSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  type Database,
  type Driver,
  openDatabase,
  PoolConnectionOpenError,
  type Row,
} from "../../mod.ts";
import { explainOpenFailure } from "../../src/database/open_errors.ts";
import { StepTimeoutError } from "../../src/pool/step.ts";
import { driverFor, openTestDatabase, type TestDatabase } from "../helpers/databases.ts";
import { nativeDriver } from "../helpers/drivers.ts";
import { temporaryDirectory } from "../helpers/runtime.ts";

const CREATE = "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT UNIQUE)";

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

/** Opens nothing by itself: the first connection stays under way. */
const neverOpens: Driver = { name: "slow", library: "slow", open: () => new Promise(() => {}) };
const never = () => new Promise(() => {});

for (
  const [what, options] of [
    ["a driver that never opens", { driver: neverOpens }],
    ["an onConnect that never ends", { onConnect: never }],
  ] as const
) {
  test(`${what} is a typed error that names the file and operationTimeoutMs`, async (t) => {
    const path = join(temporaryDirectory(t), "slow.db");
    await assert.rejects(
      openDatabase(path, { ...options, operationTimeoutMs: 20 }),
      (error: Error) => {
        assert.ok(error instanceof PoolConnectionOpenError, String(error));
        assert.ok(error.message.includes(JSON.stringify(path)), error.message);
        assert.match(error.message, /open took longer than 20 ms \(operationTimeoutMs\)/);
        return true;
      },
    );
  });
}

test("a connection that opens too slowly later on names its file too", async (t) => {
  let slow = false;
  const onConnect = (): unknown => slow ? never() : undefined;
  const { db, path } = await openTestDatabase(t, { onConnect, operationTimeoutMs: 200 });
  slow = true;
  await assert.rejects(
    db.read((reader) => Promise.all([reader.get("SELECT 1"), db.get("SELECT 1")])),
    ({ message }: Error) =>
      message.includes(JSON.stringify(path)) && /operationTimeoutMs/.test(message),
  );
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
  const native = driverFor(nativeDriver);
  let opened = 0;
  const other: Driver = {
    ...native,
    name: "other",
    library: "another SQLite",
    open(...args) {
      opened += 1;
      return native.open(...args);
    },
  };
  await assert.rejects(openDatabase(path, { driver: other }), (error: Error) => {
    assert.equal(error.name, "SQLiteLibraryConflictError");
    assert.match(error.message, /through another SQLite.*one driver/s);
    return true;
  });
  assert.equal(opened, 0, "to open and close the file would drop the locks of the first library");
  await db.close();
  const after = await openDatabase(path, { driver: other });
  await after.close();
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

test("another file under the number of one that closes late is none of its business", async (t) => {
  const directory = temporaryDirectory(t);
  const late: Driver = { ...driverFor(nativeDriver), library: "a late one", closesLate: true };
  const path = join(directory, "late.db");
  await (await openDatabase(path, { driver: late })).close();
  await assert.rejects(openDatabase(path), { name: "SQLiteLibraryConflictError" });
  const { ino } = statSync(path);
  rmSync(path);
  // Most file systems give the number away at once.
  for (let n = 0; n < 10; n++) {
    const other = join(directory, `${n}.db`);
    await (await openDatabase(other)).close();
    if (statSync(other).ino === ino) return;
  }
  t.diagnostic("the number was not given to another file");
});

test("a backup that takes long is a long read", async (t) => {
  const driver: Driver = {
    ...driverFor(nativeDriver),
    async backup(_handle, path) {
      writeFileSync(path, "");
      while (warnings.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    },
  };
  const options = { driver, maxReadTransactionMs: 1 };
  const { db, path, warnings }: TestDatabase = await openTestDatabase(t, options);
  await db.backup(`${path}.copy`);
  assert.deepEqual(warnings, ["long read"]);
});

test("an open that takes too long names threads that nobody waits for any more", () => {
  const tooLong = new StepTimeoutError("open", 20);
  const explained = [0, 1, 3].map((abandoned) =>
    String(explainOpenFailure("app.db", false, tooLong, abandoned))
  );
  assert.match(explained[0], /"app\.db": open took longer than 20 ms .* the driver, onConnect/);
  assert.match(explained[1], /One thread still runs statements that their callers gave up/);
  assert.match(explained[2], /3 threads still run statements/);
});
