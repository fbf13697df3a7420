// Whatever a callback of the user does in answer to a thread, every other call gets its own answer.
import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { test, type TestContext } from "node:test";
import type { Row, SQLiteConnectionPool, SQLiteValue } from "../../mod.ts";
import { openWorkerPool } from "../helpers/workers.ts";

/** What is reported while the test runs: to report is all that is done about a failing hook. */
function reports(t: TestContext): unknown[] {
  const lines: unknown[] = [];
  const original = console.error;
  t.after(() => console.error = original);
  console.error = (_text, error) => lines.push(error);
  return lines;
}

const CALLS = 60;
/** The point reads travel as single values, every fifth result is packed. */
const read = (pool: SQLiteConnectionPool, n: number): Promise<SQLiteValue[][]> =>
  pool.values(`SELECT value + ? FROM generate LIMIT ${n % 5 === 0 ? 100 : 1}`, [n]);
const expected = (n: number): number[][] =>
  Array.from({ length: n % 5 === 0 ? 100 : 1 }, (_, i) => [i + n]);

const GENERATE = "CREATE TABLE generate AS WITH RECURSIVE c(value) AS " +
  "(VALUES (0) UNION ALL SELECT value + 1 FROM c LIMIT 100) SELECT value FROM c";

const nothing = (): void => {};
const misdeeds: Readonly<Record<string, (pool: SQLiteConnectionPool) => unknown>> = {
  "throws": () => {
    throw new Error("no");
  },
  "throws undefined": () => {
    throw undefined;
  },
  "rejects": () => Promise.reject(new Error("no")),
  "never settles": () => new Promise(nothing),
  "calls the pool": (pool) => pool.get("SELECT 1"),
};

for (const [misdeed, commit] of Object.entries(misdeeds)) {
  const settles = misdeed === "rejects" || misdeed === "calls the pool";

  test(`an onTiming that ${misdeed} changes no answer`, async (t) => {
    const reported = reports(t);
    const returned: unknown[] = [];
    const { pool } = openWorkerPool(t, { poolSize: 1 }, {
      onTiming(sql) {
        if (!sql.includes("generate LIMIT")) return;
        returned.push(undefined);
        return (returned[returned.length - 1] = commit(pool)) as void;
      },
    });
    await pool.execute(GENERATE);
    const results = await Promise.all(Array.from({ length: CALLS }, (_, n) => read(pool, n)));
    assert.deepEqual(results, Array.from({ length: CALLS }, (_, n) => expected(n)));
    if (settles) await Promise.allSettled(returned);
    assert.equal(returned.length, CALLS);
    assert.equal(reported.length, /throws|rejects/.test(misdeed) ? CALLS : 0);
  });

  test(`a row factory that ${misdeed} changes its own answer only`, async (t) => {
    const { pool } = openWorkerPool(t, { poolSize: 1 });
    await pool.execute(GENERATE);
    const returned: Promise<unknown>[] = [];
    const rowFactory = (): void => {
      const made = Promise.resolve(commit(pool));
      made.catch(nothing);
      returned.push(made);
    };
    const calls = Array.from({ length: CALLS }, (_, n) => {
      const sql = `SELECT value + ${n} FROM generate LIMIT ${n % 5 === 0 ? 100 : 1}`;
      return n % 3 === 0 ? pool.execute(sql, [], { rowFactory }) : pool.values(sql);
    });
    const settled = await Promise.allSettled<unknown>(calls);
    for (const [n, result] of settled.entries()) {
      if (n % 3 !== 0) {
        assert.deepEqual(result, { status: "fulfilled", value: expected(n) });
      } else if (misdeed.startsWith("throws")) assert.equal(result.status, "rejected");
      else {
        const { rows } = (result as PromiseFulfilledResult<{ rows: unknown[] }>).value;
        assert.equal(rows.length, expected(n).length);
      }
    }
    if (settles) await Promise.allSettled(returned);
    assert.equal(pool.stats.inUse, 0);
  });
}

test("a row factory that throws ends its own cursor after the rows it has made", async (t) => {
  const { pool } = openWorkerPool(t, { poolSize: 1 });
  await pool.execute(GENERATE);
  await pool.withConnection(async (conn) => {
    const made: unknown[] = [];
    const rows = conn.iterate("SELECT value FROM generate", [], {
      rowFactory([value]) {
        if (value === 50) throw new RangeError("enough");
        return value;
      },
    });
    await assert.rejects(async () => {
      for await (const row of rows) made.push(row);
    }, RangeError);
    assert.equal(made.length, 50);
    assert.deepEqual(await rows.next(), { done: true, value: undefined });
    // The statement has ended in the thread: it would keep the table from being dropped.
    await conn.execute("DROP TABLE generate");
  });
});

test("a row factory runs in the async context of its caller", async (t) => {
  const caller = new AsyncLocalStorage<number>();
  const { pool } = openWorkerPool(t, { poolSize: 1 });
  await pool.execute(GENERATE);
  const rowFactory = ([value]: SQLiteValue[]): unknown => [value, caller.getStore()];
  const rows = await Promise.all(Array.from({ length: CALLS }, (_, n) =>
    caller.run(n, async () => {
      const { rows } = await pool.execute("SELECT ? AS n", [n], { rowFactory });
      return rows[0];
    })));
  assert.deepEqual(rows, Array.from({ length: CALLS }, (_, n) => [n, n]));
  await caller.run(-1, () =>
    pool.withConnection(async (conn) => {
      // Several chunks, of which all but the first are fetched ahead.
      for await (
        const [, store] of conn.iterate("SELECT value FROM generate", [], {
          rowFactory,
        }) as AsyncIterable<unknown[]>
      ) assert.equal(store, -1);
    }));
});

test("a row factory that changes the names of columns changes its own rows only", async (t) => {
  const { pool } = openWorkerPool<Row>(t, { poolSize: 1 });
  const rowFactory = (values: SQLiteValue[], columns: readonly string[]): Row => {
    (columns as string[]).reverse();
    return Object.fromEntries(columns.map((name, i) => [name, values[i]]));
  };
  await pool.execute("SELECT 1 AS a, 2 AS b", [], { rowFactory });
  assert.deepEqual(await pool.get("SELECT 1 AS a, 2 AS b"), { a: 1, b: 2 });
});
