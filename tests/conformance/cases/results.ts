/** Rows, their columns, and what a statement says it changed. */

import assert from "node:assert/strict";

import type { DriverLimit } from "../../../adapters/limits.ts";
import { type BindParams, type DriverConnection, SQLiteError } from "../../../mod.ts";
import type { Case, Fixture } from "../suite.ts";

async function table(conn: DriverConnection): Promise<DriverConnection> {
  await conn.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT UNIQUE)");
  await conn.execute("INSERT INTO t (v) VALUES ('a'), ('b'), ('c')");
  return conn;
}

interface Effect {
  readonly sql: string;
  readonly params?: BindParams;
  readonly affected: number;
  readonly rowid?: number;
  readonly limit?: Case["limit"];
}

/** Each on a table with the rows 1 a, 2 b, 3 c. */
const effects: readonly Effect[] = [
  { sql: "INSERT INTO t (v) VALUES ('d')", affected: 1, rowid: 4 },
  { sql: "INSERT INTO t (v) VALUES (?), (?)", params: ["d", "e"], affected: 2, rowid: 5 },
  { sql: "INSERT INTO t VALUES (77, 'd')", affected: 1, rowid: 77 },
  { sql: "INSERT INTO t VALUES (-5, 'd')", affected: 1, rowid: -5 },
  { sql: "INSERT INTO t (v) SELECT v || v FROM t", affected: 3, rowid: 6 },
  { sql: "INSERT INTO t (v) SELECT v FROM t WHERE 0", affected: 0 },
  { sql: "INSERT OR IGNORE INTO t (v) VALUES ('a')", affected: 0 },
  { sql: "INSERT OR REPLACE INTO t VALUES (1, 'z')", affected: 1, rowid: 1 },
  { sql: "REPLACE INTO t VALUES (9, 'z')", affected: 1, rowid: 9 },
  { sql: "WITH x(v) AS (SELECT 'd') INSERT INTO t (v) SELECT v FROM x", affected: 1, rowid: 4 },
  { sql: "INSERT INTO t (v) VALUES ('a') ON CONFLICT DO NOTHING", affected: 0 },
  { sql: "UPDATE t SET v = v || 'x'", affected: 3 },
  { sql: "UPDATE t SET v = 'x' WHERE id = 2", affected: 1 },
  { sql: "UPDATE t SET v = 'x' WHERE id = 99", affected: 0 },
  { sql: "UPDATE t SET v = v", affected: 3 },
  { sql: "DELETE FROM t WHERE id > 1", affected: 2 },
  { sql: "DELETE FROM t WHERE id = 99", affected: 0 },
  { sql: "DELETE FROM t", affected: 3 },
  { sql: "INSERT INTO t (v) VALUES ('d') RETURNING id", affected: 1, rowid: 4 },
  { sql: "UPDATE t SET v = v || 'x' RETURNING id", affected: 3 },
  { sql: "DELETE FROM t WHERE id > 1 RETURNING id", affected: 2 },
  { sql: "DELETE FROM t WHERE id = 99 RETURNING id", affected: 0 },
  { sql: "SELECT * FROM t", affected: 0 },
  { sql: "WITH x AS (SELECT 1) SELECT * FROM x", affected: 0 },
  { sql: "VALUES (1), (2)", affected: 0 },
  { sql: "EXPLAIN SELECT * FROM t", affected: 0 },
  { sql: "EXPLAIN QUERY PLAN DELETE FROM t", affected: 0 },
  { sql: "PRAGMA user_version", affected: 0, limit: "settings" },
  { sql: "PRAGMA user_version = 7", affected: 0, limit: "settings" },
  { sql: "CREATE TABLE other (a)", affected: 0 },
  { sql: "CREATE TABLE copied AS SELECT * FROM t", affected: 0 },
  { sql: "CREATE INDEX i ON t (v)", affected: 0 },
  { sql: "CREATE VIEW w AS SELECT * FROM t", affected: 0 },
  { sql: "ALTER TABLE t ADD COLUMN w", affected: 0 },
  { sql: "DROP TABLE t", affected: 0 },
  { sql: "ANALYZE", affected: 0 },
  { sql: "REINDEX", affected: 0 },
  { sql: "VACUUM", affected: 0, limit: "settings" },
  { sql: "BEGIN", affected: 0, limit: "transactions" },
  { sql: "SAVEPOINT s", affected: 0, limit: ["savepoint", "transactions"] },
  { sql: "ATTACH ':memory:' AS other", affected: 0, limit: "settings" },
];

