/** Closing: while in use, twice, and what comes after. Through the pool, too. */

import assert from "node:assert/strict";

import { ConnectionReleasedError, SQLiteConnectionPool } from "../../../mod.ts";
import type { Case } from "../suite.ts";

export const lifecycleCases: readonly Case[] = [
  {
    name: "close() twice",
    async run({ open }) {
      const conn = await open();
      await conn.close();
      await conn.close();
    },
  },
  {
    name: "use after close() is SQLITE_MISUSE",
    async run({ open }) {
      const conn = await open();
      await conn.execute("SELECT 1 AS a");
      await conn.close();
      const closed = { code: "SQLITE_MISUSE" };
      assert.equal(conn.inTransaction, false);
      await assert.rejects(conn.execute("SELECT 1 AS a"), closed);
      await assert.rejects(conn.execute("SELECT 2 AS a"), closed);
      await assert.rejects(conn.executeScript("SELECT 1"), closed);
      await assert.rejects(conn.iterate("SELECT 1 AS a").next(), closed);
      await assert.rejects(conn.rollback(), closed);
    },
  },
  {
    name: "close() in a transaction rolls it back and frees the lock",
    limit: "transactions",
    async run({ open, file }) {
      const path = file();
      const one = await open(path);
      await one.execute("CREATE TABLE t (a)");
      await one.execute("BEGIN IMMEDIATE");
      await one.execute("INSERT INTO t VALUES (1)");
      await one.close();
      const other = await open(path);
      await other.execute("PRAGMA busy_timeout = 0");
      await other.execute("INSERT INTO t VALUES (2)");
      assert.deepEqual((await other.execute("SELECT a FROM t")).rows, [{ a: 2 }]);
    },
  },
  {
    name: "close() beside calls that were not awaited",
    async run({ open }) {
      const conn = await open();
      const calls = [1, 2, 3].map((n) => conn.execute("SELECT ? AS n", [n]));
      const closing = conn.close();
      const late = conn.execute("SELECT 4 AS n");
      const settled = await Promise.allSettled([...calls, closing, late]);
      // Each of them either ran before the end or was told of it; none hangs, none crashes.
      assert.equal(settled[3].status, "fulfilled");
      assert.equal(settled[4].status, "rejected");
      for (const [index, outcome] of settled.slice(0, 3).entries()) {
        if (outcome.status === "rejected") assert.equal(outcome.reason.code, "SQLITE_MISUSE");
        else assert.deepEqual((outcome.value as { rows: unknown }).rows, [{ n: index + 1 }]);
      }
    },
  },
  {
    name: "calls that were not awaited run in order",
    async run({ open }) {
      const conn = await open();
      await Promise.all([
        conn.execute("CREATE TABLE t (a)"),
        conn.execute("INSERT INTO t VALUES (1)"),
        conn.execute("UPDATE t SET a = a + 1"),
        conn.execute("UPDATE t SET a = a * 10"),
      ]);
      assert.deepEqual((await conn.execute("SELECT a FROM t")).rows, [{ a: 20 }]);
    },
  },
  {
    name: "what was written is there after close()",
    async run({ open, file }) {
      const path = file();
      const one = await open(path);
      await one.execute("CREATE TABLE t (a)");
      await one.execute("INSERT INTO t VALUES (?)", ["kept"]);
      await one.close();
      const other = await open(path);
      assert.deepEqual((await other.execute("SELECT a FROM t")).rows, [{ a: "kept" }]);
    },
  },
  {
    name: "raw is the driver's own handle",
    async run({ open }) {
      const conn = await open();
      assert.equal(typeof conn.raw, "object");
      assert.notEqual(conn.raw, null);
    },
  },
  {
    name: "a bad intMode is refused",
    async run({ open }) {
      await assert.rejects(open(":memory:", { intMode: "string" as "number" }), TypeError);
    },
  },
  {
    name: "in a pool: a transaction left open is rolled back at release",
    limit: "transactions",
    async run({ driver, file, t }) {
      const path = file();
      const pool = new SQLiteConnectionPool(() => driver.open(path, {}), { poolSize: 1 });
      t.after(() => pool.close({ timeoutMs: 0 }));
      await pool.execute("CREATE TABLE t (a)");
      const first = await pool.connection();
      await first.begin();
      await first.execute("INSERT INTO t VALUES (1)");
      await first.release();
      assert.deepEqual(await pool.get("SELECT count(*) AS n FROM t"), { n: 0 });
      await assert.rejects(first.execute("SELECT 1"), ConnectionReleasedError);
    },
  },
  {
    name: "in a pool: two connections, a hundred transactions",
    limit: "transactions",
    async run({ driver, file, t }) {
      const path = file();
      const pool = new SQLiteConnectionPool(() => driver.open(path, {}), {
        poolSize: 2,
        // It waits in threads of its own, without a queue: one second, its default, can be too
        // little for the unlucky one when the disk is slow.
        onConnect: (conn) =>
          driver.name === "sqlite3" ? conn.execute("PRAGMA busy_timeout = 60000") : undefined,
      });
      t.after(() => pool.close({ timeoutMs: 0 }));
      await pool.execute("PRAGMA journal_mode = WAL");
      await pool.execute("CREATE TABLE t (a)");
      await pool.execute("INSERT INTO t VALUES (0)");
      await Promise.all(Array.from({ length: 100 }, () =>
        pool.transaction(async (conn) => {
          const row = await conn.get<{ a: number }>("SELECT a FROM t");
          await conn.run("UPDATE t SET a = ?", [row!.a + 1]);
        })));
      assert.deepEqual(await pool.get("SELECT a FROM t"), { a: 100 });
    },
  },
];
