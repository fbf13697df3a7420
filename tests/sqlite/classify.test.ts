import assert from "node:assert/strict";
import { test } from "node:test";

import { classify } from "../../src/sqlite/classify.ts";
import { nativeDriver, type NativeHandle } from "../helpers/drivers.ts";

const control = [
  "BEGIN",
  "begin immediate",
  "/* a */ BEGIN",
  "-- a\n;;COMMIT;",
  "END TRANSACTION",
  "ROLLBACK",
  "ROLLBACK TO a",
  "SAVEPOINT a",
  "RELEASE a",
];

const others = [
  "",
  ";",
  "-- BEGIN",
  "SELECT 1",
  "EXPLAIN BEGIN",
  "'BEGIN'",
  "INSERT INTO t VALUES (1)",
];

test("statements that begin or end a transaction are recognised", () => {
  for (const sql of control) assert.notEqual(classify(sql).control, undefined, sql);
  for (const sql of others) assert.equal(classify(sql).control, undefined, sql);
});

test("statements that may leave part of what they did when they fail are recognised", () => {
  const atomic = [
    "INSERT OR FAIL INTO t VALUES (1)",
    "INSERT INTO t VALUES (1) RETURNING a",
    "with a as (select 1) update t set a = 1 returning *",
    "REPLACE INTO t VALUES (1) RETURNING a",
    "DELETE FROM t RETURNING a",
  ];
  for (const sql of atomic) assert.equal(classify(sql).atomic, true, sql);
  for (const sql of [...control, ...others, "SELECT 1 AS RETURNING", "UPDATE t SET a = 1"]) {
    assert.equal(classify(sql).atomic, false, sql);
  }
});

test("a text of any length is classified by its beginning", () => {
  const long = `INSERT OR FAIL INTO t VALUES ${"(1), ".repeat(100_000)}(1)`;
  assert.equal(classify(long).conflict, "fail");
  assert.equal(classify(long).writes, true);
});

const conflicts: readonly (readonly [sql: string, clause: string | undefined])[] = [
  ["INSERT OR FAIL INTO t VALUES (1)", "fail"],
  ["insert /* a */ or -- b\n rollback into t values (1)", "rollback"],
  ["INSERT OR ABORT INTO t VALUES (1)", "abort"],
  ["INSERT OR IGNORE INTO t VALUES (1)", "ignore"],
  ["INSERT OR REPLACE INTO t VALUES (1)", "replace"],
  ["UPDATE OR FAIL t SET a = 1", "fail"],
  ["WITH a AS (SELECT 1) UPDATE OR ROLLBACK t SET a = 1", "rollback"],
  ["WITH a(x) AS (SELECT 1), b AS (SELECT 2) INSERT OR FAIL INTO t SELECT x FROM a", "fail"],
  ["REPLACE INTO t VALUES (1)", undefined],
  ["INSERT INTO t VALUES (1)", undefined],
  ["INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING", undefined],
  ["UPDATE t SET a = 1 OR 0", undefined],
  ["DELETE FROM t WHERE 1 OR 0", undefined],
  ["SELECT 1 OR 0", undefined],
  ["", undefined],
];

test("the conflict clause of a statement is read from its text", () => {
  for (const [sql, clause] of conflicts) assert.equal(classify(sql).conflict, clause, sql);
});

const pragmas: readonly (readonly [sql: string, name: string | undefined])[] = [
  ["PRAGMA foreign_keys = OFF", "foreign_keys"],
  ["PRAGMA main.Foreign_Keys=0", "foreign_keys"],
  ['pragma "main" . "foreign_keys" = 0', "foreign_keys"],
  ["PRAGMA [foreign_keys]=0", "foreign_keys"],
  ["PRAGMA busy_timeout(5)", "busy_timeout"],
  ["PRAGMA temp.cache_size(-10)", "cache_size"],
  ["EXPLAIN PRAGMA foreign_keys = OFF", "foreign_keys"],
  ["EXPLAIN QUERY PLAN PRAGMA foreign_keys = OFF", "foreign_keys"],
  ["PRAGMA foreign_keys", undefined],
  ["PRAGMA main.foreign_keys;", undefined],
  ["PRAGMA table_info(t)", undefined],
  ["PRAGMA main.wal_checkpoint(TRUNCATE)", undefined],
  ["PRAGMA", undefined],
  ["SELECT 1 = 1", undefined],
  ["", undefined],
];

test("a PRAGMA that sets something is told from one that asks", () => {
  for (const [sql, name] of pragmas) assert.equal(classify(sql).setting, name, sql);
});

test("a PRAGMA takes effect in each of the forms that are recognised", () => {
  const handle: NativeHandle = nativeDriver.open(":memory:");
  try {
    for (const [sql, setting] of pragmas) {
      if (setting !== "foreign_keys") continue;
      handle.prepare("PRAGMA foreign_keys = ON").all();
      handle.prepare(sql).all();
      assert.deepEqual({ ...handle.prepare("PRAGMA foreign_keys").get() as object }, {
        foreign_keys: 0,
      }, sql);
    }
  } finally {
    handle.close();
  }
});

test("a PRAGMA that sets or does something is for who can write, under EXPLAIN too", () => {
  const acting = ["user_version = 1", "optimize", "main.wal_checkpoint", "cache_size(5)"];
  for (const pragma of acting) {
    assert.equal(classify(`PRAGMA ${pragma}`).reads, false, pragma);
    assert.equal(classify(`EXPLAIN PRAGMA ${pragma}`).reads, false, pragma);
  }
  for (const pragma of ["user_version", "main.table_info(t)", "quick_check"]) {
    assert.equal(classify(`PRAGMA ${pragma}`).reads, true, pragma);
  }
});
