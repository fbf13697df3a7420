import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import {
  type Connection,
  OutcomeUnknownError,
  PoolConnectionAcquireTimeoutError,
  SQLiteConnectionPool,
} from "../../mod.ts";
import { nativeDriver } from "../helpers/drivers.ts";
import { gate, openTestPool, type TestPool } from "../helpers/pools.ts";

async function openCounter(t: TestContext, poolSize = 8): Promise<TestPool> {
  const opened = openTestPool(t, { poolSize });
  await opened.pool.execute("CREATE TABLE t (n INTEGER UNIQUE)");
  return opened;
}

/** Lets the event loop have a turn. */
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

const insert = (conn: Connection, n: number): Promise<unknown> =>
  conn.run("INSERT INTO t VALUES (?)", [n]);

async function contents({ pool }: TestPool): Promise<unknown[]> {
  const rowFactory = ([n]: unknown[]): unknown => n;
  return (await pool.execute("SELECT n FROM t ORDER BY n", [], { rowFactory })).rows;
}

test("begin, commit and rollback", async (t) => {
  const db = await openCounter(t);
  await db.pool.withConnection(async (conn) => {
    assert.equal(conn.inTransaction, false);
    await conn.begin();
    assert.equal(conn.inTransaction, true);
    await insert(conn, 1);
    await conn.commit();
    assert.equal(conn.inTransaction, false);
    await conn.begin("deferred");
    await insert(conn, 2);
    await conn.rollback();
  });
  assert.deepEqual(await contents(db), [1]);
});

test("commit and rollback outside a transaction do nothing", async (t) => {
  const { pool } = openTestPool(t);
  await pool.withConnection(async (conn) => {
    await conn.commit();
    await conn.rollback();
    await conn.execute("BEGIN");
    await conn.commit();
    await conn.commit();
    assert.equal(conn.inTransaction, false);
  });
});

