// What console.log shows of databases, pools, connections and cursors.
import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { openDatabase, SQLiteConnectionPool } from "../../mod.ts";
import { openTestDatabase } from "../helpers/databases.ts";
import { gate, openTestPool } from "../helpers/pools.ts";
import { runtimeName } from "../helpers/runtime.ts";
import { openWorkerPool } from "../helpers/workers.ts";

const { Bun, Deno } = globalThis as {
  Bun?: { inspect(value: unknown): string };
  Deno?: { inspect(value: unknown): string };
};

/** What the runtime's own console prints, on one line. */
function shown(value: unknown): string {
  const print = Bun?.inspect ?? Deno?.inspect ?? inspect;
  return print(value).replaceAll(/\s+/g, " ");
}

const SECRET = "a parameter that nobody may see";

for (const execution of ["inline", "worker", "auto"] as const) {
  test(`console.log shows what a database is and what it does (${execution})`, async (t) => {
    const { db, path } = await openTestDatabase(t, { execution });
    await db.run("CREATE TABLE t (n)");
    assert.ok(shown(db).startsWith("Database {"), shown(db));
    const driver = runtimeName() === "bun" ? "bun:sqlite" : "node:sqlite";
    for (const part of [path, driver, execution]) assert.ok(shown(db).includes(part), shown(db));
    assert.match(shown(db), /state: ["']open["']/);
    const { opened: held, open: letGo } = gate();
    const { opened: begun, open: begin } = gate();
    const holder = db.write(async () => {
      begin();
      await held;
    });
    await begun;
    const waiting = [1, 2, 3].map((n) => db.run("INSERT INTO t VALUES (?)", [`${SECRET} ${n}`]));
    assert.match(shown(db), /writer: { size: 1, idle: 0, inUse: 1, waiting: 3,? }/);
    assert.ok(!shown(db).includes(SECRET));
    letGo();
    await Promise.all([holder, ...waiting]);
    const closed = db.close();
    assert.match(shown(db), /state: ["']closing["']/);
    await closed;
    assert.match(shown(db), /state: ["']closed["']/);
  });
}

test("console.log shows the state of a pool, of a connection on loan and of a cursor", async (t) => {
  for (const { pool } of [openTestPool(t, { poolSize: 2 }), openWorkerPool(t, { poolSize: 2 })]) {
    const conn = await pool.connection();
    assert.match(
      shown(pool),
      /^SQLiteConnectionPool { state: .open., poolSize: 2, size: 1, idle: 0, inUse: 1, waiting: 0,? }$/,
    );
    assert.match(shown(conn), /^Connection { state: .in use., .*inTransaction: false,? }$/);
    await conn.begin();
    assert.match(shown(conn), /inTransaction: true/);
    const rows = conn.iterate("SELECT ? UNION ALL SELECT 2", [SECRET]);
    assert.match(shown(rows), /^Cursor { state: .new.,? }$/);
    await rows.next();
    assert.match(shown(rows), /^Cursor { state: .open.,? }$/);
    assert.ok(!shown({ conn, rows }).includes(SECRET));
    await conn.release();
    assert.match(shown(rows), /^Cursor { state: .ended.,? }$/);
    assert.match(shown(conn), /^Connection { state: .released.,? }$/);
    assert.equal(pool.closed, false);
    await pool.close();
    assert.equal(pool.closed, true);
    assert.match(shown(pool), /^SQLiteConnectionPool { state: .closed./);
  }
});

test("console.log shows the state of a cursor of a database", async (t) => {
  const { db } = await openTestDatabase(t);
  const rows = db.iterate("SELECT ?", [SECRET]);
  assert.match(shown(rows), /^Cursor { state: .new.,? }$/);
  await rows.next();
  assert.match(shown(rows), /^Cursor { state: .open.,? }$/);
  await rows.return!();
  assert.match(shown(rows), /^Cursor { state: .ended.,? }$/);
});

test("a prototype, which has no fields, is shown without throwing", () => {
  const custom = Symbol.for("nodejs.util.inspect.custom");
  const prototype = SQLiteConnectionPool.prototype as unknown as Record<
    symbol,
    (depth: number, options: object, print: typeof inspect) => string
  >;
  assert.equal(prototype[custom](2, {}, inspect), "[SQLiteConnectionPool]");
});

test("db.path is the absolute path, and db.closed tells whether close was called", async (t) => {
  const { db, path } = await openTestDatabase(t);
  assert.equal(db.path, path);
  assert.equal(db.closed, false);
  const closed = db.close();
  assert.equal(db.closed, true);
  await closed;
  assert.equal(db.closed, true);
  const inMemory = await openDatabase(":memory:");
  assert.equal(inMemory.path, ":memory:");
  await inMemory.close();
});
