import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { type BatchStatement, type Database, sql, type SQLiteError } from "../../mod.ts";
import { openTestDatabase } from "../helpers/databases.ts";

const INSERT = "INSERT INTO t VALUES (?)";
const INSERT_OR_ROLLBACK = "INSERT OR ROLLBACK INTO t VALUES (?)";

for (const execution of ["inline", "worker"] as const) {
  const check = (title: string, fn: (t: TestContext, db: Database) => Promise<void>): void => {
    test(execution === "worker" ? `${title} (in a thread)` : title, async (t) => {
      const { db } = await openTestDatabase(t, { execution });
      await db.run("CREATE TABLE t (n INTEGER UNIQUE)");
      // Known to be quick, so that a thread is sent many at once.
      await db.run(INSERT, [-1]);
      await db.run(INSERT_OR_ROLLBACK, [-2]);
      await db.run("DELETE FROM t");
      await fn(t, db);
    });
  };
  const inserts = (...numbers: number[]): BatchStatement[] =>
    numbers.map((n) => ({ sql: INSERT, params: [n] }));
  const rows = async (db: Database): Promise<unknown[]> =>
    (await db.values("SELECT n FROM t ORDER BY n")).map(([n]) => n);

  check("each statement of a batch has its result", async (_, db) => {
    const results = await db.batch([
      ...inserts(1, 2),
      { sql: "SELECT count(*) AS n FROM t" },
      { sql: sql`UPDATE t SET n = n + ${10} RETURNING n` },
      { sql: "DELETE FROM t WHERE n > :least", params: { least: 11 } },
    ]);
    assert.deepEqual(results.map(({ rowsAffected }) => rowsAffected), [1, 1, 0, 2, 1]);
    assert.deepEqual(results[2].rows, [{ n: 2 }]);
    assert.deepEqual(results[3].rows.map(({ n }) => n).toSorted(), [11, 12]);
    assert.deepEqual(await rows(db), [11]);
  });

  check("many statements", async (_, db) => {
    const numbers = Array.from({ length: 5_000 }, (_, n) => n);
    const results = await db.batch(inserts(...numbers));
    assert.equal(results.length, 5_000);
    assert.deepEqual(await rows(db), numbers);
    assert.deepEqual(await db.batch([]), []);
  });

  check("its error tells which statement it was, and leads to the caller", async (_, db) => {
    await db.run(INSERT, [5]);
    async function addThree(): Promise<void> {
      await db.batch(inserts(4, 5, 6));
    }
    await assert.rejects(addThree(), (error: SQLiteError) => {
      assert.equal(error.index, 1);
      assert.equal(error.sql, INSERT);
      // Only V8 follows all the ways in which a call is waited for.
      if (!("Bun" in globalThis)) assert.match(String(error.stack), /addThree/);
      return true;
    });
    assert.deepEqual(await rows(db), [5]);
  });

  check("what is no statement is refused by its index, and nothing runs", async (_, db) => {
    const bad: readonly (readonly [unknown, RegExp])[] = [
      ["INSERT INTO t VALUES (1)", /Statement 1 .* must be an object \{ sql, params \}/],
      [{ sql: INSERT, args: [1] }, /Statement 1 .* "args"\. Did you mean params\?/],
      [{ query: INSERT, params: [1] }, /Statement 1 .* must be an object/],
      [{ sql: "COMMIT" }, /Statement 1 of the batch is COMMIT/],
      [null, /Statement 1 .* must be an object/],
    ];
    for (const [statement, message] of bad) {
      await assert.rejects(db.batch([...inserts(1), statement as BatchStatement]), { message });
    }
    assert.deepEqual(await rows(db), []);
  });

  check("the first that fails undoes all of them", async (_, db) => {
    await db.run(INSERT, [5]);
    const failing = [...inserts(1, 2, 3, 4, 5, 6, 7), { sql: "INSERT INTO nowhere VALUES (1)" }];
    await assert.rejects(db.batch(failing), { extendedCode: "SQLITE_CONSTRAINT_UNIQUE" });
    assert.deepEqual(await rows(db), [5]);
    await assert.rejects(
      db.batch([...inserts(1), { sql: INSERT, params: [{} as number] }, ...inserts(2)]),
      TypeError,
    );
    assert.deepEqual(await rows(db), [5]);
    await db.batch(inserts(6));
    assert.deepEqual(await rows(db), [5, 6]);
  });

  check("the error is that of the first, whatever is wrong with those after it", async (_, db) => {
    await db.run(INSERT, [5]);
    for (
      const bad of [
        { sql: INSERT, params: [{} as number] },
        { sql: INSERT, params: [] },
        { sql: "SELECT 1; SELECT 2" },
      ]
    ) {
      await assert.rejects(
        db.batch([...inserts(1, 5), bad]),
        { extendedCode: "SQLITE_CONSTRAINT_UNIQUE" },
      );
    }
    assert.deepEqual(await rows(db), [5]);
  });

  check("one that ends the transaction takes those after it along", async (_, db) => {
    await db.run(INSERT, [5]);
    const failing = [...inserts(1), { sql: INSERT_OR_ROLLBACK, params: [5] }, ...inserts(2, 3)];
    await assert.rejects(db.batch(failing), { extendedCode: "SQLITE_CONSTRAINT_UNIQUE" });
    assert.deepEqual(await rows(db), [5]);
  });
}

for (const execution of ["inline", "worker"] as const) {
  test(`${execution}: a statement of a batch has a row factory of its own`, async (t) => {
    const { db } = await openTestDatabase<unknown>(t, {
      execution,
      rowFactory: (values) => ["the database's", ...values],
    });
    await db.executeScript("CREATE TABLE t (n)");
    const insert = { sql: "INSERT INTO t VALUES (1) RETURNING n" };
    const own = { ...insert, rowFactory: ([n]: unknown[]) => ({ own: n }) };
    const read = { sql: "SELECT n FROM t", rowFactory: (values: unknown[]) => values.length };
    // Alone, with other writes in one commit, and in a transaction of their own.
    const [shared, other, long] = await Promise.all([
      db.batch<unknown>([insert, own]),
      db.batch<unknown>([own]),
      db.batch<unknown>([own, read]),
    ]);
    assert.deepEqual(shared.map(({ rows }) => rows), [[["the database's", 1]], [{ own: 1 }]]);
    assert.deepEqual(other[0].rows, [{ own: 1 }]);
    assert.deepEqual(long.map(({ rows }) => rows), [[{ own: 1 }], [1, 1, 1, 1]]);
  });
}

test("the row factory of a statement of a batch is a function", async (t) => {
  const { db } = await openTestDatabase(t);
  const bad = { sql: "SELECT 1", rowFactory: 5 as never };
  await assert.rejects(db.batch([bad]), /^TypeError: Statement 0 of the batch: rowFactory must be/);
});
