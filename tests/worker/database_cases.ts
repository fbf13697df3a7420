/** What a database promises, where its statements run in threads or processes. */

import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { openDatabase, SQLiteConnectionPool } from "../../mod.ts";
import { openTestDatabase } from "../helpers/databases.ts";
import { gate } from "../helpers/pools.ts";
import { type Elsewhere, factoryFor } from "../helpers/workers.ts";
import { join } from "node:path";
import { temporaryDirectory } from "../helpers/runtime.ts";

/** The name of a case, and what it runs. */
export type DatabaseCase = readonly [
  name: string,
  run: (t: TestContext, execution: Elsewhere) => Promise<void>,
];

export const databaseCases: readonly DatabaseCase[] = [
  ["nested writes are refused", async (t, execution) => {
    const { db } = await openTestDatabase(t, { execution });
    await db.run("CREATE TABLE t (n)");
    await db.write(async (tx) => {
      await tx.run("INSERT INTO t VALUES (1)");
      await assert.rejects(db.run("INSERT INTO t VALUES (2)"), /inside/);
      await assert.rejects(db.write(() => {}), /inside/);
    });
    assert.deepEqual(await db.values("SELECT n FROM t"), [[1]]);
  }],
  [
    "no cursor begins when a statement before it has ended the transaction",
    async (t, execution) => {
      const { db } = await openTestDatabase(t, { execution });
      await db.run("CREATE TABLE t (n UNIQUE)");
      await db.run("INSERT INTO t VALUES (1)");
      const call = db.write(async (tx) => {
        tx.run("INSERT OR ROLLBACK INTO t VALUES (1)").catch(() => {});
        const rows = tx.iterate("INSERT INTO t VALUES (2), (3) RETURNING n");
        await Promise.allSettled([rows.next(), rows.next()]);
      });
      await assert.rejects(call, { name: "TransactionEndedError" });
      assert.deepEqual(await db.values("SELECT n FROM t"), [[1]]);
    },
  ],
  ["statements that wait for the lock together do not undo each other", async (t, execution) => {
    const path = join(temporaryDirectory(t), "test.db");
    const pool = new SQLiteConnectionPool(factoryFor(execution)(path), { poolSize: 2 });
    t.after(() => pool.close({ timeoutMs: 0 }));
    await pool.execute("CREATE TABLE t (n UNIQUE)");
    await pool.execute("INSERT INTO t VALUES (1)");
    const { opened: held, open: letGo } = gate();
    const holder = pool.transaction(async (tx) => {
      await tx.run("INSERT INTO t VALUES (2)");
      await held;
    });
    await pool.transaction(async (tx) => {
      const both = [
        tx.run("INSERT INTO t VALUES (3) RETURNING n"),
        tx.run("INSERT OR FAIL INTO t VALUES (1)"),
      ];
      setTimeout(letGo);
      const outcomes = await Promise.allSettled(both);
      assert.deepEqual(outcomes.map(({ status }) => status), ["fulfilled", "rejected"]);
    }, { mode: "deferred" });
    await holder;
    assert.deepEqual(await pool.values("SELECT n FROM t ORDER BY n"), [[1], [2], [3]]);
  }],
  ["a snapshot stays the same across commits", async (t, execution) => {
    const { db } = await openTestDatabase(t, { execution });
    await db.run("CREATE TABLE t AS SELECT 1 AS n");
    await db.read(async (snapshot) => {
      for (let commit = 0; commit < 20; commit++) {
        await db.run("INSERT INTO t VALUES (?)", [commit]);
        assert.deepEqual(await snapshot.values("SELECT count(*) FROM t"), [[1]]);
      }
    });
    assert.deepEqual(await db.values("SELECT count(*) FROM t"), [[21]]);
  }],
  ["one database in memory, for all callers", async (t, execution) => {
    const db = await openDatabase(":memory:", { execution, onWarning: () => {} });
    t.after(() => db.close({ timeoutMs: 0 }));
    await db.run("CREATE TABLE t (n)");
    await Promise.all(
      Array.from({ length: 50 }, (_, n) => db.run("INSERT INTO t VALUES (?)", [n])),
    );
    const counts = await Promise.all(
      Array.from({ length: 10 }, () => db.get("SELECT count(*) AS n, sum(n) AS sum FROM t")),
    );
    for (const count of counts) assert.deepEqual(count, { n: 50, sum: 1_225 });
    const { threads, processes } = db.stats;
    assert.equal((threads ?? processes)!.running, 1);
  }],
  ["databases on one file take turns to write, inline and in a thread", async (t, execution) => {
    const { db: inThread, path } = await openTestDatabase(t, { execution });
    const inline = await openDatabase(path, { onWarning: () => {} });
    t.after(() => inline.close({ timeoutMs: 0 }));
    await inline.run("CREATE TABLE t (who TEXT)");
    const [first, second] = [gate(), gate()];
    const order: string[] = [];
    const writes = [
      inThread.write(async (tx) => {
        await tx.run("INSERT INTO t VALUES ('thread')");
        first.open();
        await second.opened;
        order.push("thread");
      }),
      first.opened.then(() => {
        const written = inline.write(async (tx) => {
          order.push("inline");
          await tx.run("INSERT INTO t VALUES ('inline')");
        });
        second.open();
        return written;
      }),
    ];
    await Promise.all(writes);
    assert.deepEqual(order, ["thread", "inline"]);
    await Promise.all(
      Array.from(
        { length: 100 },
        (_, n) =>
          (n % 2 === 0 ? inline : inThread).write((tx) => tx.run("INSERT INTO t VALUES ('many')")),
      ),
    );
    assert.deepEqual(await inline.values("SELECT count(*) FROM t"), [[102]]);
  }],
];
