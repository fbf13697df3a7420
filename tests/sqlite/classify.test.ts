import assert from "node:assert/strict";
import { test } from "node:test";

import {
  attachesOrDetaches,
  conflictClauseOf,
  controlsTransaction,
  mayFollowOthers,
  mayShareCommit,
  pragmaSetBy,
  writesRows,
} from "../../src/sqlite/classify.ts";
import { SQLitePoolError } from "../../mod.ts";
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
  for (const sql of control) {
    assert.equal(controlsTransaction(sql), true, sql);
    assert.equal(mayFollowOthers(sql), false, sql);
    assert.throws(() => mayShareCommit(sql), SQLitePoolError, sql);
  }
  for (const sql of others) {
    assert.equal(controlsTransaction(sql), false, sql);
    assert.equal(mayFollowOthers(sql), true, sql);
    assert.equal(mayShareCommit(sql), writesRows(sql), sql);
  }
});

test("a text of any length is classified by its beginning", () => {
  const long = `INSERT OR FAIL INTO t VALUES ${"(1), ".repeat(100_000)}(1)`;
  assert.equal(conflictClauseOf(long), "fail");
  assert.equal(writesRows(long), true);
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
  for (const [sql, clause] of conflicts) assert.equal(conflictClauseOf(sql), clause, sql);
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
  for (const [sql, name] of pragmas) assert.equal(pragmaSetBy(sql), name, sql);
});

test("statements that attach and detach databases are recognised", () => {
  for (
    const sql of [
      "ATTACH 'x' AS y",
      "attach database ? as ?",
      "DETACH y",
      "-- a\ndetach database y",
    ]
  ) {
    assert.equal(attachesOrDetaches(sql), true, sql);
  }
  for (const sql of ["SELECT 'ATTACH'", "", "EXPLAIN ATTACH 'x' AS y"]) {
    assert.equal(attachesOrDetaches(sql), false, sql);
  }
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
