/** Streams of Kysely: chunks, back-pressure, early ends. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";

import { type Kysely, sql } from "kysely";

import { runScript, temporaryDirectory } from "../../helpers/runtime.ts";
import { addPeople, names, openKysely, places, type Tables } from "./helpers.ts";

/** V8 keeps room for young objects, as much as it likes: that is not what is measured. */
const SMALL_YOUNG_GENERATION = {
  NODE_OPTIONS: "--max-semi-space-size=16",
  DENO_V8_FLAGS: "--max-semi-space-size=16",
};

/** A query of as many rows as one likes, that needs no table. */
function numbers(db: Kysely<Tables>, last: number) {
  return db
    .withRecursive(
      "series(n)",
      (qb) =>
        qb.selectNoFrom(sql<number>`1`.as("n")).unionAll(
          qb.selectFrom("series").select(({ eb }) => eb("n", "+", 1).as("n")).where("n", "<", last),
        ),
    )
    .selectFrom("series").select("n");
}

for (const place of places) {
  test(`${place}: a stream gives every row, in order`, async (t) => {
    const { db } = await openKysely(t, place);
    for (const chunkSize of [1, 7, 1_000]) {
      const seen: number[] = [];
      for await (const { n } of numbers(db, 100).stream(chunkSize)) seen.push(n);
      assert.deepEqual(seen, Array.from({ length: 100 }, (_, index) => index + 1));
    }
  });

  test(`${place}: a stream that is left early gives its connection back`, async (t) => {
    const { db, database, pool } = await openKysely(t, place);
    for (let round = 0; round < 20; round++) {
      for await (const { n } of numbers(db, 1_000_000).stream(10)) if (n === 25) break;
    }
    const stats = pool?.stats ?? database!.stats.readers;
    assert.equal(stats.inUse, 0);
  });

  test(`${place}: a stream inside a transaction sees what it wrote`, async (t) => {
    const { db } = await openKysely(t, place);
    await db.transaction().execute(async (trx) => {
      await addPeople(trx);
      const seen: string[] = [];
      const people = trx.selectFrom("person").select("name").orderBy("id");
      for await (const { name } of people.stream()) seen.push(name);
      assert.deepEqual(seen, ["Ada", "Bob", "Cleo"]);
    });
  });

  test(`${place}: a write with RETURNING is whole before its first row comes`, async (t) => {
    const { db } = await openKysely(t, place);
    const insert = db.insertInto("person").values([{ name: "Ada" }, { name: "Bob" }]);
    for await (const { id } of insert.returning("id").stream(1)) {
      assert.equal(id, 1);
      break;
    }
    assert.deepEqual(await names(db), ["Ada", "Bob"]);
  });

  test(`${place}: the error of a stream reaches the loop`, async (t) => {
    const { db } = await openKysely(t, place);
    const broken = sql`(select json(case n when 60 then '{' else '1' end) as n from
      (with recursive s(n) as (select 1 union all select n + 1 from s where n < 100) select n from s))`;
    let rows = 0;
    await assert.rejects(async () => {
      for await (const _ of db.selectFrom(broken.as("broken")).selectAll().stream(10)) rows++;
    }, /malformed JSON/);
    assert.ok(rows <= 59, `${rows} rows`);
    assert.deepEqual(await names(db), []);
  });

  test(`${place}: a chunk has at least one row`, async (t) => {
    const { db } = await openKysely(t, place);
    for (const chunkSize of [0, -1, NaN]) {
      await assert.rejects(numbers(db, 1).stream(chunkSize).next(), RangeError);
    }
  });
}

test("a file: a stream of 1,000,000 rows takes no more memory than one of 100,000", async (t) => {
  const rows = 1_000_000;
  const { code, stdout, stderr } = await runScript(
    "tests/integrations/kysely/stream_run.ts",
    [String(rows), join(temporaryDirectory(t), "stream.db")],
    SMALL_YOUNG_GENERATION,
  );
  assert.equal(code, 0, stdout + stderr);
  const { count, sum, growth } = JSON.parse(stdout);
  assert.deepEqual({ count, sum }, { count: rows, sum: rows * (rows + 1) / 2 });
  // The texts of all rows are 190 MiB.
  assert.ok(growth < 96 * 2 ** 20, `it grew by ${growth / 2 ** 20} MiB`);
});

test("a file: streams that stand still leave readers for others, and the writer", async (t) => {
  const { db } = await openKysely(t, "a file", { readers: 3 });
  const standing = [numbers(db, 1_000_000).stream(1), numbers(db, 1_000_000).stream(1)];
  for (const stream of standing) await stream.next();
  await addPeople(db);
  assert.equal((await names(db)).length, 3);
  for (const stream of standing) await stream.return?.();
});
