/** SQL text: what is one statement, what is none, and what is a script. */

import assert from "node:assert/strict";

import { SQLiteError } from "../../../mod.ts";
import type { Case } from "../suite.ts";

const single: readonly string[] = [
  "SELECT 1 AS one",
  "SELECT 1 AS one;",
  "SELECT 1 AS one ; ;; ",
  "  \t\r\n SELECT 1 AS one",
  ";SELECT 1 AS one",
  "-- comment\nSELECT 1 AS one",
  "SELECT 1 AS one -- comment",
  "SELECT 1 AS one; -- comment",
  "/* a; b */ SELECT /* ; */ 1 AS one /* ; */;",
  "SELECT 1 AS one /* never closed",
  "select 1 as one",
  "SELECT 1 AS \"one\" WHERE ';' = ';'",
  "\ufeffSELECT 1 AS one",
];

const several: readonly string[] = [
  "SELECT 1; SELECT 2",
  "SELECT 1;SELECT 2;",
  "INSERT INTO t VALUES (1); INSERT INTO t VALUES (2)",
  "INSERT INTO t VALUES (1); -- comment\n DELETE FROM t",
  "SELECT 1; garbage",
];

const empty: readonly string[] = ["", " ", ";", ";;", "-- comment", "/* comment */", "\n\t"];

const count = "SELECT count(*) AS n FROM t";

export const statementCases: readonly Case[] = [
  ...single.map((sql): Case => ({
    name: `one statement: ${JSON.stringify(sql)}`,
    async run({ open }) {
      const conn = await open();
      assert.deepEqual((await conn.execute(sql)).rows, [{ one: 1 }]);
    },
  })),
  ...several.map((sql): Case => ({
    name: `several statements are refused, and none runs: ${JSON.stringify(sql)}`,
    async run({ open }) {
      const conn = await open();
      await conn.execute("CREATE TABLE t (a)");
      await assert.rejects(
        conn.execute(sql),
        (error) => error instanceof SQLiteError && /executeScript/.test(error.message),
      );
      assert.deepEqual((await conn.execute(count)).rows, [{ n: 0 }]);
    },
  })),
  ...empty.map((sql): Case => ({
    name: `no statement: ${JSON.stringify(sql)}`,
    async run({ open }) {
      const conn = await open();
      await assert.rejects(conn.execute(sql), { code: "SQLITE_MISUSE" });
      await conn.executeScript(sql);
    },
  })),
  ...["SELECT 1\0", "SELECT '\0'", "SELECT '\ud83d'"].map((sql): Case => ({
    name: `text that SQLite would cut or change: ${JSON.stringify(sql)}`,
    async run({ open }) {
      const conn = await open();
      await assert.rejects(conn.execute(sql), { code: "SQLITE_MISUSE" });
    },
  })),
  ...[undefined, null, 1, {}].map((sql): Case => ({
    name: `${JSON.stringify(sql)} is no SQL text`,
    async run({ open }) {
      const conn = await open();
      await assert.rejects(conn.execute(sql as unknown as string), TypeError);
    },
  })),
  {
    name: "a script runs all its statements",
    async run({ open }) {
      const conn = await open();
      await conn.executeScript(`
        CREATE TABLE t (a); -- one; two
        INSERT INTO t VALUES (';'), ('--');
        INSERT INTO t SELECT a FROM t /* ; */;
        SELECT * FROM t;
      `);
      assert.deepEqual((await conn.execute(count)).rows, [{ n: 4 }]);
    },
  },
  {
    name: "a script with a trigger",
    async run({ open }) {
      const conn = await open();
      await conn.executeScript(`
        CREATE TABLE t (a);
        CREATE TABLE log (a);
        CREATE TRIGGER trace AFTER INSERT ON t BEGIN
          INSERT INTO log VALUES (new.a);
          INSERT INTO log SELECT CASE WHEN new.a THEN 1 ELSE 2 END;
        END;
        INSERT INTO t VALUES (5);
      `);
      assert.deepEqual((await conn.execute("SELECT a FROM log")).rows, [{ a: 5 }, { a: 1 }]);
    },
  },
  {
    name: "a script stops at the first failure",
    async run({ open }) {
      const conn = await open();
      await assert.rejects(
        conn.executeScript("CREATE TABLE t (a); INSERT INTO nowhere VALUES (1); DROP TABLE t"),
        SQLiteError,
      );
      assert.deepEqual((await conn.execute(count)).rows, [{ n: 0 }]);
    },
  },
  {
    name: "a script takes no parameters",
    async run({ open }) {
      const conn = await open();
      await assert.rejects(conn.executeScript("SELECT ?"), RangeError);
    },
  },
  {
    name: "a statement runs a thousand times",
    async run({ open }) {
      const conn = await open();
      await conn.execute("CREATE TABLE t (a)");
      for (let a = 0; a < 1000; a++) await conn.execute("INSERT INTO t VALUES (?)", [a]);
      const { rows } = await conn.execute("SELECT count(*) AS n, sum(a) AS sum FROM t");
      assert.deepEqual(rows, [{ n: 1000, sum: 499_500 }]);
    },
  },
  {
    name: "a thousand different statements",
    async run({ open }) {
      const conn = await open();
      for (let n = 0; n < 1000; n++) {
        assert.deepEqual((await conn.execute(`SELECT ${n} AS n`)).rows, [{ n }]);
      }
    },
  },
];