const hostileNames: readonly (readonly [string, DriverLimit?])[] = [
  ["__proto__", "proto-column"],
  ["constructor"],
  ["hasOwnProperty"],
  ["toString"],
  ["length"],
  ["then"],
  ["it's"],
  ['a "quoted" name'],
  ["a `backtick`"],
  ["${name}"],
  ["new\nline"],
  ["back\\slash"],
  ["a]b"],
  ["*/ --"],
  [""],
  [" "],
  ["Größe 😀"],
  ["a:b"],
  ["a.b"],
];

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

async function keepsName({ open }: Fixture, name: string): Promise<void> {
  const conn = await open();
  const result = await conn.execute(`SELECT 1 AS ${quoted(name)}, 2 AS other`);
  assert.deepEqual(result.columns, [name, "other"]);
  const [row] = result.rows;
  assert.deepEqual(Object.entries(row), [[name, 1], ["other", 2]]);
  assert.equal(Object.getPrototypeOf(row), Object.prototype);
}

interface RowidCase {
  readonly name: string;
  readonly limit?: DriverLimit;
  readonly setUp: string;
  /** Statements in order, each with the rowid that it made. */
  readonly steps: readonly (readonly [sql: string, rowid: number | undefined])[];
}

const twoTables = "CREATE TABLE a (id INTEGER PRIMARY KEY, u UNIQUE, n DEFAULT 0); " +
  "CREATE TABLE b (id INTEGER PRIMARY KEY, u UNIQUE, n DEFAULT 0);";
const upsertA = (u: string) =>
  `INSERT INTO a (u) VALUES ('${u}') ON CONFLICT (u) DO UPDATE SET n = n + 1`;

const rowids: readonly RowidCase[] = [
  {
    name: "an upsert that updated made none",
    setUp: twoTables,
    steps: [
      [upsertA("x"), 1],
      [upsertA("x"), undefined],
      [upsertA("y"), 2],
      [upsertA("x"), undefined],
      [upsertA("y"), undefined],
      ["INSERT INTO b (u) VALUES ('elsewhere')", 1],
      [upsertA("x"), undefined],
      [`${upsertA("y")} RETURNING n`, undefined],
      [`${upsertA("z")} RETURNING n`, 3],
      ["INSERT INTO a (u) VALUES ('z'), ('new') ON CONFLICT DO UPDATE SET n = 9", 4],
      ["INSERT INTO a (u) VALUES ('w'), ('z') ON CONFLICT DO UPDATE SET n = 9", 5],
    ],
  },
  {
    name: "an upsert that inserted has one, be it that of an earlier insert",
    setUp: twoTables,
    steps: [
      ["INSERT INTO b (u) VALUES ('elsewhere')", 1],
      [upsertA("x"), 1],
      [upsertA("y"), 2],
      ["DELETE FROM a WHERE u = 'y'", undefined],
      [upsertA("y"), 2],
      ["INSERT INTO b (id) VALUES (3)", 3],
      [upsertA("x"), undefined],
      [upsertA("z"), 3],
    ],
  },
  {
    name: "two tables may give the same one after another",
    setUp: twoTables,
    steps: [
      ["INSERT INTO a (u) VALUES (1)", 1],
      ["INSERT INTO b (u) VALUES (1)", 1],
      ["REPLACE INTO a (id, u) VALUES (1, 1)", 1],
      ["WITH c AS (SELECT 2) INSERT INTO main.b SELECT 2, 2, 2", 2],
      ['INSERT INTO "a" (u) VALUES (2)', 2],
    ],
  },
  {
    name: "what was left alone made none",
    setUp: twoTables,
    steps: [
      ["INSERT INTO a (u) VALUES (1)", 1],
      ["INSERT OR IGNORE INTO a (u) VALUES (1)", undefined],
      ["INSERT INTO a (u) VALUES (1) ON CONFLICT DO NOTHING", undefined],
      ["INSERT INTO a (u) SELECT 5 WHERE 0", undefined],
      ["UPDATE a SET n = 7", undefined],
      ["DELETE FROM a", undefined],
    ],
  },
  {
    name: "a table WITHOUT ROWID makes none",
    limit: "without-rowid",
    setUp: `${twoTables} CREATE TABLE w (u PRIMARY KEY, n) WITHOUT ROWID`,
    steps: [
      ["INSERT INTO a (u) VALUES (1)", 1],
      ["INSERT INTO w VALUES (1, 1)", undefined],
      ["REPLACE INTO w VALUES (1, 1)", undefined],
      ["INSERT INTO w VALUES (2, 1) RETURNING n", undefined],
      ["INSERT INTO w VALUES (3, 1) ON CONFLICT DO UPDATE SET n = 2", undefined],
      ["INSERT INTO w VALUES (3, 1) ON CONFLICT DO UPDATE SET n = 2", undefined],
      ["INSERT INTO a (u) VALUES (2)", 2],
      ["DROP TABLE w", undefined],
      ["CREATE TABLE w (u PRIMARY KEY, n)", undefined],
      ["INSERT INTO w VALUES (1, 1)", 1],
    ],
  },
];

