// The faults that led to the model, one by one: programs of a few lines that went wrong.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Database, SQLiteError, SQLitePoolError } from "../../mod.ts";
import { openTestDatabase } from "../helpers/databases.ts";
import { gate, openTestPool } from "../helpers/pools.ts";
import { nextTurn } from "./turns.ts";

const EXECUTIONS = ["inline", "worker"] as const;

const numbers = async (db: Database): Promise<unknown[]> =>
  (await db.values("SELECT n FROM t ORDER BY rowid")).flat();

const thrower = {
  rowFactory: (): never => {
    throw new Error("of the row factory");
  },
};

for (const execution of EXECUTIONS) {
  test(`${execution}: nothing runs any more in a transaction that SQLite has ended`, async (t) => {
    const { db } = await openTestDatabase(t, { execution });
    await db.executeScript("CREATE TABLE t (n UNIQUE); INSERT INTO t VALUES (1)");
    const call = db.write(async (tx) => {
      await tx.run("INSERT INTO t VALUES (2)");
      await tx.run("INSERT OR ROLLBACK INTO t VALUES (1)").catch(() => {});
      await tx.run("INSERT INTO t VALUES (3)").catch(() => {});
    });
    await assert.rejects(call, { name: "TransactionEndedError" });
    assert.deepEqual(await numbers(db), [1]);
  });

  test(`${execution}: a script that leaves a transaction open is refused`, async (t) => {
    const { db } = await openTestDatabase(t, { execution });
    await db.run("CREATE TABLE t (n)");
    await assert.rejects(db.executeScript("BEGIN; INSERT INTO t VALUES (1)"), SQLitePoolError);
    await assert.rejects(db.run("BEGIN"), SQLitePoolError);
    await db.run("INSERT INTO t VALUES (2)");
    assert.deepEqual(await numbers(db), [2]);
  });

  for (const others of [0, 1, 100]) {
    test(`${execution}: writes that fail beside ${others} others leave nothing`, async (t) => {
      const { db } = await openTestDatabase(t, { execution });
      await db.executeScript(`
        CREATE TABLE t (n UNIQUE ON CONFLICT FAIL);
        INSERT INTO t VALUES (0);
        CREATE TRIGGER raising BEFORE INSERT ON t WHEN new.n < 0 BEGIN SELECT RAISE(FAIL, 'no'); END;
      `);
      const failing = [
        db.run("INSERT INTO t VALUES (1001) RETURNING n", [], thrower),
        db.run("INSERT INTO t VALUES (1002) RETURNING 9007199254740993"),
        db.run("INSERT OR FAIL INTO t VALUES (1003), (0)"),
        db.run("INSERT INTO t VALUES (1004), (0)"),
        db.run("INSERT INTO t VALUES (1005), (-1)"),
      ];
      const good = Array.from({ length: others }, (_, n) => {
        return db.run("INSERT INTO t VALUES (?)", [n + 1]);
      });
      const outcomes = await Promise.allSettled(failing);
      assert.deepEqual(outcomes.map(({ status }) => status), failing.map(() => "rejected"));
      await Promise.all(good);
      assert.deepEqual(await numbers(db), Array.from({ length: others + 1 }, (_, n) => n));
    });
  }

  test(`${execution}: nested transactions that begin together do not mix`, async (t) => {
    const { db } = await openTestDatabase(t, { execution });
    await db.run("CREATE TABLE t (n)");
    const inner = (tx: Parameters<Parameters<typeof db.write>[0]>[0], n: number) =>
      tx.transaction(async (nested) => {
        await nested.run("INSERT INTO t VALUES (?)", [n]);
        await nextTurn();
        if (n === 2) throw new Error("of the second");
        return n;
      });
    const outcomes = await db.write((tx) => Promise.allSettled([1, 2, 3].map((n) => inner(tx, n))));
    assert.deepEqual(outcomes.map(({ status }) => status), ["fulfilled", "rejected", "fulfilled"]);
    assert.deepEqual(await numbers(db), [1, 3]);
  });

  test(`${execution}: parameters may be used again right after the call`, async (t) => {
    const { db } = await openTestDatabase(t, { execution });
    await db.run("CREATE TABLE t (n, bytes)");
    const bytes = new Uint8Array(2);
    const row = [0, bytes];
    const calls = [1, 2, 3].map((n) => {
      row[0] = n;
      bytes.fill(n);
      return db.run("INSERT INTO t VALUES (?, ?)", row);
    });
    bytes.fill(9);
    await Promise.all(calls);
    const stored = await db.values("SELECT n, hex(bytes) FROM t ORDER BY n");
    assert.deepEqual(stored, [[1, "0101"], [2, "0202"], [3, "0303"]]);
  });

  test(`${execution}: calls of one cursor come one after the other`, async (t) => {
    const { db } = await openTestDatabase(t, { execution, readers: 3 });
    const rows = db.iterate<{ n: number }>("SELECT 1 AS n UNION ALL SELECT 2 UNION ALL SELECT 3");
    const two = await Promise.all([rows.next(), rows.next()]);
    assert.deepEqual(two.map(({ value }) => value.n), [1, 2]);
    await rows.return?.();
    assert.equal(db.stats.readers.inUse, 0);
  });

  test(`${execution}: return() ends a next() that waits for a reader`, async (t) => {
    const { db, warnings } = await openTestDatabase(t, { execution, readers: 1 });
    const { opened: held, open: letGo } = gate();
    const { opened: begun, open: begins } = gate();
    const holder = db.read(async () => {
      begins();
      await held;
    });
    await begun;
    const rows = db.iterate("SELECT 1");
    const first = rows.next();
    const returned = rows.return?.();
    letGo();
    assert.deepEqual(await first, { done: true, value: undefined });
    await returned;
    await holder;
    assert.equal(db.stats.readers.inUse, 0);
    assert.deepEqual(warnings, []);
  });

  test(`${execution}: an error has the text of its statement`, async (t) => {
    const { db } = await openTestDatabase(t, { execution });
    const sql = "INSERT INTO nowhere VALUES ('of the statement')";
    const hasText = (error: unknown): boolean => error instanceof SQLiteError && error.sql === sql;
    await assert.rejects(db.run(sql), hasText);
    await assert.rejects(db.batch([{ sql: "SELECT 1" }, { sql }]), hasText);
    await assert.rejects(db.write((tx) => tx.run(sql)), hasText);
    await assert.rejects(Promise.all([db.run(sql), db.run(sql)]), hasText);
  });
}

test("transactions that overlap on a lease come one after the other", async (t) => {
  const { pool } = openTestPool(t, { poolSize: 1 });
  await pool.execute("CREATE TABLE t (n)");
  await pool.withConnection(async (conn) => {
    const transaction = (n: number, fails: boolean) =>
      conn.transaction(async (tx) => {
        await tx.run("INSERT INTO t VALUES (?)", [n]);
        await nextTurn();
        await tx.run("INSERT INTO t VALUES (?)", [n + 1]);
        if (fails) throw new Error("of the callback");
      });
    const outcomes = await Promise.allSettled([transaction(1, false), transaction(3, true)]);
    assert.deepEqual(outcomes.map(({ status }) => status), ["fulfilled", "rejected"]);
  });
  assert.deepEqual((await pool.values("SELECT n FROM t")).flat(), [1, 2]);
});

test("BEGIN as text needs a lease", async (t) => {
  const { pool } = openTestPool(t, { poolSize: 1 });
  for (const sql of ["BEGIN", "COMMIT", "SAVEPOINT a"]) {
    await assert.rejects(pool.execute(sql), SQLitePoolError);
  }
});
