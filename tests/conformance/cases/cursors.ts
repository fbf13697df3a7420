/** Streaming: rows one by one, and a cursor that never outlives its use. */

import assert from "node:assert/strict";

import { type DriverConnection, SQLiteConnectionPool, SQLiteError } from "../../../mod.ts";
import type { Case, Fixture } from "../suite.ts";

/** The numbers from 1 to 1000, without recursion: not every engine has it. */
const numbers = "WITH d(x) AS (VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)) " +
  "SELECT a.x * 100 + b.x * 10 + c.x + 1 AS n FROM d AS a, d AS b, d AS c";

/** Two connections to one file in rollback mode, where a reader that is not done blocks a writer. */
async function readerAndWriter(
  { open, file, has }: Fixture,
): Promise<[reader: DriverConnection, writer: DriverConnection]> {
  const path = file();
  const writer = await open(path);
  await writer.execute("CREATE TABLE t (n)");
  await writer.execute(`INSERT INTO t ${numbers}`);
  const reader = await open(path);
  if (!has("settings")) {
    for (const conn of [reader, writer]) await conn.execute("PRAGMA busy_timeout = 0");
  }
  return [reader, writer];
}

async function canWrite(conn: DriverConnection): Promise<void> {
  assert.equal((await conn.execute("DELETE FROM t WHERE n = 1000")).rowsAffected, 1);
}

