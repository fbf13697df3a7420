// Ways to hold a database wrong. Each ends in a typed error that helps; none hangs, none loses data.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Connection, type Database, type DatabaseOptions, openDatabase } from "../../mod.ts";
import { driverFor, openTestDatabase, type TestDatabase } from "../helpers/databases.ts";
import { nativeDriver } from "../helpers/drivers.ts";
import { gate } from "../helpers/pools.ts";

interface Misuse {
  readonly name: string;
  readonly does: (db: Database, opened: TestDatabase) => Promise<unknown>;
  readonly error: { readonly name: string; readonly message: RegExp; readonly code?: string };
}

const wrong = <T>(value: unknown): T => value as T;

const MISUSES: readonly Misuse[] = [
  {
    name: "writing through get",
    does: (db) => db.get("INSERT INTO t VALUES (2) RETURNING n"),
    error: { name: "SQLiteError", code: "SQLITE_READONLY", message: /Use db\.run\(\)/ },
  },
  {
    name: "a row factory that is none",
    does: (db) => db.get("SELECT 1", [], wrong({ rowFactory: null })),
    error: { name: "TypeError", message: /rowFactory must be a function; got null/ },
  },
  {
    name: "a row factory that is none, for a write",
    does: (db) => db.run("INSERT INTO t VALUES (2)", [], { rowFactory: wrong<() => unknown>(5) }),
    error: { name: "TypeError", message: /rowFactory must be a function; got 5/ },
  },
  {
    name: "iterating over no query",
    does: (db) => db.iterate(wrong(undefined)).next(),
    error: { name: "TypeError", message: /The query must be a string/ },
  },
  {
    name: "writing through iterate",
    does: (db) => db.iterate("DELETE FROM t").next(),
    error: { name: "SQLiteError", code: "SQLITE_READONLY", message: /Use db\.run\(\)/ },
  },
  {
    name: "writing inside read",
    does: (db) => db.read((snapshot) => snapshot.run("DELETE FROM t")),
    error: { name: "SQLiteError", code: "SQLITE_READONLY", message: /Use db\.run\(\)/ },
  },
  {
    name: "db.run inside write",
    does: (db) => db.write(() => db.run("INSERT INTO t VALUES (2)")),
    error: { name: "SQLitePoolError", message: /use the callback's own connection.*tx\.run/ },
  },
  {
    name: "db.write inside write",
    does: (db) => db.write(() => db.write(() => {})),
    error: { name: "SQLitePoolError", message: /db\.write\(\) was called inside/ },
  },
  {
    name: "db.batch inside write, some awaits later",
    does: (db) =>
      db.write(async (tx) => {
        await tx.run("INSERT INTO t VALUES (2)");
        await new Promise((resolve) => setTimeout(resolve));
        await db.batch([{ sql: "INSERT INTO t VALUES (3)" }]);
      }),
    error: { name: "SQLitePoolError", message: /db\.batch\(\) was called inside/ },
  },
  {
    name: "using the connection of write after it",
    does: async (db) => {
      let kept: Connection | undefined;
      await db.write((tx) => void (kept = tx));
      await kept!.run("INSERT INTO t VALUES (2)");
    },
    error: { name: "ConnectionReleasedError", message: /await every call/ },
  },
  {
    name: "using the connection of read after it",
    does: async (db) => {
      let kept: Connection | undefined;
      await db.read((snapshot) => void (kept = snapshot));
      await kept!.all("SELECT 1");
    },
    error: { name: "ConnectionReleasedError", message: /was released/ },
  },
  {
    name: "a forgotten await before the end of write",
    does: async (db) => {
      const { promise: over, resolve: end } = Promise.withResolvers<void>();
      let forgotten: Promise<unknown> | undefined;
      await db.write(async (tx) => {
        await tx.run("SELECT 1");
        forgotten = over.then(() => tx.run("INSERT INTO t VALUES (2)"));
      });
      end();
      await forgotten;
    },
    error: { name: "ConnectionReleasedError", message: /await every call/ },
  },
  {
    name: "BEGIN through run",
    does: (db) => db.run("BEGIN IMMEDIATE"),
    error: { name: "SQLitePoolError", message: /Use db\.write/ },
  },
  {
    name: "COMMIT through run",
    does: (db) => db.run(" /* really */ COMMIT"),
    error: { name: "SQLitePoolError", message: /does not accept BEGIN, COMMIT/ },
  },
  {
    name: "two statements in one call",
    does: (db) => db.run("INSERT INTO t VALUES (2); DELETE FROM t"),
    error: { name: "SQLiteError", message: /executeScript/ },
  },
  {
    name: "too few parameters",
    does: (db) => db.run("INSERT INTO t VALUES (?)"),
    error: { name: "RangeError", message: /1 parameter/ },
  },
  {
    name: "a Date as parameter",
    does: (db) => db.run("INSERT INTO t VALUES (?)", [wrong(new Date())]),
    error: { name: "TypeError", message: /toISOString/ },
  },
  {
    name: "a callback that is none",
    does: (db) => db.write(wrong(undefined)),
    error: { name: "TypeError", message: /write takes a function.*got undefined/ },
  },
  {
    name: "a promise instead of a callback",
    does: (db) => db.read(wrong(Promise.resolve())),
    error: { name: "TypeError", message: /read takes a function/ },
  },
  {
    name: "a batch that is no array",
    does: (db) => db.batch(wrong<never>("INSERT INTO t VALUES (2)")),
    error: { name: "TypeError", message: /array of \{ sql, params \}/ },
  },
  {
    name: "an unknown mode",
    does: (db) => db.write(() => {}, { mode: wrong("fast") }),
    error: { name: "TypeError", message: /"deferred", "immediate" or "exclusive"/ },
  },
  {
    name: "an unknown checkpoint",
    does: (db) => db.checkpoint(wrong("all")),
    error: { name: "TypeError", message: /"passive", "full"/ },
  },
  {
    name: "an unknown option",
    does: (_, { path }) => openDatabase(path, wrong<DatabaseOptions>({ reader: 2 })),
    error: { name: "TypeError", message: /Unknown option "reader"/ },
  },
  {
    name: "an unknown pragma",
    does: (_, { path }) =>
      openDatabase(path, wrong<DatabaseOptions>({ pragmas: { page_size: 1 } })),
    error: { name: "TypeError", message: /Unknown pragma "page_size".*onConnect/ },
  },
  {
    name: "no readers at all",
    does: (_, { path }) => openDatabase(path, { readers: 0 }),
    error: { name: "RangeError", message: /readers must be a whole number of at least 1; got 0/ },
  },
  {
    name: "a second SQLite library on the file",
    does: (_, { path }) =>
      openDatabase(path, { driver: { ...driverFor(nativeDriver), library: "another" } }),
    error: { name: "SQLiteLibraryConflictError", message: /lose data/ },
  },
  {
    name: "waiting for somebody who waits for the writer",
    does: (db) => db.write(() => new Promise(() => {}), { timeoutMs: 5 }),
    error: { name: "QueryTimeoutError", message: /longer than 5 ms.*rolled back/ },
  },
  {
    name: "aborting a write",
    does: (db) => {
      const controller = new AbortController();
      const written = db.write(async (tx) => {
        await tx.run("INSERT INTO t VALUES (2)");
        controller.abort(new RangeError("enough"));
        await new Promise(() => {});
      }, { signal: controller.signal });
      return written;
    },
    error: { name: "RangeError", message: /enough/ },
  },
  {
    name: "an iterate left open until close",
    does: async (db) => {
      const rows = db.iterate("SELECT * FROM t");
      await rows.next();
      await db.close({ timeoutMs: 0 });
      await rows.next();
    },
    error: { name: "PoolClosedError", message: /Finish your work before close/ },
  },
  {
    name: "closing in the middle of a write",
    does: async (db) => {
      const started = gate();
      const writing = db.write(async (tx) => {
        await tx.run("INSERT INTO t VALUES (2)");
        started.open();
        await new Promise((resolve) => setTimeout(resolve, 20));
        await tx.run("INSERT INTO t VALUES (3)");
      });
      await started.opened;
      await Promise.all([writing, db.close({ timeoutMs: 0 })]);
    },
    error: { name: "PoolClosedError", message: /close\(\{ timeoutMs \}\)/ },
  },
  {
    name: "use after close",
    does: async (db) => {
      await db.close();
      await db.get("SELECT 1");
    },
    error: { name: "PoolClosedError", message: /The database is closed/ },
  },
];

for (const { name, does, error } of MISUSES) {
  test(`misuse: ${name}`, async (t) => {
    const opened = await openTestDatabase(t);
    await opened.db.run("CREATE TABLE t (n)");
    await opened.db.run("INSERT INTO t VALUES (1)");
    await assert.rejects(does(opened.db, opened), error);
    const after = await openDatabase(opened.path, { onWarning: () => {} });
    assert.deepEqual(await after.values("SELECT n FROM t"), [[1]], "nothing was lost or half done");
    await after.run("INSERT INTO t VALUES (9)", [], { timeoutMs: 5_000 });
    await after.close();
  });
}

test(`${MISUSES.length} misuses are in the table, at least 24`, () => {
  assert.ok(MISUSES.length >= 24);
});
