/** Kysely's Migrator over the dialect. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { type Kysely, sql } from "kysely";
import { type Migration, Migrator, NO_MIGRATIONS } from "kysely/migration";

import { openKysely, places, type Tables } from "./helpers.ts";

type Migrations = Record<string, Migration>;

const createsTable = (name: string): Migration => ({
  up: (db) => db.schema.createTable(name).addColumn("id", "integer").execute(),
  down: (db) => db.schema.dropTable(name).execute(),
});

function migrator(db: Kysely<Tables>, migrations: Migrations): Migrator {
  return new Migrator({ db, provider: { getMigrations: () => Promise.resolve(migrations) } });
}

async function tables(db: Kysely<Tables>): Promise<string[]> {
  return (await db.introspection.getTables()).map(({ name }) => name)
    .filter((name) => !["account", "person", "pet"].includes(name));
}

for (const place of places) {
  test(`${place}: migrations run once, in order, and back`, async (t) => {
    const { db } = await openKysely(t, place);
    const migrate = migrator(db, { b: createsTable("two"), a: createsTable("one") });
    const { error, results } = await migrate.migrateToLatest();
    assert.equal(error, undefined);
    assert.deepEqual(results, [
      { migrationName: "a", direction: "Up", status: "Success" },
      { migrationName: "b", direction: "Up", status: "Success" },
    ]);
    assert.deepEqual(await tables(db), ["one", "two"]);
    assert.deepEqual((await migrate.migrateToLatest()).results, []);
    await migrate.migrateDown();
    assert.deepEqual(await tables(db), ["one"]);
    await migrate.migrateTo(NO_MIGRATIONS);
    assert.deepEqual(await tables(db), []);
    await migrate.migrateUp();
    assert.deepEqual(await tables(db), ["one"]);
    const known = await migrate.getMigrations();
    assert.deepEqual(known.map(({ executedAt }) => executedAt !== undefined), [true, false]);
  });

  test(`${place}: a migration that fails stops those after it`, async (t) => {
    const { db } = await openKysely(t, place);
    const { error, results } = await migrator(db, {
      a: createsTable("one"),
      b: { up: (db) => sql`create table two (`.execute(db).then(() => {}) },
      c: createsTable("three"),
    }).migrateToLatest();
    assert.match(String(error), /incomplete input/);
    assert.deepEqual(results!.map(({ status }) => status), ["Success", "Error", "NotExecuted"]);
    assert.deepEqual(await tables(db), ["one"]);
  });

  test(`${place}: migrators that run at once run each migration once`, async (t) => {
    const { db } = await openKysely(t, place);
    let runs = 0;
    const migrations: Migrations = {
      a: {
        async up(db) {
          runs++;
          await db.schema.createTable("one").addColumn("id", "integer").execute();
          await new Promise(setImmediate);
        },
      },
    };
    const outcomes = await Promise.all(
      [1, 2, 3].map(() => migrator(db, migrations).migrateToLatest()),
    );
    assert.deepEqual(outcomes.map(({ error }) => error), [undefined, undefined, undefined]);
    assert.equal(runs, 1);
  });

  test(`${place}: a migration has transactions of its own, and its PRAGMA settings`, async (t) => {
    const { db } = await openKysely(t, place);
    await db.insertInto("person").values({ id: 1, name: "Ada" }).execute();
    await db.insertInto("pet").values({ name: "Rex", owner_id: 1 }).execute();
    const { error } = await migrator(db, {
      a: {
        // The way that SQLite's documents give to change a table that others refer to.
        async up(db) {
          await sql`pragma foreign_keys = off`.execute(db);
          await db.transaction().execute(async (trx) => {
            await sql`create table person2 (id integer primary key, name text)`.execute(trx);
            await sql`insert into person2 select id, name from person`.execute(trx);
            await sql`drop table person`.execute(trx);
            await sql`alter table person2 rename to person`.execute(trx);
          });
          await sql`pragma foreign_keys = on`.execute(db);
        },
      },
    }).migrateToLatest();
    assert.equal(error, undefined);
    assert.equal((await db.selectFrom("pet").selectAll().execute()).length, 1);
  });
}
