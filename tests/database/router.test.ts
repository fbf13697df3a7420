import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";

import { openDatabase } from "../../mod.ts";
import { Router } from "../../src/database/router.ts";
import { openTestDatabase } from "../helpers/databases.ts";
import { temporaryDirectory } from "../helpers/runtime.ts";

const QUICK = 0.005;
const SQL = "SELECT 1";

function run(router: Router, times: number, ms: number): void {
  for (let i = 0; i < times; i++) router.took(SQL, ms);
}

test("a statement is tried in a thread and comes inline when it has proved quick", () => {
  const router = new Router();
  assert.equal(router.placeOf(SQL), "worker");
  run(router, 2, QUICK);
  assert.equal(router.placeOf(SQL), "worker");
  run(router, 1, QUICK);
  assert.equal(router.placeOf(SQL), "inline");
});

test("a slow statement stays in its thread, and one that turns slow goes back at once", () => {
  const router = new Router();
  router.placeOf(SQL);
  run(router, 100, 0.2);
  assert.equal(router.placeOf(SQL), "worker");
  run(router, 100, QUICK);
  assert.equal(router.placeOf(SQL), "inline");
  run(router, 1, 5);
  assert.equal(router.placeOf(SQL), "worker");
});

test("a statement that is slow now and then is on probation for longer each time", () => {
  const router = new Router();
  router.placeOf(SQL);
  const runsUntilInline = (): number => {
    let runs = 0;
    while (router.placeOf(SQL) === "worker" && runs < 1_000) {
      runs += 1;
      router.took(SQL, 0.001);
    }
    return runs;
  };
  const probations = Array.from({ length: 6 }, () => {
    const runs = runsUntilInline();
    router.took(SQL, 2);
    return runs;
  });
  assert.equal(probations[0], 3);
  for (let i = 1; i < probations.length; i++) assert.ok(probations[i] > probations[i - 1]);
  // A long good time makes up for it.
  runsUntilInline();
  run(router, 1_000, 0.001);
  router.took(SQL, 2);
  assert.ok(runsUntilInline() < probations[5]);
});

test("statements that nobody asked about are not kept, and those asked about within bounds", () => {
  const router = new Router();
  router.took("PRAGMA foreign_keys", 1);
  assert.equal(router.statements.length, 0);
  for (let i = 0; i < 1_500; i++) router.placeOf(`SELECT ${i}`);
  assert.equal(router.statements.length, 1_000);
  assert.equal(router.statements.at(-1)!.sql, "SELECT 1499");
});

test("execution auto: quick reads come inline, slow ones stay in threads", async (t) => {
  const { db } = await openTestDatabase(t, { execution: "auto", readers: 1 });
  await db.run("CREATE TABLE t (n INTEGER PRIMARY KEY)");
  await db.run("INSERT INTO t VALUES (1), (2), (3)");
  const slow =
    "WITH RECURSIVE c(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM c WHERE n < 100000) " +
    "SELECT max(n) AS n FROM c";
  const point = "SELECT n FROM t WHERE n = ?";
  // How soon depends on the machine.
  const before = db.stats.inline!.acquired;
  for (let i = 0; i < 20_000 && db.stats.inline!.acquired === before; i++) {
    assert.deepEqual(await db.get(point, [2]), { n: 2 });
  }
  for (let i = 0; i < 5; i++) assert.deepEqual(await db.get(slow), { n: 100_000 });
  const { statements, inline } = db.stats;
  const [quick, long] = statements;
  assert.equal(statements.length, 2);
  assert.equal(quick.sql, point);
  assert.equal(long.place, "worker");
  assert.ok(inline!.acquired > before, "no read ever came inline");
  // Both see what was written through the third connection.
  await db.run("DELETE FROM t");
  assert.equal(await db.get(point, [2]), undefined);
  assert.deepEqual(await db.values("SELECT count(*) FROM t"), [[0]]);
});

test("execution auto: errors and row factories are the same in both places", async (t) => {
  const { db } = await openTestDatabase(t, { execution: "auto", readers: 1 });
  const rowFactory = ([n]: readonly unknown[]): string => `row ${n}`;
  for (let i = 0; i < 50; i++) {
    assert.equal(await db.get("SELECT 7 AS n", [], { rowFactory }), "row 7");
    await assert.rejects(db.get("SELECT * FROM missing"), { code: "SQLITE_ERROR" });
    await assert.rejects(db.get("INSERT INTO missing VALUES (1)"), { name: "SQLiteError" });
  }
});

test("execution auto: in memory there is one connection, inline", async (t) => {
  const db = await openDatabase(":memory:", { execution: "auto" });
  t.after(() => db.close());
  assert.deepEqual(await db.values("SELECT 1"), [[1]]);
  assert.equal(db.stats.threads, undefined);
});

test("a bad execution is refused before anything is opened", async (t) => {
  const path = join(temporaryDirectory(t), "never.db");
  await assert.rejects(openDatabase(path, { execution: "threads" as "worker" }), {
    name: "TypeError",
    message:
      /^execution must be "inline", "worker", "process" or "auto"; got the string "threads"$/,
  });
});
