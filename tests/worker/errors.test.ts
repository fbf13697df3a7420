// An error from a thread tells which statement failed and who had asked for it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Database, type SQLiteConnectionPool, SQLiteError } from "../../mod.ts";
import { openTestDatabase } from "../helpers/databases.ts";
import { runtimeName } from "../helpers/runtime.ts";
import { skipFor } from "../helpers/skip_reasons.ts";
import { openWorkerPool } from "../helpers/workers.ts";

const READ = "SELECT 'secret' FROM missing";
const WRITE = "INSERT INTO missing VALUES (?)";
const PARAMS = ["a parameter"];

async function failure(call: Promise<unknown>): Promise<SQLiteError> {
  const error = await call.then(() => undefined, (error) => error);
  assert.ok(error instanceof SQLiteError, String(error));
  return error;
}

async function withStream(pool: SQLiteConnectionPool): Promise<void> {
  await pool.withConnection(async (conn) => {
    for await (const _ of conn.iterate(READ));
  });
}

type Ask = (pool: SQLiteConnectionPool, db: Database) => Promise<unknown>;

const asks: Readonly<Record<string, readonly [sql: string, ask: Ask]>> = {
  "pool.get": [READ, (pool) => pool.get(READ)],
  "pool.execute": [WRITE, (pool) => pool.execute(WRITE, PARAMS)],
  "conn.all": [READ, (pool) => pool.withConnection((conn) => conn.all(READ))],
  "conn.iterate": [READ, withStream],
  "conn.executeScript": [
    READ,
    (pool) => pool.withConnection((conn) => conn.executeScript(`SELECT 1; ${READ}; SELECT 2`)),
  ],
  "db.get": [READ, (_, db) => db.get(READ)],
  "db.run": [WRITE, (_, db) => db.run(WRITE, PARAMS)],
  "db.batch": [WRITE, (_, db) => db.batch([{ sql: WRITE, params: PARAMS }])],
  "db.write": [WRITE, (_, db) => db.write((tx) => tx.run(WRITE, PARAMS))],
};

test("an error has the text of its statement, and no parameters", async (t) => {
  const { pool } = openWorkerPool(t, { poolSize: 1 });
  const { db } = await openTestDatabase(t, { execution: "worker" });
  for (const [name, [sql, ask]] of Object.entries(asks)) {
    const error = await failure(ask(pool, db));
    assert.equal(error.sql, sql, name);
    assert.ok(!JSON.stringify(error).includes("a parameter"), name);
  }
});

async function theCaller(ask: Ask, pool: SQLiteConnectionPool, db: Database): Promise<void> {
  await ask(pool, db);
}

const title = "the stack of an error leads to the line that asked for the statement";
const onV8 = runtimeName() === "bun"
  ? "Bun's engine follows only callers that are async functions all the way"
  : undefined;
test(title, skipFor(title, onV8), async (t) => {
  const { pool } = openWorkerPool(t, { poolSize: 1 });
  const { db } = await openTestDatabase(t, { execution: "worker" });
  for (const [name, [, ask]] of Object.entries(asks)) {
    // A transaction waits for its calls, awaited or not: with two who wait, V8 follows neither.
    if (name === "db.batch" || name === "db.write") continue;
    const error = await failure(theCaller(ask, pool, db));
    assert.match(error.stack!, /^SQLiteError: no such table: missing\n/, name);
    assert.match(error.stack!, /async theCaller/, name);
  }
});

test("an error that the user has thrown keeps its stack", async (t) => {
  const { pool } = openWorkerPool(t, { poolSize: 1 });
  const own = new RangeError("mine");
  const { stack } = own;
  const rowFactory = (): never => {
    throw own;
  };
  await assert.rejects(pool.execute("SELECT 1", [], { rowFactory }), own);
  assert.equal(own.stack, stack);
});
