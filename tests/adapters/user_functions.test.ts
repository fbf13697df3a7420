/** Functions of the user that throw. */

import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";

import { adapt } from "../../adapters/detect.ts";
import type { DriverConnection, SQLiteValue } from "../../mod.ts";
import { nativeDriver, type NativeHandle } from "../helpers/drivers.ts";

interface WithFunctions extends NativeHandle {
  function(name: string, fn: (value: SQLiteValue) => SQLiteValue): void;
}

/** A function that throws for 2. Where it is called over and over, nothing else ends the test. */
function picky(): (value: SQLiteValue) => SQLiteValue {
  let calls = 0;
  return (value) => {
    calls += 1;
    if (calls > 1_000) process.exit(1);
    if (value === 2) throw new Error("not 2");
    return value;
  };
}

const schema = "CREATE TABLE t (a INTEGER CHECK (a < 10)); INSERT INTO t VALUES (1), (2), (3)";

const failing = [
  "SELECT picky(a) FROM t",
  "SELECT a FROM t WHERE picky(a) > 0",
  "SELECT picky(2)",
  "SELECT picky(?)",
  "INSERT INTO t SELECT picky(2)",
  "INSERT INTO t SELECT picky(a) FROM t RETURNING a",
  "UPDATE t SET a = picky(a) RETURNING a",
];

async function checkFunctions(conn: DriverConnection): Promise<void> {
  const tooMany = { message: /not 2/ };
  for (const sql of failing) {
    const params = sql.includes("?") ? [2] : undefined;
    await assert.rejects(conn.execute(sql, params), tooMany, sql);
    const firstRowOnly = sql.startsWith("SELECT picky(") && !sql.includes("(a)");
    await assert.rejects(conn.execute(sql, params, { firstRowOnly }), tooMany, sql);
    await assert.rejects(
      async () => {
        for await (const _ of conn.iterate(sql, params));
      },
      tooMany,
      sql,
    );
  }
  const values = async (sql: string) =>
    (await conn.execute(sql, undefined, { rowFactory: (row) => row })).rows;
  assert.deepEqual(await values("SELECT a FROM t"), [[1], [2], [3]]);
  assert.deepEqual(await values("SELECT picky(a + 10), a FROM t WHERE a <> 2"), [[11, 1], [13, 3]]);
  assert.deepEqual(await values("SELECT picky(a) FROM t WHERE 0"), []);
  assert.deepEqual(
    await values("UPDATE t SET a = 0 WHERE picky(a * 100) = 0 RETURNING a"),
    [],
  );
  assert.deepEqual(await values("INSERT INTO t VALUES (picky(4)), (5) RETURNING a"), [[4], [5]]);
  // What SQLite itself has to say is said as well.
  await assert.rejects(values("INSERT INTO t VALUES (picky(10)) RETURNING a"), /CHECK constraint/);
  await assert.rejects(
    values("SELECT abs(-9223372036854775807 - CAST(picky(1) AS INTEGER))"),
    /overflow/,
  );
  await assert.rejects(
    values("SELECT abs(-9223372036854775807 - (a = 5)) FROM t WHERE picky(a * 100) > 0"),
    /overflow/,
  );
  assert.deepEqual(await values("SELECT a FROM t"), [[1], [2], [3], [4], [5]]);
}

test("a function that throws ends its statement: defined on the handle", async (t) => {
  const handle = nativeDriver.open(":memory:") as WithFunctions;
  handle.exec(schema);
  handle.function("picky", picky());
  const conn = await adapt(handle);
  t.after(() => conn.close());
  await checkFunctions(conn);
});

test("a function that throws ends its statement: defined on `raw`", async (t) => {
  const handle = nativeDriver.open(":memory:");
  handle.exec(schema);
  const conn = await adapt(handle);
  t.after(() => conn.close());
  (conn.raw as WithFunctions).function("picky", picky());
  await checkFunctions(conn);
});
