/** Queries of Kysely's builder, on a database in a file, in memory, and on a pool. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { CamelCasePlugin, NoResultError, ParseJSONResultsPlugin, sql } from "kysely";
import { jsonArrayFrom, jsonBuildObject, jsonObjectFrom } from "kysely/helpers/sqlite";

import { addPeople, names, openKysely, places } from "./helpers.ts";

for (const place of places) {
  test(`${place}: an insert gives its id and the number of rows, as bigint`, async (t) => {
    const { db } = await openKysely(t, place);
    const first = await db.insertInto("person").values({ name: "Ada" }).executeTakeFirst();
    assert.equal(first.insertId, 1n);
    assert.equal(first.numInsertedOrUpdatedRows, 1n);
    const more = await db.insertInto("person").values([{ name: "Bob" }, { name: "Cleo" }])
      .executeTakeFirst();
    assert.equal(more.insertId, 3n);
    assert.equal(more.numInsertedOrUpdatedRows, 2n);
  });

  test(`${place}: an insert that a conflict stops has no id`, async (t) => {
    const { db } = await openKysely(t, place);
    await addPeople(db);
    const insert = db.insertInto("person").values({ name: "Ada" });
    const ignored = await insert.orIgnore().executeTakeFirst();
    assert.equal(ignored.insertId, undefined);
    assert.equal(ignored.numInsertedOrUpdatedRows, 0n);
    const upserted = await insert
      .onConflict((conflict) => conflict.column("name").doUpdateSet({ age: 37 }))
      .executeTakeFirst();
    assert.equal(upserted.insertId, undefined);
    assert.equal(upserted.numInsertedOrUpdatedRows, 1n);
  });

  test(`${place}: updates and deletes give how many rows they meet`, async (t) => {
    const { db } = await openKysely(t, place);
    await addPeople(db);
    const updated = await db.updateTable("person").set({ age: 1 }).where("id", "<", 3)
      .executeTakeFirst();
    assert.equal(updated.numUpdatedRows, 2n);
    const deleted = await db.deleteFrom("person").where("id", ">", 1).executeTakeFirst();
    assert.equal(deleted.numDeletedRows, 2n);
    const none = await db.deleteFrom("person").where("id", ">", 1).executeTakeFirst();
    assert.equal(none.numDeletedRows, 0n);
  });

  test(`${place}: RETURNING gives the rows of what writes`, async (t) => {
    const { db } = await openKysely(t, place);
    const inserted = await db.insertInto("person").values([{ name: "Ada" }, { name: "Bob" }])
      .returning(["id", "name"]).execute();
    assert.deepEqual(inserted, [{ id: 1, name: "Ada" }, { id: 2, name: "Bob" }]);
    const updated = await db.updateTable("person").set({ age: 5 }).where("id", "=", 2)
      .returningAll().executeTakeFirstOrThrow();
    assert.deepEqual(updated, { id: 2, name: "Bob", age: 5, photo: null });
    const deleted = await db.deleteFrom("person").returning("id").execute();
    assert.deepEqual(deleted, [{ id: 1 }, { id: 2 }]);
    assert.deepEqual(await names(db), []);
  });

  test(`${place}: values are stored as they are`, async (t) => {
    const { db } = await openKysely(t, place);
    const photo = new Uint8Array([0, 1, 255]);
    await db.insertInto("person").values({ name: "Zoë \u0001 🦊", age: 41, photo }).execute();
    const row = await db.selectFrom("person").selectAll()
      .select(sql<string>`typeof(age)`.as("type")).executeTakeFirstOrThrow();
    assert.equal(row.name, "Zoë \u0001 🦊");
    assert.equal(row.age, 41);
    assert.equal(row.type, "integer");
    assert.deepEqual(new Uint8Array(row.photo!), photo);
    const { rows } = await sql<{ big: string; yes: number; none: null }>`
      select cast(${2n ** 62n} as text) as big, ${true} as yes, ${null} as none`.execute(db);
    assert.deepEqual(rows, [{ big: String(2n ** 62n), yes: 1, none: null }]);
  });

  test(`${place}: joins, groups, common tables and unions`, async (t) => {
    const { db } = await openKysely(t, place);
    await addPeople(db);
    const counts = await db.selectFrom("person")
      .leftJoin("pet", "pet.owner_id", "person.id")
      .select(({ fn }) => ["person.name", fn.count<number>("pet.id").as("pets")])
      .groupBy("person.id").having(({ fn }) => fn.count("pet.id"), ">", 0)
      .orderBy("pets", "desc").execute();
    assert.deepEqual(counts, [{ name: "Ada", pets: 2 }, { name: "Bob", pets: 1 }]);
    const adults = await db
      .with("adult", (qb) => qb.selectFrom("person").selectAll().where("age", ">=", 30))
      .selectFrom("adult").select("name")
      .union(db.selectFrom("pet").select("name").where("id", "=", 3))
      .orderBy("name").execute();
    assert.deepEqual(adults, [{ name: "Ada" }, { name: "Kit" }]);
  });

  test(`${place}: relations by jsonArrayFrom and jsonObjectFrom`, async (t) => {
    const { db } = await openKysely(t, place, { plugins: [new ParseJSONResultsPlugin()] });
    await addPeople(db);
    const people = await db.selectFrom("person").select(({ selectFrom, ref }) => [
      "name",
      jsonArrayFrom(
        selectFrom("pet").select(["pet.id", "pet.name"])
          .whereRef("pet.owner_id", "=", "person.id").orderBy("pet.id"),
      ).as("pets"),
      jsonBuildObject({ id: ref("person.id") }).as("key"),
    ]).where("id", "<", 3).orderBy("id").execute();
    assert.deepEqual(people, [
      { name: "Ada", pets: [{ id: 1, name: "Rex" }, { id: 2, name: "Tom" }], key: { id: 1 } },
      { name: "Bob", pets: [{ id: 3, name: "Kit" }], key: { id: 2 } },
    ]);
    const pet = await db.selectFrom("pet").select(({ selectFrom }) => [
      "name",
      jsonObjectFrom(
        selectFrom("person").select("person.name").whereRef("person.id", "=", "pet.owner_id"),
      ).as("owner"),
    ]).where("id", "=", 3).executeTakeFirstOrThrow();
    assert.deepEqual(pet, { name: "Kit", owner: { name: "Bob" } });
  });

  test(`${place}: raw SQL reads, writes and returns`, async (t) => {
    const { db } = await openKysely(t, place);
    const insert = await sql`insert into person (name) values (${"Ada"})`.execute(db);
    assert.deepEqual(insert, { rows: [], numAffectedRows: 1n, insertId: 1n });
    const returned = await sql`
      -- What it is shows behind the comment, and behind the common table.
      with source (name) as (values (${"Bob"}))
      insert into person (name) select name from source where true returning name`.execute(db);
    assert.deepEqual(returned, { rows: [{ name: "Bob" }], numAffectedRows: 1n });
    assert.deepEqual(await sql`values (1), (2)`.execute(db), {
      rows: [{ column1: 1 }, { column1: 2 }],
    });
    const replaced = await sql`replace into person (id, name) values (2, 'Cleo')`.execute(db);
    assert.equal(replaced.numAffectedRows, 1n);
    assert.deepEqual(await names(db), ["Ada", "Cleo"]);
  });

  test(`${place}: plugins see parameters and rows`, async (t) => {
    const { db } = await openKysely(t, place, { plugins: [new CamelCasePlugin()] });
    await addPeople(db);
    const { rows } = await sql`select owner_id from pet where id = 3`.execute(db);
    assert.deepEqual(rows, [{ ownerId: 2 }]);
  });

  test(`${place}: explain runs nothing`, async (t) => {
    const { db } = await openKysely(t, place);
    await addPeople(db);
    const plan = await db.deleteFrom("person").explain(undefined, sql`query plan`);
    assert.ok(plan.length > 0);
    assert.equal((await names(db)).length, 3);
  });

  test(`${place}: a row that is missing is Kysely's own error`, async (t) => {
    const { db } = await openKysely(t, place);
    await assert.rejects(
      db.selectFrom("person").selectAll().executeTakeFirstOrThrow(),
      NoResultError,
    );
    assert.equal(await db.selectFrom("person").selectAll().executeTakeFirst(), undefined);
  });

  test(`${place}: the log has every statement, transactions included`, async (t) => {
    const { db, log } = await openKysely(t, place);
    await db.transaction().execute((trx) => trx.deleteFrom("pet").execute());
    await db.transaction().execute(() => Promise.reject(new Error("no"))).catch(() => {});
    assert.deepEqual(log, ["begin", 'delete from "pet"', "commit", "begin", "rollback"]);
  });
}
