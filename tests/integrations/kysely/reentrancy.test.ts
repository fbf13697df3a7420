/** Queries of the outer instance in the callback of its own transaction. */

import assert from "node:assert/strict";
import { test } from "node:test";

import type { Kysely } from "kysely";

import { SQLitePoolError } from "../../../mod.ts";
import { names, openKysely, type Place, places, type Tables } from "./helpers.ts";

const add = (db: Kysely<Tables>, name: string) =>
  db.insertInto("person").values({ name }).execute();

/** An error of this package's own that says what to use. */
const isRefusal = (error: unknown): boolean =>
  error instanceof SQLitePoolError && error.constructor === SQLitePoolError &&
  /db\.transaction\(\)\.execute\(async \(trx\)/.test(error.message);

for (const place of places) {
  test(`${place}: what would wait for the transaction that it is called in is refused`, async (t) => {
    const { db } = await openKysely(t, place);
    await db.transaction().execute(async (trx) => {
      await assert.rejects(add(db, "Ada"), isRefusal);
      await assert.rejects(db.transaction().execute((inner) => add(inner, "Ada")), isRefusal);
      await assert.rejects(db.startTransaction().execute(), isRefusal);
      await assert.rejects(db.schema.dropTable("pet").execute(), isRefusal);
      await assert.rejects(db.connection().execute((conn) => add(conn, "Ada")), isRefusal);
      const rows = db.insertInto("person").values({ name: "Ada" }).returning("id").stream();
      await assert.rejects(async () => await rows.next(), isRefusal);
      // Whatever the refusals were, the transaction goes on.
      await add(trx, "Bob");
    });
    await add(db, "Cleo");
    assert.deepEqual(await names(db), ["Bob", "Cleo"]);
  });

  test(`${place}: what runs beside a transaction waits for it and is not refused`, async (t) => {
    const { db } = await openKysely(t, place);
    const begun = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<void>();
    const transaction = db.transaction().execute(async (trx) => {
      begun.resolve();
      await ended.promise;
      await add(trx, "Ada");
    });
    const beside = add(db, "Bob");
    await begun.promise;
    const later = add(db, "Cleo");
    ended.resolve();
    await Promise.all([transaction, beside, later]);
    assert.deepEqual(await names(db), ["Ada", "Bob", "Cleo"]);
  });

  test(`${place}: what a callback leaves to run after its transaction is not refused`, async (t) => {
    const { db } = await openKysely(t, place);
    const over = Promise.withResolvers<void>();
    let later: Promise<unknown> | undefined;
    await db.transaction().execute(async (trx) => {
      await add(trx, "Ada");
      later = over.promise.then(() => add(db, "Bob"));
    });
    over.resolve();
    await later;
    const failed = db.transaction().execute(async () => {
      later = over.promise.then(() => new Promise(setImmediate)).then(() => add(db, "Cleo"));
      throw new Error("no");
    });
    await assert.rejects(failed, /no/);
    await later;
    assert.deepEqual(await names(db), ["Ada", "Bob", "Cleo"]);
  });

  test(`${place}: a function that begins a transaction on its connection is not inside it`, async (t) => {
    const { db } = await openKysely(t, place);
    let beside: Promise<unknown> | undefined;
    await db.connection().execute(async (conn) => {
      const transaction = conn.transaction().execute((trx) => add(trx, "Ada"));
      beside = add(db, "Bob");
      await transaction;
    });
    await beside;
    assert.deepEqual(await names(db), ["Ada", "Bob"]);
  });
}

const apart: readonly Place[] = ["a file", "a pool"];
for (const place of apart) {
  test(`${place}: reads of the outer instance go on inside a transaction`, async (t) => {
    const { db } = await openKysely(t, place);
    await db.transaction().execute(async (trx) => {
      await add(trx, "Ada");
      assert.deepEqual(await names(db), []);
    });
    await db.transaction().setAccessMode("read only").execute(async () => {
      await add(db, "Bob");
    });
    assert.deepEqual(await names(db), ["Ada", "Bob"]);
  });
}

test("reads that would wait for the only connection are refused", async (t) => {
  const alone = [await openKysely(t, "memory"), await openKysely(t, "a pool", { poolSize: 1 })];
  for (const { db } of alone) {
    await db.transaction().execute(async () => {
      await assert.rejects(names(db), isRefusal);
    });
    await db.transaction().setAccessMode("read only").execute(async (trx) => {
      await assert.rejects(names(db), isRefusal);
      assert.deepEqual(await names(trx), []);
    });
  }
});
