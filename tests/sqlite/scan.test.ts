import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { scanStatement, soleStatement, splitScript } from "../../src/sqlite/scan.ts";
import type { Verb } from "../../src/sqlite/statement_head.ts";
import { nativeDrivers, type NativeHandle } from "../helpers/drivers.ts";

const textsOf = (script: string) => [...splitScript(script)].map(({ text }) => text);

const trigger = (body: string) => `CREATE TRIGGER r AFTER INSERT ON t BEGIN ${body} END`;

/** Scripts, with the statements they hold. */
const splits: readonly (readonly [script: string, ...texts: string[]])[] = [
  [""],
  [" ;; -- only a comment ;\n /* and ; another */ ;"],
  ["\uFEFF SELECT 1", "SELECT 1"],
  ["SELECT 1", "SELECT 1"],
  ["\t\r\n\f SELECT 1 ; \n", "SELECT 1"],
  ["SELECT 1;SELECT 2;;;SELECT 3", "SELECT 1", "SELECT 2", "SELECT 3"],
  // Strings and quoted identifiers.
  ["SELECT ';'; SELECT 'it''s;'; x", "SELECT ';'", "SELECT 'it''s;'", "x"],
  ["SELECT '\\'; x", "SELECT '\\'", "x"],
  ['SELECT 1 AS ";"";"; x', 'SELECT 1 AS ";"";"', "x"],
  ["SELECT 1 AS `;``;`; x", "SELECT 1 AS `;``;`", "x"],
  ["SELECT 1 AS [;\"'`]; x", "SELECT 1 AS [;\"'`]", "x"],
  ["SELECT 1 AS [[;]; x", "SELECT 1 AS [[;]", "x"],
  ["SELECT '-- '; x", "SELECT '-- '", "x"],
  ["SELECT '/*'; x; '*/'", "SELECT '/*'", "x", "'*/'"],
  ["SELECT 'open; x", "SELECT 'open; x"],
  ['SELECT "open; x', 'SELECT "open; x'],
  ["SELECT [open; x", "SELECT [open; x"],
  // Comments.
  ["SELECT 1 -- ; '\n; x", "SELECT 1", "x"],
  ["SELECT 1 -- ;\r; x\n; y", "SELECT 1", "y"],
  ["SELECT -- ;\n 1; x", "SELECT -- ;\n 1", "x"],
  ["SELECT 1 /* ; ' */ + 2; x", "SELECT 1 /* ; ' */ + 2", "x"],
  ["/* a /* b */ SELECT 1; x", "SELECT 1", "x"],
  ["/**/SELECT 1/***/;/*/;*/x", "SELECT 1", "x"],
  ["SELECT 1 -- unterminated; x", "SELECT 1"],
  ["SELECT 1; -- unterminated; x", "SELECT 1"],
  ["SELECT 1 /* unterminated; x", "SELECT 1"],
  ["/* unterminated; x"],
  ["-- unterminated; x"],
  ["SELECT 1 /*", "SELECT 1 /*"],
  ["SELECT 8 / 2 * 2; x", "SELECT 8 / 2 * 2", "x"],
  // Numbers, parameters, words beyond ASCII.
  ["SELECT 1e+5, 0x1e+5, .5; x", "SELECT 1e+5, 0x1e+5, .5", "x"],
  ["SELECT $a(;); x", "SELECT $a(;)", "x"],
  ["SELECT $a( ;); x", "SELECT $a(", ")", "x"],
  ["SELECT 1 AS é; x", "SELECT 1 AS é", "x"],
  // Triggers.
  [`${trigger("SELECT 1; SELECT 2;")}; x`, trigger("SELECT 1; SELECT 2;"), "x"],
  [
    `${trigger("SELECT CASE WHEN 1 THEN 2 END; SELECT CASE 1 WHEN 1 THEN 2 END;")}; x`,
    trigger("SELECT CASE WHEN 1 THEN 2 END; SELECT CASE 1 WHEN 1 THEN 2 END;"),
    "x",
  ],
  [
    `${trigger("SELECT 'a; END; b'; /* ; END; */ DELETE FROM t; -- ; END;\n")} ; x`,
    trigger("SELECT 'a; END; b'; /* ; END; */ DELETE FROM t; -- ; END;\n"),
    "x",
  ],
  ["create temp trigger r insert on t begin select 1; end; x"]
    .flatMap((script) => [script, script.slice(0, -3), "x"]) as [string, ...string[]],
  [
    "CREATE TEMPORARY TRIGGER IF NOT EXISTS r INSERT ON t BEGIN SELECT 1; END; x",
    "CREATE TEMPORARY TRIGGER IF NOT EXISTS r INSERT ON t BEGIN SELECT 1; END",
    "x",
  ],
  [`EXPLAIN ${trigger("SELECT 1;")}; x`, `EXPLAIN ${trigger("SELECT 1;")}`, "x"],
  [`EXPLAIN QUERY PLAN ${trigger("SELECT 1;")}; x`]
    .flatMap((script) => [script, script.slice(0, -3), "x"]) as [string, ...string[]],
  // Only a trigger has a body.
  ["CREATE TABLE trigger (a); x", "CREATE TABLE trigger (a)", "x"],
  ["BEGIN; SELECT 1; END; x", "BEGIN", "SELECT 1", "END", "x"],
  ["DROP TRIGGER r; x", "DROP TRIGGER r", "x"],
];

