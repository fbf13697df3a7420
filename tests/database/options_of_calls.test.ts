// The options of a call are checked first and always: whether a connection is idle or busy, and
// by every public method.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import type { Database, PooledConnection, SQLiteConnectionPool } from "../../mod.ts";
import { openTestDatabase } from "../helpers/databases.ts";
import { openTestPool } from "../helpers/pools.ts";
import { temporaryDirectory } from "../helpers/runtime.ts";
import { openWorkerPool } from "../helpers/workers.ts";

type Options = { readonly timeoutMs: number };

/** Wrong, each in a way that a type cast or plain JavaScript lets pass. */
const MISTAKES: readonly (readonly [options: unknown, error: { name: string; message: RegExp }])[] =
  [
    [{ signal: new AbortController() }, { name: "TypeError", message: /signal.*AbortController/ }],
    [{ timeoutMs: -1 }, { name: "RangeError", message: /timeoutMs.*-1/ }],
    [{ timeoutMs: Number.NaN }, { name: "RangeError", message: /timeoutMs.*NaN/ }],
    [{ timeoutMs: "5" }, { name: "TypeError", message: /timeoutMs.*"5"/ }],
    [{ timeout: 5 }, { name: "TypeError", message: /Unknown option "timeout".*timeoutMs/ }],
  ];

const databaseCalls = (
  copy: string,
): Record<string, (db: Database, o: Options) => Promise<unknown>> => ({
  get: (db, o) => db.get("SELECT 1", [], o),
  all: (db, o) => db.all("SELECT 1", [], o),
  values: (db, o) => db.values("SELECT 1", [], o),
  value: (db, o) => db.value("SELECT 1", [], o),
  iterate: (db, o) => db.iterate("SELECT 1", [], o).next(),
  read: (db, o) => db.read(() => {}, o),
  run: (db, o) => db.run("INSERT INTO t VALUES (1)", [], o),
  batch: (db, o) => db.batch([{ sql: "INSERT INTO t VALUES (1)" }], o),
  executeScript: (db, o) => db.executeScript("INSERT INTO t VALUES (1)", o),
  write: (db, o) => db.write((tx) => tx.run("INSERT INTO t VALUES (1)"), o),
  checkpoint: (db, o) => db.checkpoint("passive", o),
  backup: (db, o) => db.backup(copy, o),
});

const poolCalls: Record<string, (pool: SQLiteConnectionPool, o: Options) => Promise<unknown>> = {
  connection: (pool, o) => pool.connection(o),
  withConnection: (pool, o) => pool.withConnection(() => {}, o),
  execute: (pool, o) => pool.execute("INSERT INTO t VALUES (1)", [], o),
  run: (pool, o) => pool.run("INSERT INTO t VALUES (1)", [], o),
  all: (pool, o) => pool.all("SELECT 1", [], o),
  get: (pool, o) => pool.get("SELECT 1", [], o),
  values: (pool, o) => pool.values("SELECT 1", [], o),
  value: (pool, o) => pool.value("SELECT 1", [], o),
  transaction: (pool, o) => pool.transaction((tx) => tx.run("INSERT INTO t VALUES (1)"), o),
};

/** Calls with each mistake; the error must come before whoever holds the connection lets go. */
async function expectRefusals(what: string, call: (options: Options) => Promise<unknown>) {
  for (const [options, error] of MISTAKES) {
    await assert.rejects(
      call(options as Options),
      error,
      `${what} ${Object.keys(options as object)}`,
    );
  }
}

async function whileBusy(db: Database, use: () => Promise<void>): Promise<void> {
  const busy = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const holders = [
    db.write(async () => {
      begun.resolve();
      await busy.promise;
    }),
    db.read(() => busy.promise),
  ];
  await begun.promise;
  try {
    await use();
  } finally {
    busy.resolve();
    await Promise.all(holders);
  }
}

for (const execution of ["inline", "worker", "auto"] as const) {
  test(`${execution}: every method of a database checks its options, idle or busy`, async (t) => {
    const { db } = await openTestDatabase(t, { execution, readers: 1 });
    await db.run("CREATE TABLE t (n)");
    const calls = databaseCalls(join(temporaryDirectory(t), "copy.db"));
    const all = async (state: string): Promise<void> => {
      for (const [name, call] of Object.entries(calls)) {
        await expectRefusals(`${name} (${state})`, (options) => call(db, options));
      }
      const close = (options: Options): Promise<void> => db.close(options);
      for (const [options, error] of MISTAKES.slice(1)) {
        await assert.rejects(close(options as Options), error, `close (${state})`);
      }
    };
    await all("idle");
    await whileBusy(db, () => all("busy"));
    assert.equal(await db.value("SELECT count(*) FROM t"), 0);
  });
}

for (const [place, open] of Object.entries({ inline: openTestPool, worker: openWorkerPool })) {
  test(`${place}: every method of a pool checks its options, idle or busy`, async (t: TestContext) => {
    const { pool } = open(t, { poolSize: 1 });
    await pool.execute("CREATE TABLE t (n)");
    let lease: PooledConnection | undefined;
    for (const state of ["idle", "busy"]) {
      for (const [name, call] of Object.entries(poolCalls)) {
        await expectRefusals(`${name} (${state})`, (options) => call(pool, options));
      }
      lease ??= await pool.connection();
    }
    await lease!.release();
    assert.equal(await pool.value("SELECT count(*) FROM t"), 0);
  });
}
