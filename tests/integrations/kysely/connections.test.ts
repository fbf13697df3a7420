/** What happens on one connection, what on any, and what is refused. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";

import { Kysely, sql } from "kysely";

import { SqlitePoolDialect } from "../../../integrations/kysely/dialect.ts";
import {
  type Database,
  openDatabase,
  PoolClosedError,
  SQLiteConnectionPool,
  SQLitePoolError,
} from "../../../mod.ts";
import { nativeDriver } from "../../helpers/drivers.ts";
import { temporaryDirectory } from "../../helpers/runtime.ts";
import { addPeople, names, openKysely, places, type Tables } from "./helpers.ts";

const foreignKeys = async (db: Kysely<Tables>): Promise<number> => {
  const { rows } = await sql<{ foreign_keys: number }>`pragma foreign_keys`.execute(db);
  return rows[0].foreign_keys;
};

for (const place of places) {
  test(`${place}: connection() keeps one connection for what it writes`, async (t) => {
    const { db } = await openKysely(t, place);
    await db.connection().execute(async (conn) => {
      await conn.insertInto("person").values([{ name: "Ada" }, { name: "Bob" }]).execute();
      const { rows } = await sql`select last_insert_rowid() as id, changes() as n`.execute(conn);
      assert.deepEqual(rows, [{ id: 2, n: 2 }]);
    });
  });

  test(`${place}: temporary tables work inside connection()`, async (t) => {
    const { db } = await openKysely(t, place);
    await db.connection().execute(async (conn) => {
      await conn.schema.createTable("scratch").temporary().addColumn("n", "integer").execute();
      await sql`insert into scratch values (1)`.execute(conn);
      assert.deepEqual((await sql`select n from scratch`.execute(conn)).rows, [{ n: 1 }]);
    });
  });

  test(`${place}: a PRAGMA holds inside connection()`, async (t) => {
    const { db } = await openKysely(t, place);
    await db.connection().execute(async (conn) => {
      await sql`pragma foreign_keys = off`.execute(conn);
      assert.equal(await foreignKeys(conn), 0);
      await conn.insertInto("pet").values({ name: "Rex", owner_id: 7 }).execute();
    });
  });

  test(`${place}: BEGIN and COMMIT as SQL text work inside connection()`, async (t) => {
    const { db } = await openKysely(t, place);
    await db.connection().execute(async (conn) => {
      await sql`begin`.execute(conn);
      await addPeople(conn);
      await sql`rollback`.execute(conn);
      await sql`begin`.execute(conn);
      await conn.insertInto("person").values({ name: "Dora" }).execute();
      await sql`commit`.execute(conn);
    });
    assert.deepEqual(await names(db), ["Dora"]);
  });

  test(`${place}: BEGIN as SQL text outside connection() is refused`, async (t) => {
    const { db } = await openKysely(t, place);
    await assert.rejects(sql`begin`.execute(db), (error) => {
      assert.ok(error instanceof SQLitePoolError);
      assert.match(error.message, /db\.transaction\(\)/);
      return true;
    });
    await addPeople(db);
    assert.equal((await names(db)).length, 3);
  });

  test(`${place}: what connection() leaves open is rolled back, and hides no error`, async (t) => {
    const { db } = await openKysely(t, place);
    const error = new Error("no");
    const attempt = db.connection().execute(async (conn) => {
      await sql`begin`.execute(conn);
      await addPeople(conn);
      throw error;
    });
    await assert.rejects(attempt, (thrown) => thrown === error);
    assert.deepEqual(await names(db), []);
  });

  test(`${place}: a transaction inside connection() runs on its connection`, async (t) => {
    const { db } = await openKysely(t, place);
    await db.connection().execute(async (conn) => {
      await sql`create temporary table scratch (n)`.execute(conn);
      await conn.transaction().execute(async (trx) => {
        await sql`insert into scratch values (1)`.execute(trx);
      });
      await conn.transaction().execute(async (trx) => {
        await sql`insert into scratch values (2)`.execute(trx);
        throw new Error("no");
      }).catch(() => {});
      assert.deepEqual((await sql`select n from scratch`.execute(conn)).rows, [{ n: 1 }]);
    });
  });

  test(`${place}: destroy() closes what is under it, and later calls are refused`, async (t) => {
    const { db, database, pool } = await openKysely(t, place);
    await db.destroy();
    assert.equal((database ?? pool)!.closed, true);
    await assert.rejects(names(db), /destroyed/);
  });

  test(`${place}: one that was closed elsewhere says so`, async (t) => {
    const { db, database, pool } = await openKysely(t, place);
    await (database ?? pool)!.close();
    await assert.rejects(names(db), PoolClosedError);
    await assert.rejects(addPeople(db), PoolClosedError);
  });

  test(`${place}: introspection has tables, views and columns`, async (t) => {
    const { db } = await openKysely(t, place);
    await db.schema.createView("adult").as(
      db.selectFrom("person").select("name").where("age", ">", 17),
    ).execute();
    const tables = await db.introspection.getTables();
    assert.deepEqual(tables.map(({ name, isView }) => [name, isView]), [
      ["account", false],
      ["adult", true],
      ["person", false],
      ["pet", false],
    ]);
    const { columns } = tables.find(({ name }) => name === "person")!;
    const [id, name] = columns;
    assert.deepEqual(columns.map((column) => column.name), ["id", "name", "age", "photo"]);
    assert.deepEqual([id.isAutoIncrementing, id.dataType.toLowerCase()], [true, "integer"]);
    assert.deepEqual([name.isNullable, name.dataType.toLowerCase()], [false, "text"]);
    assert.deepEqual(await db.introspection.getSchemas(), []);
  });

  test(`${place}: the schema changes, and every connection notices`, async (t) => {
    const { db } = await openKysely(t, place);
    await addPeople(db);
    await Promise.all(Array.from({ length: 8 }, () => names(db)));
    await db.schema.alterTable("person").addColumn("email", "text", (c) => c.defaultTo("none"))
      .execute();
    await db.schema.createIndex("by_email").on("person").column("email").execute();
    const reads = await Promise.all(
      Array.from({ length: 8 }, () => sql`select * from person where id = 1`.execute(db)),
    );
    for (const { rows: [row] } of reads) {
      assert.equal((row as Record<string, unknown>).email, "none");
    }
    await db.schema.dropIndex("by_email").execute();
    await db.schema.alterTable("person").dropColumn("email").execute();
    await db.schema.dropTable("pet").execute();
    await assert.rejects(db.selectFrom("pet").selectAll().execute(), /no such table: pet/);
  });
}

test("a file: selects inside connection() leave the writer to others", async (t) => {
  const { db, database } = await openKysely(t);
  await db.connection().execute(async (conn) => {
    await names(conn);
    assert.equal(database!.stats.writer!.inUse, 0);
    await addPeople(db);
    assert.equal((await names(conn)).length, 3);
  });
});

test("a file: a PRAGMA is undone after connection()", async (t) => {
  const { db } = await openKysely(t);
  await db.connection().execute((conn) => sql`pragma foreign_keys = off`.execute(conn));
  await db.connection().execute(async (conn) => {
    await sql`create temporary table makes_it_take_the_writer (n)`.execute(conn);
    assert.equal(await foreignKeys(conn), 1);
  });
});

test("a file: plain writes of many callers share commits", async (t) => {
  const { db, database } = await openKysely(t);
  const before = database!.stats.writer!.acquired;
  await Promise.all(
    Array.from(
      { length: 100 },
      (_, n) => db.insertInto("account").values({ id: n, balance: n }).execute(),
    ),
  );
  const taken = database!.stats.writer!.acquired - before;
  assert.ok(taken < 20, `the writer was taken ${taken} times for 100 writes`);
});

test("a file: reads run on readers", async (t) => {
  const { db, database } = await openKysely(t);
  const before = database!.stats.writer!.acquired;
  await Promise.all(Array.from({ length: 20 }, () => names(db)));
  await sql`select 1`.execute(db);
  await sql`explain query plan select 1`.execute(db);
  await sql`pragma table_info(person)`.execute(db);
  assert.equal(database!.stats.writer!.acquired, before);
});

test("a database that is opened by a function is opened with the first query, and once", async (t) => {
  const path = join(temporaryDirectory(t), "late.db");
  let opened = 0;
  const db = new Kysely<Tables>({
    dialect: new SqlitePoolDialect({
      database: () => {
        opened++;
        return openDatabase(path);
      },
    }),
  });
  assert.equal(opened, 0);
  await Promise.all([sql`select 1`.execute(db), sql`select 2`.execute(db)]);
  assert.equal(opened, 1);
  await db.destroy();
});

test("a database that could not be opened is opened by a later query", async (t) => {
  const path = join(temporaryDirectory(t), "late.db");
  let opened = 0;
  const db = new Kysely<Tables>({
    dialect: new SqlitePoolDialect({
      database: () => {
        if (opened++ === 0) throw new Error("not yet");
        return openDatabase(path);
      },
    }),
  });
  await assert.rejects(sql`select 1`.execute(db), /not yet/);
  assert.equal((await sql`select 1 as one`.execute(db)).rows.length, 1);
  await db.destroy();
});

test("a read-only database reads, and refuses to write", async (t) => {
  const path = join(temporaryDirectory(t), "read.db");
  const made = await openDatabase(path);
  await made.run("CREATE TABLE account (id INTEGER PRIMARY KEY, balance INTEGER)");
  await made.close();
  const db = new Kysely<Tables>({
    dialect: new SqlitePoolDialect({ database: () => openDatabase(path, { readonly: true }) }),
  });
  assert.deepEqual(await db.selectFrom("account").selectAll().execute(), []);
  assert.equal((await db.introspection.getTables()).length, 1);
  assert.equal((await sql`pragma table_info(account)`.execute(db)).rows.length, 2);
  const refused = { code: "SQLITE_READONLY" };
  await assert.rejects(db.deleteFrom("account").execute(), refused);
  await assert.rejects(db.transaction().execute(() => Promise.resolve()), refused);
  await db.destroy();
});

test("every database and every pool fits, and nothing but one of them", () => {
  const memory = (): Promise<Database> => openDatabase(":memory:");
  const remote = () => openDatabase("libsql://host", {});
  const pool = () => new SQLiteConnectionPool(() => nativeDriver.open(":memory:"));
  for (const database of [memory, remote]) new SqlitePoolDialect({ database });
  new SqlitePoolDialect({ pool });
  // @ts-expect-error One of them.
  assert.throws(() => new SqlitePoolDialect({ database: memory, pool }), TypeError);
  // @ts-expect-error The option is called database.
  assert.throws(() => new SqlitePoolDialect({ db: memory }), TypeError);
});

test("what is no database and no pool is refused by name", () => {
  const make = (config: unknown) => new SqlitePoolDialect(config as { database: never });
  assert.throws(() => make({}), /either a database or a pool/);
  assert.throws(() => make(undefined), /either a database or a pool/);
  assert.throws(() => make({ database: {}, pool: {} }), /either a database or a pool/);
  assert.throws(() => make({ database: "app.db" }), /what openDatabase\(\) resolves to.*"app\.db"/);
  assert.throws(() => make({ database: openDatabase(":memory:") }), /got a Promise/);
  assert.throws(() => make({ pool: {} }), /must be a SQLiteConnectionPool/);
});