for (const [script, ...texts] of splits) {
  test(`statements of ${JSON.stringify(script)}`, () => assert.deepEqual(textsOf(script), texts));
}

test("end is where the text goes on", () => {
  const script = "; SELECT 1 /* ; */ ; SELECT 2";
  const first = scanStatement(script)!;
  assert.equal(script.slice(first.end), " SELECT 2");
  const second = scanStatement(script, first.end)!;
  assert.equal(second.text, "SELECT 2");
  assert.equal(second.end, script.length);
  assert.equal(scanStatement(script, second.end), undefined);
});

const verbs: readonly (readonly [sql: string, verb: Verb])[] = [
  ["SELECT 1", "select"],
  ["/* c */ -- c\n sElEcT 1", "select"],
  ["VALUES (1)", "select"],
  ["INSERT INTO t VALUES (1)", "insert"],
  ["REPLACE INTO t VALUES (1)", "replace"],
  ["UPDATE t SET a = 1", "update"],
  ["DELETE FROM t", "delete"],
  ["BEGIN IMMEDIATE", "begin"],
  ["COMMIT", "commit"],
  ["END TRANSACTION", "commit"],
  ["ROLLBACK", "rollback"],
  ["ROLLBACK TRANSACTION; SAVEPOINT to_be", "rollback"],
  ["ROLLBACK TO s", "rollback to"],
  ["rollback transaction to savepoint s", "rollback to"],
  ["SAVEPOINT s", "savepoint"],
  ["RELEASE s", "release"],
  ["PRAGMA user_version", "pragma"],
  ["CREATE TABLE t (a)", "create"],
  ["ALTER TABLE t RENAME TO u", "alter"],
  ["DROP TABLE t", "drop"],
  ["VACUUM", "other"],
  ["ATTACH 'x' AS y", "attach"],
  ["DETACH y", "detach"],
  ['"SELECT" 1', "other"],
  ["(SELECT 1)", "other"],
  ["WITH a AS (SELECT 1) SELECT * FROM a", "select"],
  ["WITH a(x, y) AS (VALUES (1, 2)), b AS (SELECT (1)) INSERT INTO t SELECT x FROM a", "insert"],
  ["WITH RECURSIVE a(n) AS (SELECT 1 UNION SELECT n FROM a) DELETE FROM t", "delete"],
  ["WITH a AS NOT MATERIALIZED (SELECT 1) UPDATE t SET a = 1", "update"],
  ["WITH a AS MATERIALIZED (DELETE) REPLACE INTO t VALUES (1)", "replace"],
  ["WITH 'update' AS (SELECT ')'), \"delete\" AS (SELECT 1) SELECT 1", "select"],
  ["WITH replace AS (SELECT 1) VALUES (1)", "select"],
  ["WITH a AS /* ) DELETE */ (SELECT 1) SELECT 1", "select"],
  ["WITH a AS (SELECT 1)", "other"],
  ["WITH", "other"],
  ["EXPLAIN DELETE FROM t", "explain"],
  ["EXPLAIN QUERY PLAN DELETE FROM t", "explain"],
  ["EXPLAIN WITH a AS (SELECT 1) DELETE FROM t", "explain"],
];

