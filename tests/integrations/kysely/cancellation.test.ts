/** AbortSignal and what Kysely calls strategies: a call that is given up, wherever it is. */

import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";

import { type Kysely, sql } from "kysely";

import { addPeople, names, openKysely, places, type Tables } from "./helpers.ts";

/** What is written to console.error, by which Kysely reports what fails when nobody listens. */
function captureErrors(t: TestContext): string[] {
  const written: string[] = [];
  const original = console.error;
  console.error = (...parts: unknown[]): void => void written.push(parts.join(" "));
  t.after(() => {
    console.error = original;
  });
  return written;
}

/** A statement that runs until it is given up. */
const endless = sql<{ n: number }>`(
  with recursive c (n) as (values (1) union all select n + 1 from c) select n from c
)`;

async function turns(count = 20): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise(setImmediate);
}

const add = (db: Kysely<Tables>, name: string) => db.insertInto("person").values({ name });

for (const place of places) {
  test(`${place}: a signal that has aborted refuses the call`, async (t) => {
    const { db, log } = await openKysely(t, place);
    const reason = new Error("gone");
    const signal = AbortSignal.abort(reason);
    const isReason = (error: unknown) => error === reason;
    await assert.rejects(add(db, "Ada").execute({ signal }), isReason);
    await assert.rejects(db.selectFrom("person").selectAll().execute({ signal }), isReason);
    await assert.rejects(sql`select 1`.execute(db, { signal }), isReason);
    assert.deepEqual(log, []);
  });

  test(`${place}: a signal that does not abort changes nothing`, async (t) => {
    const { db } = await openKysely(t, place);
    const { signal } = new AbortController();
    await add(db, "Ada").execute({ signal });
    assert.deepEqual(
      await db.selectFrom("person").select("name").execute({ signal }),
      [{ name: "Ada" }],
    );
    const seen: string[] = [];
    for await (const { name } of db.selectFrom("person").select("name").stream({ signal })) {
      seen.push(name);
    }
    assert.deepEqual(seen, ["Ada"]);
  });

  test(`${place}: a stream ends with its signal, and gives its connection back`, async (t) => {
    const { db, database, pool } = await openKysely(t, place);
    const written = captureErrors(t);
    const controller = new AbortController();
    const reason = new Error("gone");
    let rows = 0;
    await assert.rejects(async () => {
      const { signal } = controller;
      for await (const _ of db.selectFrom(endless.as("e")).selectAll().stream({ signal })) {
        if (++rows === 5) controller.abort(reason);
      }
    }, (error) => error === reason);
    await turns();
    assert.equal((pool?.stats ?? database!.stats.readers).inUse, 0);
    assert.deepEqual(await names(db), []);
    assert.deepEqual(written, []);
  });

  test(`${place}: a session that is killed takes its transaction along`, async (t) => {
    const { db } = await openKysely(t, place);
    captureErrors(t);
    const controller = new AbortController();
    const attempt = db.transaction().execute(async (trx) => {
      await add(trx, "Ada").execute();
      const last = add(trx, "Bob").execute({
        signal: controller.signal,
        inflightQueryAbortStrategy: "kill session",
      });
      // In the very call in which the statement is sent.
      queueMicrotask(() => controller.abort(new Error("gone")));
      await last;
    });
    await assert.rejects(attempt);
    assert.deepEqual(await names(db), []);
    await addPeople(db);
    assert.equal((await names(db)).length, 3);
  });

  test(`${place}: a connection() that is killed ends with the error of its callback`, async (t) => {
    const { db } = await openKysely(t, place);
    const written = captureErrors(t);
    const controller = new AbortController();
    const reason = new Error("gone");
    const attempt = db.connection().execute(async (conn) => {
      await sql`begin`.execute(conn);
      await add(conn, "Ada").execute();
      const last = add(conn, "Bob").execute({
        signal: controller.signal,
        inflightQueryAbortStrategy: "kill session",
      });
      queueMicrotask(() => controller.abort(reason));
      await last;
    });
    await assert.rejects(attempt, (error) => error === reason);
    assert.deepEqual(await names(db), []);
    await addPeople(db);
    assert.deepEqual(written.filter((line) => !line.includes("query")), []);
  });

  test(`${place}: to cancel a query on the database's side is refused by name`, async (t) => {
    const { db } = await openKysely(t, place);
    const { signal } = new AbortController();
    await assert.rejects(
      add(db, "Ada").execute({ signal, inflightQueryAbortStrategy: "cancel query" }),
      /doesn't support .*"cancel query".*"kill session"/,
    );
    assert.deepEqual(await names(db), []);
  });
}

test("a file: a write that waits for the writer is given up, and never runs", async (t) => {
  const { db, database } = await openKysely(t);
  const written = captureErrors(t);
  const trx = await db.startTransaction().execute();
  const controller = new AbortController();
  const reason = new Error("gone");
  const waiting = add(db, "Ada").execute({ signal: controller.signal });
  await turns();
  assert.equal(database!.stats.writer!.waiting, 1);
  controller.abort(reason);
  await assert.rejects(waiting, (error) => error === reason);
  await turns();
  assert.equal(database!.stats.writer!.waiting, 0);
  await trx.commit().execute();
  await turns();
  assert.deepEqual(await names(db), []);
  assert.deepEqual(written, []);
});

test("a file: a read that waits for a reader is given up", async (t) => {
  const { db, database } = await openKysely(t, "a file", { readers: 1, execution: "worker" });
  const written = captureErrors(t);
  const holder = db.selectFrom(endless.as("e")).selectAll().stream(1)[Symbol.asyncIterator]();
  await holder.next();
  const controller = new AbortController();
  const waiting = db.selectFrom("person").selectAll().execute({ signal: controller.signal });
  await turns();
  assert.equal(database!.stats.readers.waiting, 1);
  controller.abort();
  await assert.rejects(waiting, { name: "AbortError" });
  await turns();
  assert.equal(database!.stats.readers.waiting, 0);
  await holder.return?.();
  assert.deepEqual(await names(db), []);
  assert.deepEqual(written, []);
});

test("a file: connection() that waits for the writer is given up", async (t) => {
  const { db, database } = await openKysely(t);
  const trx = await db.startTransaction().execute();
  const controller = new AbortController();
  const waiting = db.connection().execute((conn) =>
    sql`create temporary table scratch (n)`.execute(conn, { signal: controller.signal })
  );
  await turns();
  controller.abort(new Error("gone"));
  await assert.rejects(waiting, /gone/);
  await trx.rollback().execute();
  await add(db, "Ada").execute();
  await turns();
  assert.equal(database!.stats.writer!.inUse, 0);
});