test("an unknown mode is refused", async (t) => {
  const { pool } = openTestPool(t);
  await pool.withConnection(async (conn) => {
    const refused = { name: "TypeError", message: /mode must be "deferred".*got the string "imm/ };
    await assert.rejects(conn.begin("imm" as "immediate"), refused);
    const mode = "imm" as "immediate";
    await assert.rejects(conn.transaction(() => {}, { mode }), refused);
    assert.equal(conn.inTransaction, false);
  });
});

test("transaction commits and returns what its callback returns", async (t) => {
  const db = await openCounter(t);
  const result = await db.pool.transaction(async (tx) => {
    await insert(tx, 1);
    await insert(tx, 2);
    return "done";
  });
  assert.equal(result, "done");
  assert.deepEqual(await contents(db), [1, 2]);
});

test("transaction rolls back and throws what its callback throws", async (t) => {
  const db = await openCounter(t);
  const failure = new RangeError("stop");
  const failing = db.pool.transaction(async (tx) => {
    await insert(tx, 1);
    throw failure;
  });
  await assert.rejects(failing, (error) => error === failure);
  assert.deepEqual(await contents(db), []);
  assert.equal(db.pool.stats.inUse, 0);
});

test("nested transactions are savepoints", async (t) => {
  const db = await openCounter(t);
  await db.pool.transaction(async (tx) => {
    await insert(tx, 1);
    await tx.transaction(async (inner) => {
      await insert(inner, 2);
      await assert.rejects(
        inner.transaction(async (innermost) => {
          await insert(innermost, 3);
          throw new Error("undo 3");
        }),
        /undo 3/,
      );
      await inner.transaction((innermost) => insert(innermost, 4));
    });
    await assert.rejects(
      tx.transaction(async (inner) => {
        await insert(inner, 5);
        await insert(inner, 1);
      }),
      { extendedCode: "SQLITE_CONSTRAINT_UNIQUE" },
    );
  });
  assert.deepEqual(await contents(db), [1, 2, 4]);
});

test("a transaction around the caller's own BEGIN is a savepoint too", async (t) => {
  const db = await openCounter(t);
  await db.pool.withConnection(async (conn) => {
    await conn.execute("BEGIN IMMEDIATE");
    await conn.transaction((tx) => insert(tx, 1));
    assert.equal(conn.inTransaction, true);
    await conn.rollback();
  });
  assert.deepEqual(await contents(db), []);
});

test("transactions that overlap on one connection come one after the other", async (t) => {
  const db = await openCounter(t);
  const order: string[] = [];
  const nested = (tx: Connection, name: string, n: number, fails: boolean) =>
    tx.transaction(async (inner) => {
      order.push(`${name} begins`);
      await insert(inner, n);
      await new Promise((resolve) => setImmediate(resolve));
      order.push(`${name} ends`);
      if (fails) throw new RangeError(name);
    });
  await db.pool.transaction(async (tx) => {
    const settled = await Promise.allSettled([
      nested(tx, "a", 1, false),
      nested(tx, "b", 2, true),
      insert(tx, 3),
      nested(tx, "c", 4, false),
    ]);
    assert.deepEqual(settled.map(({ status }) => status), [
      ...["fulfilled", "rejected", "fulfilled", "fulfilled"],
    ]);
  });
  assert.deepEqual(order, ["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
  assert.deepEqual(await contents(db), [1, 3, 4]);
});

test("the outer connection is refused inside a transaction nested in it", async (t) => {
  const db = await openCounter(t);
  await db.pool.withConnection(async (conn) => {
    await conn.transaction(async (tx) => {
      await insert(tx, 1);
      await assert.rejects(insert(conn, 2), /the connection that the callback receives/);
      await assert.rejects(conn.transaction(() => {}), /the connection that the callback receives/);
      await tx.transaction(async (inner) => {
        await insert(inner, 3);
        await assert.rejects(insert(tx, 4), /the connection that the callback receives/);
      });
    });
  });
  assert.deepEqual(await contents(db), [1, 3]);
});

test("a transaction that waits for a later one on its connection ends with its time", async (t) => {
  const { pool } = openTestPool(t, { acquisitionTimeoutMs: 20 });
  await pool.execute("CREATE TABLE t (n)");
  const later = gate();
  const deadlock = pool.transaction(async (tx) => {
    const first = tx.transaction(async (a) => {
      await insert(a, 1);
      await later.opened;
    });
    first.catch(() => {});
    try {
      await tx.transaction(() => later.open());
    } finally {
      later.open();
    }
  });
  await assert.rejects(deadlock, PoolConnectionAcquireTimeoutError);
  assert.deepEqual(await pool.values("SELECT n FROM t"), []);
});

test("a transaction waits for calls that nobody awaits, and fails with them", async (t) => {
  const db = await openCounter(t);
  await db.pool.transaction(async (tx) => {
    void tx.transaction(async (inner) => {
      await new Promise((resolve) => setImmediate(resolve));
      await insert(inner, 1);
    });
  });
  assert.deepEqual(await contents(db), [1]);
  const failing = db.pool.transaction(async (tx) => {
    await insert(tx, 2);
    void tx.transaction(async () => {
      await new Promise((resolve) => setImmediate(resolve));
      throw new RangeError("nobody listens");
    });
  });
  await assert.rejects(failing, /nobody listens/);
  assert.deepEqual(await contents(db), [1]);
});

test("a script that ends the transaction is noticed, on a driver that does not tell, too", async (t) => {
  const handle = nativeDriver.open(":memory:");
  const pool = new SQLiteConnectionPool(() => ({
    execute(sql: string) {
      const rows = handle.prepare(sql).all();
      return Promise.resolve({ columns: [], rows, rowsAffected: 0, lastInsertRowid: undefined });
    },
    rollback: () => Promise.resolve(),
    close: () => Promise.resolve(handle.close()),
  }), { poolSize: 1 });
  t.after(() => pool.close());
  await pool.execute("CREATE TABLE t (n INTEGER UNIQUE)");
  await pool.execute("INSERT INTO t VALUES (1)");
  const call = pool.transaction(async (tx) => {
    await tx.run("INSERT INTO t VALUES (2)");
    await tx.executeScript("INSERT OR ROLLBACK INTO t VALUES (1)").catch(() => {});
    await tx.run("INSERT INTO t VALUES (3)");
  });
  await assert.rejects(call, { name: "TransactionEndedError" });
  assert.deepEqual((await pool.all("SELECT n FROM t")).map(({ n }) => n), [1]);
});

test("a failed COMMIT rolls back", async (t) => {
  const db = openTestPool(t, {
    poolSize: 1,
    onConnect: (conn) => conn.execute("PRAGMA foreign_keys = ON"),
  });
  await db.pool.withConnection((conn) =>
    conn.executeScript(`
      CREATE TABLE parent (id INTEGER PRIMARY KEY);
      CREATE TABLE child (id REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
    `)
  );
  await db.pool.withConnection(async (conn) => {
    const failing = conn.transaction((tx) => tx.run("INSERT INTO child VALUES (1)"));
    await assert.rejects(failing, { extendedCode: "SQLITE_CONSTRAINT_FOREIGNKEY" });
    assert.equal(conn.inTransaction, false);
    assert.deepEqual(await conn.values("SELECT count(*) FROM child"), [[0]]);
  });
});

test("a write transaction lets the others wait without stopping the thread", async (t) => {
  const db = await openCounter(t);
  const started = gate();
  const finish = gate();
  const first = db.pool.transaction(async (tx) => {
    await insert(tx, 1);
    started.open();
    await finish.opened;
  });
  await started.opened;
  const others = [2, 3].map((n) => db.pool.transaction((tx) => insert(tx, n)));
  await turn();
  const plain = db.pool.execute("INSERT INTO t VALUES (4)");
  assert.deepEqual(await contents(db), [], "readers go on meanwhile");
  finish.open();
  await Promise.all([first, ...others, plain]);
  const { rows } = await db.pool.execute("SELECT n FROM t ORDER BY rowid");
  // The single statement waits with a connection, the transactions in line for one.
  assert.deepEqual(rows, [{ n: 1 }, { n: 4 }, { n: 2 }, { n: 3 }]);
});

test("begin inside a transaction is refused at once, whoever waits for the lock", async (t) => {
  const { pool } = await openCounter(t, 2);
  const conn = await pool.connection();
  // As text, so that the lock is taken outside the turn.
  await conn.run("BEGIN");
  await insert(conn, 1);
  const other = pool.execute("INSERT INTO t VALUES (2)");
  while (pool.stats.inUse < 2) await turn();
  await turn();
  let refused = false;
  const begun = conn.begin().catch(() => refused = true);
  await turn();
  assert.equal(refused, true, "it does not wait for those who wait for it");
  await begun;
  await conn.release();
  await other;
});

test("two statements of a deferred transaction that wait for the lock do not wait for each other", async (t) => {
  const db = await openCounter(t, 2);
  const { opened: held, open: letGo } = gate();
  const holder = db.pool.transaction(async (tx) => {
    await insert(tx, 1);
    await held;
  });
  const deferred = db.pool.transaction(async (tx) => {
    const both = Promise.all([insert(tx, 2), insert(tx, 3)]);
    letGo();
    await both;
  }, { mode: "deferred" });
  await Promise.all([holder, deferred]);
  assert.deepEqual(await contents(db), [1, 2, 3]);
});

test("a statement does not overtake one of its connection that waits for a lock", async (t) => {
  const db = await openCounter(t);
  const outsider = nativeDriver.open(db.path);
  const conn = await db.pool.connection();
  outsider.exec("BEGIN IMMEDIATE");
  const first = insert(conn, 1);
  while (db.pool.stats.busyRetries < 2) await turn();
  outsider.exec("COMMIT");
  outsider.close();
  // The lock is free, but the first one has not tried again.
  const second = conn.run("INSERT INTO t SELECT max(n) + 1 FROM t");
  const rows = conn.iterate<{ n: number }>("SELECT n FROM t");
  assert.deepEqual((await rows.next()).value, { n: 1 });
  await rows.return?.();
  await Promise.all([first, second]);
  await conn.release();
  assert.deepEqual(await contents(db), [1, 2]);
});

test("a commit that waits for a reader does not wait for those who wait for its lock", async (t) => {
  const path = openTestPool(t).path;
  const pool = new SQLiteConnectionPool(() => nativeDriver.open(path));
  t.after(() => pool.close({ timeoutMs: 0 }));
  // Without a log readers keep a commit waiting.
  await pool.execute("CREATE TABLE t (n INTEGER)");
  await pool.execute("INSERT INTO t VALUES (1)");
  const [reader, writer] = [await pool.connection(), await pool.connection()];
  await reader.begin("deferred");
  await reader.all("SELECT * FROM t");
  // The lock is taken outside the turn.
  await writer.begin("deferred");
  await insert(writer, 2);
  const other = pool.execute("INSERT INTO t VALUES (3)");
  while (pool.stats.busyRetries < 2) await turn();
  const committed = writer.commit();
  await turn();
  await reader.commit();
  await committed;
  await writer.release();
  await reader.release();
  await other;
  assert.deepEqual(await pool.values("SELECT n FROM t"), [[1], [2], [3]]);
});

test("whoever waits for a lock that never comes free gets SQLITE_BUSY", async (t) => {
  const db = openTestPool(t, { poolSize: 2, busyTimeoutMs: 5 });
  await db.pool.execute("CREATE TABLE t (n)");
  const holder = await db.pool.connection();
  await holder.begin();
  const locked = { code: "SQLITE_BUSY", message: /was locked for 5 ms.*busyTimeoutMs/s };
  await assert.rejects(db.pool.execute("INSERT INTO t VALUES (1)"), locked);
  await assert.rejects(db.pool.transaction((tx) => tx.run("INSERT INTO t VALUES (1)")), locked);
  await holder.release();
  await db.pool.execute("INSERT INTO t VALUES (2)");
});

test("a lock held outside the pool is waited for too", async (t) => {
  const db = await openCounter(t);
  const { nativeDriver } = await import("../helpers/drivers.ts");
  const outsider = nativeDriver.open(db.path);
  outsider.exec("BEGIN IMMEDIATE");
  const waiting = db.pool.transaction((tx) => insert(tx, 1));
  while (db.pool.stats.busyRetries < 2) await turn();
  outsider.exec("COMMIT");
  outsider.close();
  await waiting;
  assert.deepEqual(await contents(db), [1]);
});

test("a script and a new connection wait for a lock too", async (t) => {
  const db = await openCounter(t);
  const { nativeDriver } = await import("../helpers/drivers.ts");
  const outsider = nativeDriver.open(db.path);
  const conn = await db.pool.connection();
  outsider.exec("BEGIN IMMEDIATE");
  const script = conn.executeScript("CREATE TABLE u (n); INSERT INTO u VALUES (1)");
  while (db.pool.stats.busyRetries < 2) await turn();
  outsider.exec("COMMIT");
  await script;
  assert.deepEqual(await conn.values("SELECT n FROM u"), [[1]]);
  await conn.execute("PRAGMA wal_checkpoint(TRUNCATE)");
  await conn.release();
  await db.pool.close();
  outsider.exec("PRAGMA locking_mode = EXCLUSIVE");
  outsider.exec("INSERT INTO u VALUES (2)");
  const late = new SQLiteConnectionPool(() => nativeDriver.open(db.path));
  const counted = late.values("SELECT count(*) FROM u");
  while (late.stats.busyRetries < 2) await turn();
  outsider.close();
  assert.deepEqual(await counted, [[2]]);
  await late.close();
});

test("a stale snapshot is an error at once: waiting cannot help", async (t) => {
  const db = await openCounter(t);
  const conn = await db.pool.connection();
  await conn.begin("deferred");
  await conn.all("SELECT * FROM t");
  await db.pool.execute("INSERT INTO t VALUES (1)");
  await assert.rejects(insert(conn, 2), {
    extendedCode: "SQLITE_BUSY_SNAPSHOT",
    rawCode: 517,
    message: /others have written.*"immediate"/,
  });
  assert.equal(db.pool.stats.busyRetries, 0);
  await conn.release();
  assert.deepEqual(await contents(db), [1]);
});

test("a released writer passes the turn on, whatever it left open", async (t) => {
  const db = await openCounter(t);
  const holder = await db.pool.connection();
  await holder.begin();
  await insert(holder, 1);
  const waiting = db.pool.transaction((tx) => insert(tx, 2));
  await holder.release();
  await waiting;
  assert.deepEqual(await contents(db), [2]);
});

test("who is released while waiting for the lock fails, and the turn goes on", async (t) => {
  const db = await openCounter(t);
  const holder = await db.pool.connection();
  await holder.begin();
  const impatient = await db.pool.connection();
  const waiting = impatient.begin();
  const patient = db.pool.transaction((tx) => insert(tx, 3));
  await impatient.release();
  await holder.commit();
  await assert.rejects(waiting, { name: "ConnectionReleasedError" });
  await patient;
  await holder.release();
  assert.deepEqual(await contents(db), [3]);
});

test("100 workers in write transactions lose no update and starve nobody", async (t) => {
  const db = openTestPool(t, { poolSize: 8 });
  await db.pool.execute("CREATE TABLE counter (n INTEGER)");
  await db.pool.execute("INSERT INTO counter VALUES (0)");
  const add = async (tx: Connection): Promise<void> => {
    const row = await tx.get<{ n: number }>("SELECT n FROM counter");
    await tx.run("UPDATE counter SET n = ?", [row!.n + 1]);
  };
  const worker = async (): Promise<void> => {
    for (let i = 0; i < 5; i++) await db.pool.transaction(add);
  };
  await Promise.all(Array.from({ length: 100 }, worker));
  assert.deepEqual((await db.pool.execute("SELECT n FROM counter")).rows, [{ n: 500 }]);
});

test("stats count who waits for the write lock, and who has waited in vain", async (t) => {
  const { pool } = openTestPool(t, { poolSize: 4, busyTimeoutMs: 20 });
  await pool.execute("CREATE TABLE t (n)");
  const holder = await pool.connection();
  await holder.begin();
  const before = pool.stats;
  const waiting = [1, 2].map((n) => pool.transaction((tx) => insert(tx, n)));
  const settled = Promise.allSettled(waiting);
  while (pool.stats.waiting < 2) await turn();
  await settled;
  assert.equal(pool.stats.waiting, 0);
  assert.equal(pool.stats.timeouts - before.timeouts, 2);
  await holder.commit();
  await holder.release();
});

test("an unknown outcome of something else rolls a transaction back like any error", async (t) => {
  const db = await openCounter(t);
  await db.pool.withConnection(async (conn) => {
    const elsewhere = new OutcomeUnknownError("of another database");
    const failing = conn.transaction(async (tx) => {
      await insert(tx, 1);
      throw elsewhere;
    });
    await assert.rejects(failing, elsewhere);
    assert.equal(conn.inTransaction, false);
  });
  assert.deepEqual(await contents(db), []);
});