for (const [sql, verb] of verbs) {
  test(`the verb of ${JSON.stringify(sql)}`, () => assert.equal(scanStatement(sql)!.verb, verb));
}

const parameterLists: readonly (readonly [sql: string, ...parameters: string[]])[] = [
  ["SELECT 1"],
  ["SELECT ?, ?", "?", "?"],
  ["SELECT ?3, ?", "?", "?", "?3", "?"],
  ["SELECT ?2, ?1, ?2", "?1", "?2"],
  ["SELECT ?, ?1", "?1"],
  ["SELECT :a, ?1, :a", ":a"],
  ["SELECT :a, @a, $a, :A", ":a", "@a", "$a", ":A"],
  ["SELECT ?2, :a, ?", "?", "?2", ":a", "?"],
  ["SELECT :1, @1a, $é_9", ":1", "@1a", "$é_9"],
  ["SELECT $a::b, $a::b(c), $a(c;d)", "$a::b", "$a::b(c)", "$a(c;d)"],
  ["SELECT :a::b(c)", ":a::b(c)"],
  ["SELECT $a (b)", "$a"],
  ["SELECT $a(b c)", "$a"],
  ["SELECT '?', \"?\", [:a], `@b`, a$b -- ?\n /* ? */"],
  ["SELECT : , @, $"],
  ["SELECT ?0, ?32767"],
];

for (const [sql, ...parameters] of parameterLists) {
  test(`the parameters of ${JSON.stringify(sql)}`, () => {
    assert.deepEqual(scanStatement(sql)!.parameters, parameters);
  });
}

test("only a write gives rows by RETURNING", () => {
  const isReturning = (sql: string) => scanStatement(sql)!.returning;
  assert.ok(isReturning("INSERT INTO t VALUES (1) returning a"));
  assert.ok(isReturning("WITH a AS (SELECT 1) UPDATE t SET a = (1) RETURNING *"));
  assert.ok(!isReturning("INSERT INTO t VALUES ('RETURNING')"));
  assert.ok(!isReturning('INSERT INTO t("returning") VALUES (1)'));
  assert.ok(!isReturning("INSERT INTO t(a, returning) VALUES (1, 2)"));
  assert.ok(!isReturning("SELECT 1 AS returning"));
  assert.ok(!isReturning("EXPLAIN DELETE FROM t RETURNING a"));
});

const open = [
  "SELECT * FROM t",
  "SELECT DISTINCT * FROM t",
  "SELECT all* FROM t",
  "SELECT 1, * FROM t",
  "SELECT t . * FROM t",
  "SELECT /* c */ * FROM t",
  "SELECT a FROM (SELECT * FROM t)",
  "DELETE FROM t RETURNING *",
  "SELECT rowid FROM t",
  "SELECT t.OID FROM t",
  'SELECT "_rowid_" FROM t',
  "SELECT [RowId] FROM t",
];
const closed = [
  "SELECT a FROM t",
  "SELECT count(*) FROM t",
  "SELECT a * 2, 2 * a, (1) * 2, 'ALL' * 1, ? * 1 FROM t",
  "SELECT 'rowid', rowids FROM t",
  "INSERT INTO t VALUES (1) RETURNING a",
];

for (const sql of [...open, ...closed]) {
  const expected = open.includes(sql);
  test(`the columns of ${sql} are ${expected ? "open" : "fixed"}`, () => {
    assert.equal(scanStatement(sql)!.openColumns, expected);
  });
}

test("soleStatement wants one statement, and points to executeScript", () => {
  assert.equal(soleStatement("; SELECT 1 ; -- done").text, "SELECT 1");
  const misuse = { name: "SQLiteError", code: "SQLITE_MISUSE" };
  assert.throws(() => soleStatement(" ; "), { ...misuse, message: /contains no statement/ });
  assert.throws(() => soleStatement("SELECT 1; x"), { ...misuse, message: /executeScript/ });
});

