/** Errors by code, deadlines, and a thousand callers at once. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { sql } from "kysely";

import {
  PoolConnectionAcquireTimeoutError,
  PoolOverloadedError,
  SQLiteError,
} from "../../../mod.ts";
import { runtimeName } from "../../helpers/runtime.ts";
import { addPeople, names, openKysely, places } from "./helpers.ts";

for (const place of places) {
  test(`${place}: constraints are told apart by code`, async (t) => {
    const { db } = await openKysely(t, place);
    await addPeople(db);
    const codeOf = async (attempt: Promise<unknown>): Promise<string> => {
      const error = await attempt.then(() => undefined, (error) => error);
      assert.ok(error instanceof SQLiteError, String(error));
      assert.equal(error.code, "SQLITE_CONSTRAINT");
      return error.extendedCode;
    };
    const person = db.insertInto("person");
    assert.equal(
      await codeOf(person.values({ name: "Ada" }).execute()),
      "SQLITE_CONSTRAINT_UNIQUE",
    );
    assert.equal(
      await codeOf(person.values({ id: 1, name: "Dora" }).execute()),
      "SQLITE_CONSTRAINT_PRIMARYKEY",
    );
    assert.equal(
      await codeOf(sql`insert into person (name) values (null)`.execute(db)),
      "SQLITE_CONSTRAINT_NOTNULL",
    );
    assert.equal(
      await codeOf(db.insertInto("pet").values({ name: "Rex", owner_id: 9 }).execute()),
      "SQLITE_CONSTRAINT_FOREIGNKEY",
    );
    assert.equal(
      await codeOf(db.insertInto("account").values({ id: 1, balance: -1 }).execute()),
      "SQLITE_CONSTRAINT_CHECK",
    );
  });

  test(`${place}: an error has the statement, and no parameters`, async (t) => {
    const { db } = await openKysely(t, place);
    const secret = "hunter2";
    const error = await sql`select * from nowhere where name = ${secret}`.execute(db)
      .then(() => undefined, (error) => error);
    assert.ok(error instanceof SQLiteError);
    assert.equal(error.sql, "select * from nowhere where name = ?");
    assert.match(error.message, /no such table: nowhere/);
    assert.ok(!`${error.message}${error.stack}`.includes(secret));
  });

  test(`${place}: the stack of an error leads to the caller`, async (t) => {
    const { db } = await openKysely(t, place);
    async function caller(run: () => Promise<unknown>): Promise<void> {
      await assert.rejects(async () => await run(), (error) => {
        assert.match((error as Error).stack!, /errors\.test\.ts/);
        return true;
      });
    }
    const nowhere = "nowhere" as "pet";
    await caller(async () => await db.selectFrom(nowhere).select("id").execute());
    await caller(async () => await db.deleteFrom(nowhere).execute());
    // Bun's engine follows `await` only, and Kysely's transactions return promises as they are.
    if (runtimeName() === "bun") return;
    await caller(async () => {
      await db.transaction().execute(async (trx) => {
        await trx.deleteFrom(nowhere).execute();
      });
    });
  });

  test(`${place}: parameters that SQLite has no type for are refused`, async (t) => {
    const { db } = await openKysely(t, place);
    for (const value of [new Date(), {}, [1], Symbol("no"), 2n ** 64n]) {
      await assert.rejects(sql`select ${value} as value`.execute(db), (error) => {
        assert.ok(error instanceof TypeError || error instanceof RangeError, String(error));
        return true;
      });
    }
    assert.deepEqual(await names(db), []);
  });

  test(`${place}: one statement at a time`, async (t) => {
    const { db } = await openKysely(t, place);
    await assert.rejects(
      sql`insert into person (name) values ('Ada'); delete from person`.execute(db),
      SQLiteError,
    );
    assert.deepEqual(await names(db), []);
  });

  test(`${place}: whoever waits too long for the writer is told so`, async (t) => {
    const { db } = await openKysely(t, place, {
      acquisitionTimeoutMs: 20,
      busyTimeoutMs: 20,
      poolSize: 1,
    });
    const trx = await db.startTransaction().execute();
    await assert.rejects(
      db.insertInto("person").values({ name: "Ada" }).execute(),
      PoolConnectionAcquireTimeoutError,
    );
    await assert.rejects(
      db.transaction().execute(() => Promise.resolve()),
      PoolConnectionAcquireTimeoutError,
    );
    await trx.rollback().execute();
    await addPeople(db);
    assert.equal((await names(db)).length, 3);
  });

  test(`${place}: 1,000 callers at once, and every row is there`, async (t) => {
    const { db } = await openKysely(t, place);
    await db.insertInto("account").values({ id: 1, balance: 0 }).execute();
    let refused = 0;
    await Promise.all(Array.from({ length: 1_000 }, async (_, caller) => {
      const name = `caller${String(caller).padStart(4, "0")}`;
      switch (caller % 4) {
        case 0:
          await db.insertInto("person").values({ name }).execute();
          break;
        case 1:
          await db.updateTable("account").set((eb) => ({ balance: eb("balance", "+", 1) }))
            .execute();
          break;
        case 2:
          await db.selectFrom("person").select("id").where("id", "=", caller).execute();
          break;
        default:
          await db.transaction().execute(async (trx) => {
            await trx.insertInto("person").values({ name }).execute();
            await trx.updateTable("account").set((eb) => ({ balance: eb("balance", "+", 1) }))
              .execute();
            if (caller % 8 === 3) throw new Error("no");
          }).catch(() => refused++);
      }
    }));
    assert.equal(refused, 125);
    assert.equal((await names(db)).length, 375);
    const { balance } = await db.selectFrom("account").select("balance").executeTakeFirstOrThrow();
    assert.equal(balance, 375);
  });
}

test("a file: more callers than maxWaiting are refused, and nothing of theirs runs", async (t) => {
  const { db } = await openKysely(t, "a file", { maxWaiting: 2 });
  const trx = await db.startTransaction().execute();
  const outcomes = Array.from(
    { length: 5 },
    (_, n) =>
      db.transaction().execute((trx) =>
        trx.insertInto("account").values({ id: n, balance: n }).execute()
      ).then(() => "done", (error) => error),
  );
  const refused = await Promise.race(outcomes);
  assert.ok(refused instanceof PoolOverloadedError);
  await trx.commit().execute();
  const settled = await Promise.all(outcomes);
  assert.equal(settled.filter((outcome) => outcome === "done").length, 2);
  assert.equal((await db.selectFrom("account").selectAll().execute()).length, 2);
});