export const resultCases: readonly Case[] = [
  ...effects.map(({ sql, params, affected, rowid, limit }): Case => ({
    name: `rowsAffected and lastInsertRowid of ${sql}`,
    limit,
    async run({ open }) {
      const conn = await table(await open());
      const result = await conn.execute(sql, params);
      assert.equal(result.rowsAffected, affected);
      assert.equal(result.lastInsertRowid, rowid);
    },
    async refused({ open }) {
      const conn = await table(await open());
      await assert.rejects(conn.execute(sql, params), SQLiteError);
    },
  })),
  ...hostileNames.map(([name, limit]): Case => ({
    name: `a column named ${JSON.stringify(name)}`,
    limit,
    run: (fixture) => keepsName(fixture, name),
    // On Deno, where no such setter is in the way, it works.
    refused: (fixture) =>
      keepsName(fixture, name).catch((error) => assert.ok(error instanceof SQLiteError)),
  })),
  {
    name: "two columns of one name: the last wins in objects, values keep both",
    limit: "duplicate-columns",
    async run({ open }) {
      const conn = await open();
      const sql = "SELECT 1 AS a, 2 AS b, 3 AS a";
      const result = await conn.execute(sql);
      assert.deepEqual(result.columns, ["a", "b", "a"]);
      assert.deepEqual(result.rows, [{ a: 3, b: 2 }]);
      const rowFactory = (values: unknown[]) => [...values];
      assert.deepEqual((await conn.execute(sql, [], { rowFactory })).rows, [[1, 2, 3]]);
    },
    async refused({ open }) {
      const conn = await open();
      await assert.rejects(conn.execute("SELECT 1 AS a, 2 AS b, 3 AS a"), SQLiteError);
    },
  },
  {
    name: "columns whose names are numbers keep their order",
    limit: "number-columns",
    async run({ open }) {
      const conn = await open();
      const rowFactory = (values: unknown[]) => [...values];
      const result = await conn.execute('SELECT 1 AS b, 2 AS "1"', [], { rowFactory });
      assert.deepEqual(result.columns, ["b", "1"]);
      assert.deepEqual(result.rows, [[1, 2]]);
    },
    async refused({ open }) {
      const conn = await open();
      await assert.rejects(conn.execute('SELECT 1 AS b, 2 AS "1"'), SQLiteError);
    },
  },
  {
    name: "no rows: the columns are known all the same",
    limit: "empty-columns",
    async run({ open }) {
      const conn = await table(await open());
      const result = await conn.execute("SELECT id, v AS value FROM t WHERE 0");
      assert.deepEqual(result, {
        columns: ["id", "value"],
        rows: [],
        rowsAffected: 0,
        lastInsertRowid: undefined,
      });
    },
  },
  {
    name: "a statement without rows has no columns",
    async run({ open }) {
      const conn = await table(await open());
      const { columns, rows } = await conn.execute("UPDATE t SET v = v || 'x'");
      assert.deepEqual([columns, rows], [[], []]);
    },
  },
  {
    name: "RETURNING gives rows, and the statement runs to its end",
    async run({ open }) {
      const conn = await table(await open());
      const result = await conn.execute("UPDATE t SET v = v || ? RETURNING id, v AS value", ["x"]);
      assert.deepEqual(result.columns, ["id", "value"]);
      assert.deepEqual(result.rows.map(({ value }) => value), ["ax", "bx", "cx"]);
      const first = await conn.execute(
        "UPDATE t SET v = v || 'y' RETURNING v AS value",
        [],
        { firstRowOnly: true },
      );
      assert.equal(first.rows.length, 1);
      const { rows } = await conn.execute("SELECT count(*) AS n FROM t WHERE v LIKE '%xy'");
      assert.deepEqual(rows, [{ n: 3 }]);
    },
  },
  {
    name: "firstRowOnly gives one row, or none",
    async run({ open }) {
      const conn = await table(await open());
      const options = { firstRowOnly: true };
      const one = await conn.execute("SELECT id FROM t ORDER BY id", [], options);
      assert.deepEqual(one.rows, [{ id: 1 }]);
      assert.deepEqual((await conn.execute("SELECT id FROM t WHERE 0", [], options)).rows, []);
    },
  },
  {
    name: "a row factory gets values and columns",
    async run({ open }) {
      const conn = await table(await open());
      const rowFactory = (values: unknown[], columns: readonly string[]) =>
        columns.map((column, index) => `${column}=${values[index]}`).join();
      const { rows } = await conn.execute("SELECT id, v FROM t ORDER BY id", [], { rowFactory });
      assert.deepEqual(rows, ["id=1,v=a", "id=2,v=b", "id=3,v=c"]);
    },
  },
  {
    name: "rows are plain objects that the caller may change",
    async run({ open }) {
      const conn = await table(await open());
      const read = () => conn.execute("SELECT id, v FROM t WHERE id = 1");
      const { rows: [row], columns } = await read();
      assert.equal(Object.getPrototypeOf(row), Object.prototype);
      row.v = "changed";
      // Frozen, or a copy.
      Reflect.set(columns, 0, "changed");
      const again = await read();
      assert.deepEqual([again.rows, again.columns], [[{ id: 1, v: "a" }], ["id", "v"]]);
    },
  },
  {
    name: "ten thousand rows",
    async run({ open }) {
      const conn = await open();
      const { rows } = await conn.execute(
        "WITH d(x) AS (VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)), n(n) AS " +
          "(SELECT a.x * 1000 + b.x * 100 + c.x * 10 + d.x + 1 FROM d AS a, d AS b, d AS c, d) " +
          "SELECT n, 'row ' || n AS text FROM n",
      );
      assert.equal(rows.length, 10_000);
      assert.deepEqual(rows[9_999], { n: 10_000, text: "row 10000" });
    },
  },
  {
    name: "a hundred columns",
    async run({ open }) {
      const conn = await open();
      const names = Array.from({ length: 100 }, (_, index) => `c${index}`);
      const { columns, rows: [row] } = await conn.execute(
        `SELECT ${names.map((name, index) => `${index} AS ${name}`).join(", ")}`,
      );
      assert.deepEqual(columns, names);
      assert.deepEqual(Object.values(row), names.map((_, index) => index));
    },
  },
  {
    name: "lastInsertRowid above 2^53 is exact",
    async run({ open }) {
      const conn = await table(await open());
      const { lastInsertRowid } = await conn.execute(
        "INSERT INTO t VALUES (9007199254740993, 'big')",
      );
      assert.equal(lastInsertRowid, 9007199254740993n);
    },
  },
  ...rowids.map(({ name, limit, setUp, steps }): Case => ({
    name: `lastInsertRowid: ${name}`,
    limit,
    async run({ open }) {
      const conn = await open();
      await conn.executeScript(setUp);
      for (const [sql, rowid] of steps) {
        assert.equal((await conn.execute(sql)).lastInsertRowid, rowid, sql);
      }
    },
    async refused({ open }) {
      const conn = await open();
      await assert.rejects(conn.executeScript(setUp), SQLiteError);
    },
  })),
  {
    name: "rowsAffected leaves out what a trigger changed",
    async run({ open }) {
      const conn = await table(await open());
      await conn.execute("CREATE TABLE log (v)");
      await conn.execute(
        "CREATE TRIGGER trace AFTER UPDATE ON t BEGIN " +
          "INSERT INTO log VALUES (new.v); INSERT INTO log VALUES (old.v); END",
      );
      assert.equal((await conn.execute("UPDATE t SET v = v || 'x'")).rowsAffected, 3);
      assert.deepEqual((await conn.execute("SELECT count(*) AS n FROM log")).rows, [{ n: 6 }]);
    },
  },
  {
    name: "a column that appears is seen by a statement that ran before",
    async run({ open }) {
      const conn = await table(await open());
      const sql = "SELECT * FROM t WHERE id = 1";
      assert.deepEqual((await conn.execute(sql)).columns, ["id", "v"]);
      await conn.execute("ALTER TABLE t ADD COLUMN w DEFAULT 5");
      const { columns, rows } = await conn.execute(sql);
      assert.deepEqual(columns, ["id", "v", "w"]);
      assert.deepEqual(rows, [{ id: 1, v: "a", w: 5 }]);
    },
  },
];