export const cursorCases: readonly Case[] = [
  {
    name: "all rows in order",
    async run({ open }) {
      const conn = await open();
      let expected = 0;
      for await (const { n } of conn.iterate(numbers)) assert.equal(n, ++expected);
      assert.equal(expected, 1000);
    },
  },
  {
    name: "no rows",
    async run({ open }) {
      const conn = await open();
      for await (const row of conn.iterate("SELECT 1 AS a WHERE 0")) assert.fail(String(row.a));
    },
  },
  {
    name: "parameters and a row factory",
    async run({ open }) {
      const conn = await open();
      const rowFactory = ([a, b]: unknown[]) => `${a}${b}`;
      const cursor = conn.iterate("SELECT ? AS a, ? AS b", ["x", 1], { rowFactory });
      assert.deepEqual(await cursor.next(), { done: false, value: "x1" });
      assert.deepEqual(await cursor.next(), { done: true, value: undefined });
      assert.deepEqual(await cursor.next(), { done: true, value: undefined });
    },
  },
  {
    name: "two columns of one name",
    limit: "duplicate-columns",
    async run({ open }) {
      const conn = await open();
      const rowFactory = (values: unknown[]) => [...values];
      for await (const row of conn.iterate("SELECT 1 AS a, 2 AS a", [], { rowFactory })) {
        assert.deepEqual(row, [1, 2]);
      }
    },
    async refused({ open }) {
      const conn = await open();
      await assert.rejects(conn.iterate("SELECT 1 AS a, 2 AS a").next(), SQLiteError);
    },
  },
  {
    name: "break frees the locks",
    async run(fixture) {
      const [reader, writer] = await readerAndWriter(fixture);
      for await (const { n } of reader.iterate("SELECT n FROM t")) if (n === 3) break;
      await canWrite(writer);
    },
  },
  {
    name: "a throw frees the locks",
    async run(fixture) {
      const [reader, writer] = await readerAndWriter(fixture);
      const loop = async () => {
        for await (const { n } of reader.iterate("SELECT n FROM t")) {
          if (n === 3) throw new Error("enough");
        }
      };
      await assert.rejects(loop, { message: "enough" });
      await canWrite(writer);
    },
  },
  {
    name: "the last row frees the locks",
    async run(fixture) {
      const [reader, writer] = await readerAndWriter(fixture);
      for await (const { n } of reader.iterate("SELECT n FROM t")) assert.ok(n);
      await canWrite(writer);
    },
  },
  {
    name: "rollback() closes an open cursor, whose reader is told",
    async run(fixture) {
      const [reader, writer] = await readerAndWriter(fixture);
      const cursor = reader.iterate("SELECT n FROM t");
      await cursor.next();
      await reader.rollback();
      await canWrite(writer);
      await assert.rejects(cursor.next(), { code: "SQLITE_ABORT" });
      assert.deepEqual(await cursor.next(), { done: true, value: undefined });
    },
  },
  {
    name: "close() closes an open cursor, whose reader is told",
    async run(fixture) {
      const [reader, writer] = await readerAndWriter(fixture);
      const cursor = reader.iterate("SELECT n FROM t");
      await cursor.next();
      await reader.close();
      await canWrite(writer);
      await assert.rejects(cursor.next(), { code: "SQLITE_MISUSE" });
    },
  },
  {
    name: "return() before the first next() runs nothing",
    async run({ open }) {
      const conn = await open();
      const cursor = conn.iterate("SELECT * FROM nowhere");
      await cursor.return!();
      assert.deepEqual(await cursor.next(), { done: true, value: undefined });
    },
  },
  {
    name: "two cursors of one statement at once",
    async run({ open }) {
      const conn = await open();
      const [one, other] = [conn.iterate(numbers), conn.iterate(numbers)];
      for (let n = 1; n <= 20; n++) {
        assert.deepEqual((await one.next()).value, { n });
        assert.deepEqual((await other.next()).value, { n });
      }
      await one.return!();
      assert.deepEqual((await other.next()).value, { n: 21 });
      await other.return!();
    },
  },
  {
    name: "the same statement runs beside its cursor",
    async run({ open }) {
      const conn = await open();
      let rows = 0;
      for await (const { n } of conn.iterate(numbers)) {
        if (n === 500) assert.equal((await conn.execute(numbers)).rows.length, 1000);
        rows += 1;
      }
      assert.equal(rows, 1000);
    },
  },
  {
    name: "an error in a later row reaches the reader",
    async run({ open }) {
      const conn = await open();
      const sql =
        "WITH c(n) AS (VALUES (1), (2), (-9223372036854775808)) SELECT abs(n) AS n FROM c";
      const read = async () => {
        for await (const { n } of conn.iterate(sql)) assert.ok(n);
      };
      await assert.rejects(read, SQLiteError);
      assert.deepEqual((await conn.execute("SELECT 1 AS a")).rows, [{ a: 1 }]);
    },
  },
  {
    name: "a write runs once and to its end, however much is read of it",
    async run({ open }) {
      const conn = await open();
      await conn.execute("CREATE TABLE t (n)");
      for await (const { n } of conn.iterate(`INSERT INTO t ${numbers} RETURNING n`)) {
        if (n === 3) break;
      }
      assert.deepEqual((await conn.execute("SELECT count(*) AS n FROM t")).rows, [{ n: 1000 }]);
    },
  },
  {
    name: "rows are not read ahead",
    limit: "streaming",
    async run({ open }) {
      const conn = await open();
      // Without an end: whoever reads ahead never comes back.
      const endless = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) " +
        "SELECT n FROM c";
      for await (const { n } of conn.iterate(endless)) if (n === 5) break;
    },
  },
  {
    name: "a cursor left open at release does not reach the next lease",
    async run({ driver, file, t, open }) {
      const path = file();
      const pool = new SQLiteConnectionPool(() => driver.open(path, {}), { poolSize: 1 });
      t.after(() => pool.close({ timeoutMs: 0 }));
      const first = await pool.connection();
      await first.execute("CREATE TABLE t (n)");
      await first.execute(`INSERT INTO t ${numbers}`);
      const cursor = first.iterate("SELECT n FROM t");
      await cursor.next();
      await first.release();
      const other = await open(path);
      await other.execute("PRAGMA busy_timeout = 0");
      await canWrite(other);
      const second = await pool.connection();
      assert.equal(second.inTransaction, false);
      assert.deepEqual(await second.get("SELECT count(*) AS n FROM t"), { n: 999 });
      await second.release();
      await assert.rejects(cursor.next());
    },
  },
];