test("text that SQLite would cut or change is refused", () => {
  for (const scan of [soleStatement, textsOf]) {
    assert.throws(() => scan("SELECT 1\0"), { code: "SQLITE_MISUSE", message: /NUL/ });
    assert.throws(() => scan("SELECT '\uD800'"), { code: "SQLITE_MISUSE", message: /surrogate/ });
    for (const value of [undefined, null, 1, {}, [], ["SELECT 1"]]) {
      assert.throws(() => scan(value as never), { name: "TypeError", message: /must be a string/ });
    }
  }
});

/** Statements of the table that something may follow: a `)` would close one that ends in `$a(`. */
const wholes = splits.flatMap(([, ...texts]) => texts.at(-1) === "x" ? texts : [])
  .filter((text) => !text.endsWith("("));
const glue = fc.array(
  fc.constantFrom(" ", "\n", "\f\r", "-- ; '\n", '/* ; " */', "/*/ [ */", ";"),
  { maxLength: 4 },
).map((blanks) => blanks.join(""));

test("random statements glued together split back into themselves", () => {
  const property = fc.property(
    fc.array(fc.tuple(glue, fc.constantFrom(...wholes), glue), { maxLength: 6 }),
    fc.constantFrom("", "-- open; x", "/* open; x"),
    (pieces, tail) => {
      const script = pieces.map(([before, text, after]) => `${before}${text}${after};`).join("");
      assert.deepEqual(textsOf(script + tail), pieces.map(([, text]) => text));
    },
  );
  fc.assert(property, { numRuns: 500 });
});

const nodeSqlite = nativeDrivers.find(({ name }) => name === "node-sqlite")!;
const { unavailable: skip } = nodeSqlite;

/** Where SQLite itself ends the first statement. */
function endBySQLite(handle: NativeHandle, sql: string): number {
  return (handle.prepare(sql) as unknown as { sourceSQL: string }).sourceSQL.length;
}

function openWithTable(): NativeHandle {
  const handle = nodeSqlite.open(":memory:");
  handle.exec("CREATE TABLE t (a)");
  return handle;
}

test("SQLite ends the statements of the table where we do", { skip }, () => {
  const handle = openWithTable();
  let compared = 0;
  for (const [sql] of splits) {
    try {
      handle.prepare(sql);
    } catch {
      // Not every row of the table is valid SQL.
      continue;
    }
    const statement = scanStatement(sql);
    if (statement === undefined) continue;
    assert.equal(statement.end, endBySQLite(handle, sql), sql);
    compared++;
  }
  assert.ok(compared > 20, String(compared));
  handle.close();
});

test("a vertical tab is a blank behind another blank, as in SQLite", () => {
  assert.equal(scanStatement(" \vSELECT 1")?.text, "SELECT 1");
  assert.equal(scanStatement("\vSELECT 1")?.verb, "other");
});

/** Statements with the table that they insert into, and whether they may update instead. */
const targets: readonly (readonly [sql: string, target: string | undefined, upserts: boolean])[] = [
  ["INSERT INTO t VALUES (1)", "t", false],
  ["insert or ignore into main . t(a) values (1)", "main.t", false],
  ['REPLACE INTO "my table" VALUES (1)', '"my table"', false],
  ["WITH c AS (SELECT 1) INSERT INTO [t] SELECT * FROM c", "[t]", false],
  ["INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING", "t", false],
  ["INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET a = 2", "t", true],
  ["INSERT INTO t AS x VALUES (1) ON CONFLICT DO /* so */ UPDATE SET a = 2", "t", true],
  ["UPDATE t SET a = 1", undefined, false],
  ["INSERT", undefined, false],
  ["SELECT 'INSERT INTO t'", undefined, false],
];

for (const [sql, target, upserts] of targets) {
  test(`the target of ${JSON.stringify(sql)}`, () => {
    const statement = scanStatement(sql)!;
    assert.deepEqual([statement.target, statement.upserts], [target, upserts]);
  });
}
