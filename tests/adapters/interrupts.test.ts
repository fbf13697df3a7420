// Interrupts and what they must not hit: outcomes, and the statements of others. Timings are left
// to chance, so each round is a different one.
import assert from "node:assert/strict";
import process from "node:process";
import { test, type TestContext } from "node:test";

import { OutcomeUnknownError, SQLiteConnectionPool } from "../../mod.ts";
import { sqlite3, turso } from "../conformance/drivers.ts";
import { temporaryDirectory } from "../helpers/runtime.ts";

const skip = sqlite3.unavailable ?? false;
/** The nightly run sets INTERRUPTS. */
const ROUNDS = Number(process.env.INTERRUPTS ?? 40);

async function openPool(t: TestContext): Promise<SQLiteConnectionPool> {
  const path = `${temporaryDirectory(t)}/test.db`;
  const pool = new SQLiteConnectionPool(() => sqlite3.open(path, {}), {
    poolSize: 1,
    onConnect: (conn) => conn.execute("PRAGMA synchronous = OFF"),
  });
  t.after(() => pool.close({ timeoutMs: 0 }));
  await pool.execute("CREATE TABLE t (round INTEGER, n INTEGER)");
  return pool;
}

/** As many rows as take some milliseconds. */
const ROWS = 10_000;
const INSERT = "WITH RECURSIVE c(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM c WHERE n < ?2) " +
  "INSERT INTO t SELECT ?1, n FROM c";

/** Shapes that run further statements of the adapter after the caller's own. */
const SHAPES: readonly string[] = [
  INSERT,
  `${INSERT} RETURNING n`,
  INSERT.replace("INSERT INTO", "INSERT OR FAIL INTO"),
];

test(
  "sqlite3: what an abort meets is done or undone as its caller is told, and nobody else is hit",
  { skip },
  async (t) => {
    const pool = await openPool(t);
    const counts = { done: 0, undone: 0 };
    for (let round = 0; round < ROUNDS; round++) {
      const controller = new AbortController();
      const { signal } = controller;
      const sql = SHAPES[round % SHAPES.length];
      const call = pool.execute(sql, [round, ROWS], { signal }).then(
        () => "done" as const,
        (error) => {
          assert.equal(error, signal.reason);
          return "undone" as const;
        },
      );
      // Behind it on the same connection; it has no signal and must not be interrupted.
      const next = pool.value(`${INSERT} RETURNING n`, [-1, ROWS]);
      setTimeout(() => controller.abort(), Math.random() * 6);
      const outcome = await call;
      counts[outcome] += 1;
      await next;
      const rows = await pool.value("SELECT count(*) FROM t WHERE round = ?", [round]);
      assert.equal(rows, outcome === "done" ? ROWS : 0, `round ${round} was said to be ${outcome}`);
      assert.equal(await pool.value("SELECT count(*) FROM t WHERE round = -1"), ROWS);
      await pool.execute("DELETE FROM t");
    }
    assert.equal(pool.stats.opened, 1);
    console.log(`aborted statements: ${JSON.stringify(counts)}`);
  },
);

test("sqlite3: an abort in a transaction leaves all of it or nothing, as its caller is told", {
  skip,
}, async (t) => {
  const pool = await openPool(t);
  for (let round = 0; round < ROUNDS / 2; round++) {
    const controller = new AbortController();
    const { signal } = controller;
    const transaction = pool.transaction(async (tx) => {
      await tx.run(INSERT, [round, ROWS]);
      await tx.transaction((inner) => inner.run(INSERT, [round, ROWS]));
    }, { signal }).then(() => "done", (error) => {
      assert.equal(error, signal.reason);
      return "undone";
    });
    const next = pool.transaction((tx) => tx.run(INSERT, [-1, ROWS]));
    setTimeout(() => controller.abort(), Math.random() * 6);
    const outcome = await transaction;
    await next;
    const rows = await pool.value("SELECT count(*) FROM t WHERE round = ?", [round]);
    assert.equal(
      rows,
      outcome === "done" ? 2 * ROWS : 0,
      `round ${round} was said to be ${outcome}`,
    );
    assert.equal(await pool.value("SELECT count(*) FROM t WHERE round = -1"), ROWS);
    await pool.execute("DELETE FROM t");
  }
  assert.equal(pool.stats.opened, 1);
});

test("sqlite3: a write that waits for a lock cannot be interrupted, and its caller is told so", {
  skip,
}, async (t) => {
  const path = `${temporaryDirectory(t)}/test.db`;
  const pool = new SQLiteConnectionPool(() => sqlite3.open(path, {}), {
    poolSize: 1,
    onConnect: (conn) => conn.execute("PRAGMA busy_timeout = 60000"),
  });
  t.after(() => pool.close({ timeoutMs: 0 }));
  await pool.execute("CREATE TABLE t (a)");
  const other = await sqlite3.open(path, {});
  t.after(() => other.close());
  await other.execute("BEGIN IMMEDIATE");
  const read = pool.value("SELECT count(*) FROM t", [], { timeoutMs: 60_000 });
  assert.equal(await read, 0);
  const write = pool.execute("INSERT INTO t VALUES (1)", [], { timeoutMs: 50 });
  await assert.rejects(write, OutcomeUnknownError);
  await other.rollback();
  // The connection comes back once the statement has ended, one way or the other.
  assert.ok([0, 1].includes(await pool.value("SELECT count(*) FROM t") as number));
  assert.equal(pool.stats.opened, 1);
});

test("sqlite3: a signal that has aborted before the call runs nothing", { skip }, async (t) => {
  const pool = await openPool(t);
  const signal = AbortSignal.abort();
  await assert.rejects(pool.execute(INSERT, [1, 1], { signal }), { name: "AbortError" });
  await assert.rejects(pool.transaction(() => {}, { signal }), { name: "AbortError" });
  assert.equal(await pool.value("SELECT count(*) FROM t"), 0);
});

test("turso: a write that its time limit interrupts in a transaction leaves nothing, and ends it", {
  skip: turso.unavailable ?? false,
}, async (t) => {
  const conn = await turso.open(`${temporaryDirectory(t)}/test.db`, {});
  t.after(() => conn.close());
  await conn.execute("CREATE TABLE t (a)");
  const numbers = "FROM generate_series(1, 1000000000)";
  await conn.execute("BEGIN");
  await conn.execute("INSERT INTO t VALUES (1)");
  const interrupted = { code: "SQLITE_INTERRUPT" };
  const read = conn.execute(`SELECT sum(value) ${numbers}`, [], { timeoutMs: 20 });
  await assert.rejects(read, interrupted);
  assert.equal(conn.inTransaction, true, "a read has changed nothing");
  const write = conn.execute(`INSERT INTO t SELECT value ${numbers}`, [], { timeoutMs: 20 });
  await assert.rejects(write, interrupted);
  assert.equal(conn.inTransaction, false);
  assert.deepEqual((await conn.execute("SELECT count(*) AS n FROM t")).rows, [{ n: 0 }]);
  await conn.execute("INSERT INTO t VALUES (2)");
});

test("turso: a time limit of more than 32 bits is not cut to a short one", {
  skip: turso.unavailable ?? false,
}, async (t) => {
  const conn = await turso.open(":memory:", {});
  t.after(() => conn.close());
  const sum = "SELECT sum(value) AS sum FROM generate_series(1, 300000)";
  const { rows } = await conn.execute(sum, [], { timeoutMs: 2 ** 32 + 1 });
  assert.deepEqual(rows, [{ sum: 45_000_150_000 }]);
});
