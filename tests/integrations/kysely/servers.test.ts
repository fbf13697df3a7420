/** The dialect over a libSQL server. */

import assert from "node:assert/strict";
import { after, test, type TestContext } from "node:test";

import { type Generated, Kysely, sql } from "kysely";
import { Migrator } from "kysely/migration";

import { SqlitePoolDialect } from "../../../integrations/kysely/dialect.ts";
import { skipFor } from "../../helpers/skip_reasons.ts";
import { SharedServer } from "../../remote/helpers/databases.ts";
import { noServers } from "../../remote/helpers/sqld.ts";

interface Tables {
  person: { id: Generated<number>; name: string };
}

const shared = new SharedServer();
after(() => shared.remove());

function onServer(name: string, run: (db: Kysely<Tables>) => Promise<void>): void {
  const title = `a server: ${name}`;
  test(title, skipFor(title, noServers), async (t: TestContext) => {
    const db = new Kysely<Tables>({
      dialect: new SqlitePoolDialect({ database: await shared.open(t) }),
    });
    await db.schema.createTable("person")
      .addColumn("id", "integer", (column) => column.primaryKey())
      .addColumn("name", "text", (column) => column.notNull().unique())
      .execute();
    await run(db);
  });
}

const names = async (db: Kysely<Tables>): Promise<string[]> =>
  (await db.selectFrom("person").select("name").orderBy("name").execute()).map(({ name }) => name);

onServer("queries, streams and introspection", async (db) => {
  const { insertId } = await db.insertInto("person").values({ name: "Ada" })
    .executeTakeFirstOrThrow();
  assert.equal(insertId, 1n);
  await assert.rejects(db.insertInto("person").values({ name: "Ada" }).execute(), {
    code: "SQLITE_CONSTRAINT",
  });
  const seen: string[] = [];
  for await (const { name } of db.selectFrom("person").select("name").stream()) seen.push(name);
  assert.deepEqual(seen, ["Ada"]);
  assert.deepEqual((await db.introspection.getTables()).map(({ name }) => name), ["person"]);
});

onServer("transactions and savepoints", async (db) => {
  await db.transaction().execute((trx) =>
    trx.insertInto("person").values({ name: "Ada" }).execute()
  );
  const trx = await db.startTransaction().execute();
  await trx.insertInto("person").values({ name: "Bob" }).execute();
  const saved = await trx.savepoint("saved").execute();
  await saved.insertInto("person").values({ name: "Cleo" }).execute();
  await saved.rollbackToSavepoint("saved").execute();
  await trx.commit().execute();
  await db.transaction().execute(async (trx) => {
    await trx.insertInto("person").values({ name: "Dora" }).execute();
    throw new Error("no");
  }).catch(() => {});
  assert.deepEqual(await names(db), ["Ada", "Bob"]);
});

onServer("migrations", async (db) => {
  const migrator = new Migrator({
    db,
    provider: {
      getMigrations: () =>
        Promise.resolve({
          a: {
            up: (db) => db.schema.createTable("pet").addColumn("id", "integer").execute(),
            down: (db) => db.schema.dropTable("pet").execute(),
          },
        }),
    },
  });
  assert.deepEqual((await migrator.migrateToLatest()).results?.length, 1);
  assert.deepEqual((await migrator.migrateToLatest()).results?.length, 0);
  assert.equal((await migrator.migrateDown()).error, undefined);
  assert.equal((await db.introspection.getTables()).length, 1);
});

onServer("a connection of one's own keeps its settings, and nobody else gets them", async (db) => {
  await db.connection().execute(async (conn) => {
    await sql`pragma foreign_keys = off`.execute(conn);
    await conn.insertInto("person").values({ name: "Ada" }).execute();
    const { rows } = await sql`pragma foreign_keys`.execute(conn);
    assert.deepEqual(rows, [{ foreign_keys: 0 }]);
  });
  assert.deepEqual((await sql`pragma foreign_keys`.execute(db)).rows, [{ foreign_keys: 1 }]);
  assert.deepEqual(await names(db), ["Ada"]);
});
