/** Every connection of a database is set up alike, in whichever thread it lives. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { getLoadablePath } from "sqlite-vec";
import {
  ConnectionSetUpError,
  type Database,
  type DatabaseOptions,
  openDatabase,
  PoolConnectionOpenError,
  type SetUpContext,
  SQLiteConnectionPool,
  workerConnection,
} from "../../mod.ts";
import { databaseDrivers, driverTest } from "../helpers/database_drivers.ts";
import { openTestDatabase } from "../helpers/databases.ts";
import { temporaryDirectory } from "../helpers/runtime.ts";

const EXECUTIONS = ["inline", "worker", "auto"] as const;
/** Drivers that can load extensions; a thread can load all of them. */
const EXTENSIBLE = ["node-sqlite", "bun-sqlite", "better-sqlite3", "libsql"];
const VECTORS = 10_000;

const setUp = new URL("./set_up_module.ts", import.meta.url);
const vector = (...numbers: number[]): Uint8Array =>
  new Uint8Array(new Float32Array(numbers).buffer);

/** Points on a spiral, each nearest to its neighbours. */
const FILL = `
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${VECTORS})
  INSERT INTO points(rowid, place) SELECT i, vec_f32('[' || i || ',' || -i || ']') FROM n`;
const NEAREST = "SELECT rowid FROM points WHERE place MATCH ? AND k = 3 ORDER BY distance";

for (const driver of databaseDrivers) {
  if (!EXTENSIBLE.includes(driver.name)) continue;
  test(
    ...driverTest(
      driver,
      "four readers in threads find nearest vectors",
      async (t: TestContext) => {
        const { db } = await openTestDatabase(t, {
          driver: driver.driver,
          execution: "worker",
          readers: 4,
          extensions: [getLoadablePath()],
        });
        await db.run("CREATE VIRTUAL TABLE points USING vec0(place float[2])");
        await db.run(FILL);
        const readers = await Promise.all([1, 2, 3, 4].map(() => db.connection()));
        const found = await Promise.all(
          readers.map((reader, i) => {
            const n = 1_000 * (i + 1);
            return reader.values(NEAREST, [vector(n + 0.4, -n - 0.4)]);
          }),
        );
        assert.equal(db.stats.threads!.running, 5);
        for (const [i, rowids] of found.entries()) {
          const n = 1_000 * (i + 1);
          assert.deepEqual(rowids, [[n], [n + 1], [n - 1]]);
        }
        await Promise.all(readers.map((reader) => reader.release()));
      },
    ),
  );

  test(
    ...driverTest(driver, "an extension is there inline, and loading is off", async (t) => {
      const { db } = await openTestDatabase(t, {
        driver: driver.driver,
        extensions: [getLoadablePath()],
      });
      assert.match(String(await db.value("SELECT vec_version()")), /^v/);
      const load = db.value("SELECT load_extension(?)", [getLoadablePath()]);
      await assert.rejects(load, /not authorized/);
    }),
  );
}

for (const execution of EXECUTIONS) {
  const open = async (t: TestContext, options: DatabaseOptions = {}): Promise<Database> =>
    (await openTestDatabase(t, { execution, ...options })).db;

  test(`${execution}: a module sets up the writer, readers, and those that replace them`, async (t) => {
    const db = await open(t, { setUp });
    await db.run("CREATE TABLE t (n)");
    await db.run("INSERT INTO t VALUES (twice(21))");
    for (let i = 0; i < 10; i++) assert.equal(await db.value("SELECT twice(n) FROM t"), 84);
    assert.match(String(await db.value("SELECT role_of_connection()")), /^reader of (node|bun):/);
    const writer = await db.connection({ write: true });
    assert.match(String(await writer.value("SELECT role_of_connection()")), /^writer of /);
    await writer.discard();
    assert.equal((await db.run("UPDATE t SET n = twice(n)")).rowsAffected, 1);
  });

  test(`${execution}: a module may be given by its path`, async (t) => {
    const db = await open(t, { setUp: fileURLToPath(setUp) });
    assert.equal(await db.value("SELECT twice(1)"), 2);
  });

  const failures: readonly [string, DatabaseOptions, RegExp][] = [
    [
      "fails",
      { setUp: new URL("./set_up_failing.ts", import.meta.url) },
      /^The set-up module file:.*set_up_failing\.ts failed for a writer of .*: no such key$/,
    ],
    [
      "has no default export",
      { setUp: new URL("./set_up_empty.ts", import.meta.url) },
      /^The set-up module file:.*set_up_empty\.ts must have a function as its default export/,
    ],
    [
      "is not there",
      { setUp: new URL("./set_up_missing.ts", import.meta.url) },
      /^The set-up module file:.*set_up_missing\.ts could not be loaded: /,
    ],
    [
      "is an extension that is not there",
      { extensions: ["/nowhere/vec0"] },
      /^The extension "\/nowhere\/vec0" could not be loaded by (node|bun):sqlite: /,
    ],
  ];
  for (const [title, options, message] of failures) {
    test(`${execution}: opening says so when what sets up ${title}`, async (t) => {
      const path = join(temporaryDirectory(t), "test.db");
      const error: Error = await openDatabase(path, { execution, ...options }).then(
        () => assert.fail("it was opened"),
        (reason) => reason,
      );
      assert.ok(error instanceof ConnectionSetUpError, String(error));
      assert.match(error.message, message);
    });
  }
}

