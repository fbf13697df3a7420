// Deno's node:sqlite ends an iterator without a word when its statement fails. What stands in its
// place must give the very rows that the statement itself gives; so it does on each node:sqlite.
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { NodeSqliteHandle } from "../../adapters/node_sqlite/adapter.ts";
import { CheckedStatement } from "../../adapters/node_sqlite/checked_cursor.ts";
import type { SQLiteValue } from "../../src/sqlite/types.ts";
import { soleStatement } from "../../src/sqlite/scan.ts";
import { nativeDrivers } from "../helpers/drivers.ts";

const [node] = nativeDrivers;

const SCHEMA = `
  CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, size REAL, data BLOB);
  CREATE INDEX t_by_name ON t (name DESC);
  INSERT INTO t VALUES (1, 'b', 2, x'00ff'), (2, NULL, 0.5, NULL), (3, 'a', -1e300, x''),
    (4, 'c', 9007199254740993, 'text'), (9223372036854775807, '', 7, 1);
  CREATE VIEW v AS SELECT name, sum(size) AS total FROM t GROUP BY name ORDER BY total DESC;
`;

function open(t: TestContext): NodeSqliteHandle & { exec(sql: string): unknown } {
  const handle = node.open(":memory:");
  t.after(() => handle.close());
  handle.exec(SCHEMA);
  return handle as unknown as ReturnType<typeof open>;
}

function prepareAll(handle: NodeSqliteHandle, text: string) {
  const statement = handle.prepare(text);
  statement.setReturnArrays!(true);
  statement.setReadBigInts(true);
  return statement;
}

interface Read {
  readonly rows: SQLiteValue[][];
  readonly names: readonly string[] | undefined;
}

function read(handle: NodeSqliteHandle, sql: string, args: unknown[] = [], most = Infinity): Read {
  const { text } = soleStatement(sql);
  const named = args.length > 0 && args[0] !== null && typeof args[0] === "object";
  const checked = new CheckedStatement(text, named, (other) => handle.prepare(other));
  let names: readonly string[] | undefined;
  const readAll = () => prepareAll(handle, text).all(...args) as SQLiteValue[][];
  const cursor = checked.iterate(args, readAll, (found) => names = found);
  const rows: SQLiteValue[][] = [];
  while (rows.length < most) {
    const row = cursor.next();
    if (row === undefined) break;
    rows.push(row);
  }
  cursor.close();
  assert.equal(cursor.next(), undefined);
  return { rows, names };
}

const QUERIES: readonly string[] = [
  "SELECT * FROM t",
  "SELECT rowid, * FROM t ORDER BY name",
  "SELECT name FROM t ORDER BY name DESC, id LIMIT 3 OFFSET 1",
  'SELECT name AS n, name AS n, 1 AS "1", 2 AS __proto__ FROM t',
  "SELECT DISTINCT name IS NULL FROM t",
  "SELECT name, sum(size) FROM t GROUP BY name HAVING sum(size) > 0 ORDER BY 2 DESC",
  "SELECT id, row_number() OVER (ORDER BY size) AS place FROM t ORDER BY place DESC",
  "SELECT * FROM v",
  "SELECT a.id, b.id FROM t a LEFT JOIN t b ON b.id = a.id + 1 ORDER BY a.name, a.id",
  "VALUES (1, 'a'), (2, NULL), (NULL, x'01')",
  "SELECT 1 UNION SELECT 3 UNION SELECT 2",
  "SELECT id FROM t UNION ALL SELECT size FROM t ORDER BY 1 DESC",
  "WITH RECURSIVE c(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM c LIMIT 50) SELECT n FROM c",
  "WITH a AS (SELECT id FROM t), b AS MATERIALIZED (SELECT * FROM a) SELECT * FROM b ORDER BY id",
  "SELECT id FROM t WHERE id > 100",
  "SELECT id FROM t WHERE id < 100 AND id > 100",
  "SELECT id -- a comment ; with a semicolon\n FROM t /* and another */ ; -- and one at the end",
  "SELECT id FROM t -- without a line end",
  "SELECT CAST(1 AS REAL), -0.0, 9e999, 9223372036854775807, 'text', NULL, x''",
  `SELECT ${Array.from({ length: 300 }, (_, n) => `${n} AS c${n}`)} FROM t`,
];

for (const sql of QUERIES) {
  const name = sql.length > 80 ? `${sql.slice(0, 80)} ...` : sql;
  test(`the same rows: ${JSON.stringify(name)}`, { skip: node.unavailable }, (t) => {
    const handle = open(t);
    const statement = prepareAll(handle, soleStatement(sql).text);
    const { rows, names } = read(handle, sql);
    assert.deepEqual(rows, statement.all());
    if (rows.length > 0) assert.deepEqual(names, statement.columns().map(({ name }) => name));
    assert.deepEqual(read(handle, sql, [], 1).rows, rows.slice(0, 1));
  });
}

test("parameters by position, by number and by name", { skip: node.unavailable }, (t) => {
  const handle = open(t);
  assert.deepEqual(read(handle, "SELECT ?, ?", ["a", 2n]).rows, [["a", 2n]]);
  assert.deepEqual(read(handle, "SELECT ?2, ?1", [1n, 2n]).rows, [[2n, 1n]]);
  const byName = { ":a": 1n, "@a": 2n, "$a": 3n };
  assert.deepEqual(read(handle, "SELECT :a, @a, $a, :a", [byName]).rows, [[1n, 2n, 3n, 1n]]);
  assert.deepEqual(read(handle, "SELECT id FROM t ORDER BY id LIMIT ?", [2n]).rows, [[1n], [2n]]);
});

const failing = (at: number): string => `
  WITH RECURSIVE c(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM c LIMIT 10)
  SELECT n, abs(CASE n WHEN ${at} THEN -9223372036854775808 ELSE n END) FROM c
`;

for (const at of [1, 2, 10]) {
  test(`a statement that fails at row ${at} says why`, { skip: node.unavailable }, (t) => {
    const handle = open(t);
    assert.throws(() => read(handle, failing(at)), /integer overflow/);
    assert.equal(read(handle, failing(at), [], at - 1).rows.length, at - 1);
  });
}

test("a column that was added since", { skip: node.unavailable }, (t) => {
  const handle = open(t);
  const checked = new CheckedStatement("SELECT * FROM t", false, (sql) => handle.prepare(sql));
  const first = () => {
    const readAll = () => prepareAll(handle, "SELECT * FROM t").all() as SQLiteValue[][];
    let names: readonly string[] = [];
    const cursor = checked.iterate([], readAll, (found) => names = found);
    const row = cursor.next()!;
    cursor.close();
    return { row, names };
  };
  assert.equal(first().row.length, 4);
  handle.exec("ALTER TABLE t ADD COLUMN more DEFAULT 'm'");
  const { row, names } = first();
  assert.deepEqual([row.at(-1), names.at(-1), names.length], ["m", "more", 5]);
});

test("closed early, it frees its lock", { skip: node.unavailable }, (t) => {
  const handle = open(t);
  assert.equal(read(handle, "SELECT * FROM t", [], 2).rows.length, 2);
  handle.exec("DROP TABLE t");
});
