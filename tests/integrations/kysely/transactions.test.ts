/** Transactions of Kysely: callbacks, controlled ones, savepoints, and many at once. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Kysely, sql, SqliteIntrospector, SqliteQueryCompiler } from "kysely";

import { SqlitePoolAdapter } from "../../../integrations/kysely/adapter.ts";
import { SqlitePoolDriver } from "../../../integrations/kysely/driver.ts";
import type { Target } from "../../../integrations/kysely/target.ts";
import { OutcomeUnknownError, SQLiteError, TransactionEndedError } from "../../../mod.ts";
import { addPeople, names, openKysely, places, type Tables } from "./helpers.ts";

const add = (db: Kysely<Tables>, name: string) =>
  db.insertInto("person").values({ name }).execute();

for (const place of places) {
  test(`${place}: a transaction commits what its callback did`, async (t) => {
    const { db } = await openKysely(t, place);
    const id = await db.transaction().execute(async (trx) => {
      const { insertId } = await trx.insertInto("person").values({ name: "Ada" })
        .executeTakeFirstOrThrow();
      await trx.insertInto("pet").values({ name: "Rex", owner_id: Number(insertId) }).execute();
      return insertId;
    });
    assert.equal(id, 1n);
    assert.deepEqual(await db.selectFrom("pet").select("owner_id").execute(), [{ owner_id: 1 }]);
  });

  test(`${place}: a transaction whose callback throws leaves nothing`, async (t) => {
    const { db } = await openKysely(t, place);
    const error = new Error("no");
    const attempt = db.transaction().execute(async (trx) => {
      await add(trx, "Ada");
      assert.deepEqual(await names(trx), ["Ada"]);
      throw error;
    });
    await assert.rejects(attempt, (thrown) => thrown === error);
    assert.deepEqual(await names(db), []);
  });

  test(`${place}: a statement that fails leaves the transaction to its callback`, async (t) => {
    const { db } = await openKysely(t, place);
    await db.transaction().execute(async (trx) => {
      await add(trx, "Ada");
      await assert.rejects(add(trx, "Ada"), { code: "SQLITE_CONSTRAINT" });
      await add(trx, "Bob");
    });
    assert.deepEqual(await names(db), ["Ada", "Bob"]);
  });

  test(`${place}: controlled transactions commit and roll back by call`, async (t) => {
    const { db } = await openKysely(t, place);
    const committed = await db.startTransaction().execute();
    await add(committed, "Ada");
    await committed.commit().execute();
    assert.equal(committed.isCommitted, true);
    const undone = await db.startTransaction().execute();
    await add(undone, "Bob");
    await undone.rollback().execute();
    assert.equal(undone.isRolledBack, true);
    await assert.rejects(add(undone, "Cleo"), /already rolled back/);
    assert.deepEqual(await names(db), ["Ada"]);
  });

  test(`${place}: savepoints nest, roll back and are released`, async (t) => {
    const { db, log } = await openKysely(t, place);
    const trx = await db.startTransaction().execute();
    await add(trx, "Ada");
    const outer = await trx.savepoint("outer").execute();
    await add(outer, "Bob");
    const inner = await outer.savepoint('in"ner').execute();
    await add(inner, "Cleo");
    await inner.rollbackToSavepoint('in"ner').execute();
    await add(inner, "Dora");
    await inner.releaseSavepoint('in"ner').execute();
    await outer.releaseSavepoint("outer").execute();
    const last = await trx.savepoint("last").execute();
    await add(last, "Emil");
    await last.rollbackToSavepoint("last").execute();
    await trx.commit().execute();
    assert.deepEqual(await names(db), ["Ada", "Bob", "Dora"]);
    assert.ok(log.includes('savepoint "in""ner"'));
  });

  test(`${place}: an unknown savepoint is refused, and the transaction goes on`, async (t) => {
    const { db } = await openKysely(t, place);
    const trx = await db.startTransaction().execute();
    await add(trx, "Ada");
    const saved = await trx.savepoint("somewhere").execute();
    await saved.releaseSavepoint("somewhere").execute();
    await assert.rejects(saved.rollbackToSavepoint("somewhere").execute(), /no such savepoint/);
    await trx.commit().execute();
    assert.deepEqual(await names(db), ["Ada"]);
  });

  test(`${place}: a transaction that only reads refuses to write`, async (t) => {
    const { db } = await openKysely(t, place);
    await addPeople(db);
    await db.transaction().setAccessMode("read only").execute(async (trx) => {
      assert.equal((await names(trx)).length, 3);
      await assert.rejects(add(trx, "Dora"), (error) => {
        assert.ok(error instanceof SQLiteError);
        assert.equal(error.code, "SQLITE_READONLY");
        return true;
      });
      await assert.rejects(sql`drop table pet`.execute(trx), { code: "SQLITE_READONLY" });
    });
    await db.transaction().setIsolationLevel("serializable").setAccessMode("read write")
      .execute((trx) => add(trx, "Emil"));
    assert.equal((await names(db)).length, 4);
  });

  test(`${place}: a transaction that SQLite has ended commits nothing`, async (t) => {
    const { db } = await openKysely(t, place);
    const attempt = db.transaction().execute(async (trx) => {
      await add(trx, "Ada");
      await trx.insertInto("person").values({ name: "Ada" }).orRollback().execute()
        .catch(() => {});
      await assert.rejects(add(trx, "Bob"), TransactionEndedError);
    });
    await assert.rejects(attempt, TransactionEndedError);
    assert.deepEqual(await names(db), []);
  });

  test(`${place}: a COMMIT that fails rolls back, and frees the writer`, async (t) => {
    const { db } = await openKysely(t, place);
    const trx = await db.startTransaction().execute();
    await sql`pragma defer_foreign_keys = on`.execute(trx);
    await trx.insertInto("pet").values({ name: "Rex", owner_id: 7 }).execute();
    await assert.rejects(trx.commit().execute(), { code: "SQLITE_CONSTRAINT" });
    assert.equal(trx.isRolledBack, true);
    await assert.rejects(add(trx, "Ada"), /already rolled back/);
    await trx.rollback().execute();
    await add(db, "Bob");
    assert.deepEqual(await names(db), ["Bob"]);
    assert.deepEqual(await db.selectFrom("pet").selectAll().execute(), []);
  });

  test(`${place}: two at once, one rolling back, beside plain writes`, async (t) => {
    const { db } = await openKysely(t, place);
    const write = async (prefix: string, outcome: "commit" | "roll back"): Promise<void> => {
      await db.transaction().execute(async (trx) => {
        for (let step = 0; step < 10; step++) {
          await add(trx, `${prefix}${step}`);
          // Other callers have their turn between two statements.
          await new Promise(setImmediate);
        }
        if (outcome === "roll back") throw new Error("roll back");
      });
    };
    const plain = async (): Promise<void> => {
      for (let step = 0; step < 10; step++) {
        await add(db, `plain${step}`);
        await new Promise(setImmediate);
      }
    };
    const outcomes = await Promise.allSettled([
      write("kept", "commit"),
      write("undone", "roll back"),
      plain(),
    ]);
    assert.deepEqual(outcomes.map(({ status }) => status), ["fulfilled", "rejected", "fulfilled"]);
    const expected = ["kept", "plain"].flatMap((prefix) =>
      Array.from({ length: 10 }, (_, step) => `${prefix}${step}`)
    );
    assert.deepEqual(await names(db), expected);
  });

  test(`${place}: money moves between accounts, and none is lost`, async (t) => {
    const { db } = await openKysely(t, place);
    const accounts = Array.from({ length: 5 }, (_, id) => ({ id, balance: 100 }));
    await db.insertInto("account").values(accounts).execute();
    const move = (from: number, to: number, amount: number) =>
      db.transaction().execute(async (trx) => {
        await trx.updateTable("account")
          .set((eb) => ({ balance: eb("balance", "+", amount) })).where("id", "=", to).execute();
        await trx.updateTable("account")
          .set((eb) => ({ balance: eb("balance", "-", amount) })).where("id", "=", from).execute();
      });
    const moves = Array.from(
      { length: 60 },
      (_, step) => move(step % 5, (step * 2 + 1) % 5, (step * 37) % 150),
    );
    const outcomes = await Promise.allSettled(moves);
    const refused = outcomes.filter(({ status }) => status === "rejected");
    assert.ok(refused.length > 0, "every move was covered");
    assert.ok(refused.length < moves.length, "no move was covered");
    const { total } = await db.selectFrom("account")
      .select(({ fn }) => fn.sum<number>("balance").as("total")).executeTakeFirstOrThrow();
    assert.equal(total, 500);
  });
}

test("a file: a transaction that only reads sees one state, while others write", async (t) => {
  const { db } = await openKysely(t);
  await addPeople(db);
  await db.transaction().setAccessMode("read only").execute(async (trx) => {
    const before = await names(trx);
    await add(db, "Dora");
    assert.deepEqual(await names(trx), before);
  });
  assert.equal((await names(db)).length, 4);
});

test("a file: reads go on while a transaction writes", async (t) => {
  const { db, database } = await openKysely(t);
  const trx = await db.startTransaction().execute();
  await add(trx, "Ada");
  assert.deepEqual(await names(db), []);
  assert.equal(database!.stats.writer!.inUse, 1);
  await trx.commit().execute();
  assert.deepEqual(await names(db), ["Ada"]);
});

test("after a COMMIT of unknown outcome nothing runs outside the transaction", async () => {
  const ran: string[] = [];
  const refused = new Error("the transaction is over");
  const target = {
    run: (sql: string) => Promise.resolve(void ran.push(sql)),
    all: (sql: string) => Promise.resolve(void ran.push(sql)),
    async transaction(callback: (tx: object) => Promise<void>) {
      await callback({ execute: () => Promise.reject(refused) });
      throw new OutcomeUnknownError("lost");
    },
  } as unknown as Target;
  const db = new Kysely<Tables>({
    dialect: {
      createAdapter: () => new SqlitePoolAdapter(),
      createDriver: () => new SqlitePoolDriver(() => Promise.resolve(target)),
      createIntrospector: (db) => new SqliteIntrospector(db),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  });
  const trx = await db.startTransaction().execute();
  await assert.rejects(trx.commit().execute(), OutcomeUnknownError);
  await assert.rejects(add(trx, "Ada"), (error) => error === refused);
  await assert.rejects(names(trx), (error) => error === refused);
  assert.deepEqual(ran, []);
  await trx.rollback().execute();
});