test("inline, a function sets up each connection, and may be asynchronous", async (t) => {
  const contexts: SetUpContext[] = [];
  const { db } = await openTestDatabase(t, {
    readers: 2,
    setUp: async (raw: { function(name: string, fn: () => number): unknown }, context) => {
      await Promise.resolve();
      raw.function("answer", () => 42);
      contexts.push(context);
    },
  });
  const readers = await Promise.all([db.connection(), db.connection()]);
  for (const reader of readers) assert.equal(await reader.value("SELECT answer()"), 42);
  await Promise.all(readers.map((reader) => reader.release()));
  assert.deepEqual(contexts.map(({ role }) => role), ["writer", "reader", "reader"]);
});

test("a set-up function that throws is the cause, and later connections fail by themselves", async (t) => {
  let opened = 0;
  const { db } = await openTestDatabase(t, {
    setUp: () => {
      if (opened++ > 0) throw new RangeError("not again");
    },
  });
  const error: Error = await db.get("SELECT 1").then(() => assert.fail(), (reason) => reason);
  assert.ok(error instanceof PoolConnectionOpenError);
  assert.ok(error.cause instanceof ConnectionSetUpError);
  assert.match(error.cause.message, /^The setUp function failed for a reader of .*: not again$/);
  assert.ok(error.cause.cause instanceof RangeError);
});

test("a function is refused where connections live in threads, with what to write", async () => {
  const setUp = (): void => {};
  for (const execution of ["worker", "auto"] as const) {
    await assert.rejects(
      openDatabase("unused.db", { execution, setUp }),
      /^TypeError: execution "\w+" takes no function as setUp.* new URL\(/,
    );
  }
  const pool = new SQLiteConnectionPool(workerConnection(":memory:", { setUp }));
  const error: Error = await pool.get("SELECT 1").then(() => assert.fail(), (reason) => reason);
  assert.match(String(error.cause), /^TypeError: workerConnection takes no function as setUp/);
  await pool.close();
});

test("connections of workerConnection are set up too", async (t) => {
  const path = join(temporaryDirectory(t), "test.db");
  const options = { setUp, extensions: [getLoadablePath()] };
  const pool = new SQLiteConnectionPool(workerConnection(path, options), { poolSize: 2 });
  assert.deepEqual(await pool.values("SELECT twice(2), vec_version() LIKE 'v%'"), [[4, 1]]);
  await pool.close();
});

test("in memory the one connection is set up", async () => {
  for (const execution of ["inline", "worker"] as const) {
    const db = await openDatabase(":memory:", { setUp, execution });
    assert.match(String(await db.value("SELECT role_of_connection()")), /^writer of/);
    await db.close();
  }
});

test("bad values are refused by name", async () => {
  const bad: readonly [object, RegExp][] = [
    [{ extensions: "vec0" }, /^TypeError: extensions must be an array of paths; got/],
    [{ extensions: [""] }, /^TypeError: extensions must be paths; got/],
    [{ setUp: 5 }, /^TypeError: setUp must be a function, or the URL or path of a module; got 5/],
  ];
  for (const [options, message] of bad) {
    await assert.rejects(openDatabase(":memory:", options), message);
  }
});

test("a driver that cannot load extensions says so", async () => {
  const { nodeSqlite } = await import("../../adapters/node_sqlite/driver.ts");
  const driver = {
    ...nodeSqlite,
    name: "mine",
    library: nodeSqlite.library,
    open: (...args: Parameters<typeof nodeSqlite.open>) => {
      const connection = nodeSqlite.open(...args);
      return Object.create(connection, { raw: { value: {} }, close: { value: close } });
      function close(): Promise<void> {
        return (connection as { close(): Promise<void> }).close();
      }
    },
  };
  await assert.rejects(
    openDatabase(":memory:", { driver, extensions: ["/vec0"] }),
    /^ConnectionSetUpError: The driver mine cannot load extensions/,
  );
});
