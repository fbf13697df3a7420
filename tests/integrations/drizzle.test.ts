/** Drizzle over databases and pools. */

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import {
  and,
  asc,
  count,
  desc,
  DrizzleQueryError,
  eq,
  gt,
  inArray,
  isNull,
  like,
  type Logger,
  max,
  or,
  relations,
  sql,
  TransactionRollbackError,
} from "drizzle-orm";
import { Cache, type MutationOption } from "drizzle-orm/cache/core";
import {
  alias,
  blob,
  integer,
  numeric,
  primaryKey,
  real,
  sqliteTable,
  sqliteView,
  text,
  union,
} from "drizzle-orm/sqlite-core";

import { drizzle, migrate, type SqlitePoolDatabase } from "../../integrations/drizzle/driver.ts";
import { type SQLiteError, SQLitePoolError, type SQLiteValue } from "../../mod.ts";
import { openTestDatabase } from "../helpers/databases.ts";
import { openTestPool } from "../helpers/pools.ts";
import { onNewestNode, temporaryDirectory } from "../helpers/runtime.ts";
import { skipFor } from "../helpers/skip_reasons.ts";

const users = sqliteTable("users", {
  id: integer().primaryKey(),
  name: text().notNull().unique(),
  age: integer(),
  score: real(),
  isAdmin: integer("is_admin", { mode: "boolean" }).notNull().default(false),
  tags: text({ mode: "json" }).$type<string[]>(),
  createdAt: integer("created_at", { mode: "timestamp_ms" }),
  avatar: blob({ mode: "buffer" }),
  big: blob({ mode: "bigint" }),
  price: numeric({ mode: "number" }),
});
const posts = sqliteTable("posts", {
  id: integer().primaryKey(),
  userId: integer("user_id").notNull().references(() => users.id),
  title: text().notNull(),
});
const groups = sqliteTable("groups", { id: integer().primaryKey(), name: text().notNull() });
const members = sqliteTable("members", {
  userId: integer("user_id").notNull().references(() => users.id),
  groupId: integer("group_id").notNull().references(() => groups.id),
}, (table) => [primaryKey({ columns: [table.userId, table.groupId] })]);
const adults = sqliteView("adults").as((query) =>
  query.select().from(users).where(gt(users.age, 17))
);

const userRelations = relations(
  users,
  ({ many }) => ({ posts: many(posts), members: many(members) }),
);
const postRelations = relations(posts, ({ one }) => ({
  author: one(users, { fields: [posts.userId], references: [users.id] }),
}));
const memberRelations = relations(members, ({ one }) => ({
  user: one(users, { fields: [members.userId], references: [users.id] }),
  group: one(groups, { fields: [members.groupId], references: [groups.id] }),
}));
const schema = { users, posts, groups, members, userRelations, postRelations, memberRelations };

const SCHEMA = `
  CREATE TABLE users (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, age INTEGER, score REAL,
    is_admin INTEGER NOT NULL DEFAULT 0, tags TEXT, created_at INTEGER, avatar BLOB, big BLOB,
    price NUMERIC
  );
  CREATE TABLE posts (
    id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users, title TEXT NOT NULL
  );
  CREATE TABLE groups (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
  CREATE TABLE members (
    user_id INTEGER NOT NULL REFERENCES users, group_id INTEGER NOT NULL REFERENCES groups,
    PRIMARY KEY (user_id, group_id)
  );
  CREATE VIEW adults AS SELECT * FROM users WHERE age > 17;
`;

type Db = SqlitePoolDatabase<typeof schema>;
type Over = "a database" | "a database in threads" | "a pool";

async function open(t: TestContext, over: Over, config: object = {}): Promise<Db> {
  if (over === "a pool") {
    const { pool } = openTestPool(t, { onConnect: (raw) => raw.run("PRAGMA foreign_keys = ON") });
    await pool.withConnection((connection) => connection.executeScript(SCHEMA));
    return drizzle(pool, { schema, ...config });
  }
  const execution = over === "a database" ? "inline" : "worker";
  const { db } = await openTestDatabase(t, { execution, readers: 2 });
  await db.executeScript(SCHEMA);
  return drizzle(db, { schema, ...config });
}

const addThree = (db: Pick<Db, "insert">): Promise<unknown> =>
  db.insert(users).values([
    { name: "Alice", age: 30, isAdmin: true },
    { name: "Bob", age: 10 },
    { name: "Carol", age: 20 },
  ]);
const namesOf = async (db: Pick<Db, "select">): Promise<string[]> =>
  (await db.select({ name: users.name }).from(users).orderBy(asc(users.id))).map(({ name }) =>
    name
  );

type Check = (db: Db, t: TestContext) => Promise<void>;

/** What holds wherever Drizzle runs. */
const everywhere: Readonly<Record<string, Check>> = {
  "insert, and what it wrote": async (db) => {
    const result = await db.insert(users).values({ name: "Alice" });
    assert.equal(result.rowsAffected, 1);
    assert.equal(result.lastInsertRowid, 1);
  },
  "insert with returning, of all columns and of some": async (db) => {
    const [all] = await db.insert(users).values({ name: "Alice", age: 3 }).returning();
    assert.equal(all.name, "Alice");
    assert.equal(all.isAdmin, false);
    const some = await db.insert(users).values({ name: "Bob" }).returning({ key: users.id });
    assert.deepEqual(some, [{ key: 2 }]);
  },
  "every column type comes back as it was": async (db) => {
    const row = {
      name: "Zoë",
      age: 41,
      score: 0.25,
      isAdmin: true,
      tags: ["a", "b"],
      createdAt: new Date("2026-01-02T03:04:05.678Z"),
      big: 2n ** 70n,
      price: 12.5,
    };
    await db.insert(users).values(row);
    const [found] = await db.select().from(users);
    assert.deepEqual({ ...found }, { id: 1, avatar: null, ...row });
  },
  "bytes come back as they were": async (db) => {
    const avatar = Buffer.from([0, 1, 250, 255]);
    await db.insert(users).values({ name: "Alice", avatar });
    const [found] = await db.select({ avatar: users.avatar }).from(users);
    assert.deepEqual([...found.avatar!], [...avatar]);
  },
  "an upsert": async (db) => {
    await db.insert(users).values({ id: 1, name: "Alice", age: 1 });
    await db.insert(users).values({ id: 1, name: "Alice", age: 2 })
      .onConflictDoUpdate({ target: users.id, set: { age: sql`excluded.age` } });
    await db.insert(users).values({ id: 1, name: "Nobody" }).onConflictDoNothing();
    assert.deepEqual(await db.select({ age: users.age }).from(users), [{ age: 2 }]);
  },
  "get reads no further than to the first row": async (db) => {
    const smallest = -(2n ** 63n);
    await db.run(sql`INSERT INTO users (id, name) VALUES (1, 'Alice'), (2, ${smallest})`);
    // Of the second row there is no absolute value.
    const query = db.select({ size: sql<number>`abs(CAST(${users.name} AS INTEGER))` }).from(users)
      .orderBy(users.id);
    assert.deepEqual(await query.get(), { size: 0 });
    await assert.rejects(async () => await query.all(), /Failed query/);
  },
  "update and delete, with returning": async (db) => {
    await addThree(db);
    const older = await db.update(users).set({ age: sql`${users.age} + 1` })
      .where(eq(users.name, "Bob")).returning({ age: users.age });
    assert.deepEqual(older, [{ age: 11 }]);
    const gone = await db.delete(users).where(gt(users.age, 25)).returning({ name: users.name });
    assert.deepEqual(gone, [{ name: "Alice" }]);
    assert.equal((await db.delete(users)).rowsAffected, 2);
  },
  "where, order, limit and offset": async (db) => {
    await addThree(db);
    const found = await db.select({ name: users.name }).from(users)
      .where(or(like(users.name, "%o%"), and(isNull(users.score), inArray(users.age, [30]))))
      .orderBy(desc(users.age)).limit(2).offset(1);
    assert.deepEqual(found, [{ name: "Carol" }, { name: "Bob" }]);
  },
  "aggregates and $count": async (db) => {
    await addThree(db);
    const [facts] = await db.select({ n: count(), oldest: max(users.age) }).from(users);
    assert.deepEqual(facts, { n: 3, oldest: 30 });
    assert.equal(await db.$count(users, gt(users.age, 15)), 2);
  },
  "joins, inner and left": async (db) => {
    await addThree(db);
    await db.insert(posts).values({ userId: 1, title: "Hello" });
    const inner = await db.select().from(users).innerJoin(posts, eq(posts.userId, users.id));
    assert.deepEqual(inner.map((row) => [row.users.name, row.posts.title]), [["Alice", "Hello"]]);
    const left = await db.select({ name: users.name, post: posts }).from(users)
      .leftJoin(posts, eq(posts.userId, users.id)).orderBy(users.id);
    assert.deepEqual(left.map(({ post }) => post?.title), ["Hello", undefined, undefined]);
    assert.equal(left[1].post, null);
  },
  "a table joined with itself": async (db) => {
    await addThree(db);
    const other = alias(users, "other");
    const pairs = await db.select({ a: users.name, b: other.name }).from(users)
      .innerJoin(other, gt(other.age, users.age)).orderBy(users.name, other.name);
    assert.deepEqual(pairs.map(({ a, b }) => a + b), ["BobAlice", "BobCarol", "CarolAlice"]);
  },
  "a CTE, a subquery and a union": async (db) => {
    await addThree(db);
    const old = db.$with("old").as(
      db.select({ name: users.name }).from(users).where(gt(users.age, 15)),
    );
    assert.equal((await db.with(old).select().from(old)).length, 2);
    const inner = db.select({ age: users.age }).from(users).as("inner");
    assert.deepEqual(await db.select({ n: count() }).from(inner), [{ n: 3 }]);
    const both = await union(
      db.select({ name: users.name }).from(users).where(eq(users.id, 1)),
      db.select({ name: users.name }).from(users).where(eq(users.id, 2)),
    ).orderBy(sql`1`);
    assert.deepEqual(both, [{ name: "Alice" }, { name: "Bob" }]);
  },
  "a view": async (db) => {
    await addThree(db);
    assert.deepEqual((await db.select().from(adults)).map(({ name }) => name), ["Alice", "Carol"]);
  },
  "insert from select": async (db) => {
    await addThree(db);
    await db.insert(groups).select(db.select({ id: users.id, name: users.name }).from(users));
    assert.equal(await db.$count(groups), 3);
  },
  "relational queries, nested and filtered": async (db) => {
    await addThree(db);
    await db.insert(posts).values([{ userId: 1, title: "a" }, { userId: 1, title: "b" }]);
    const found = await db.query.users.findMany({
      columns: { name: true },
      with: { posts: { columns: { title: true }, orderBy: desc(posts.id), limit: 1 } },
      orderBy: asc(users.id),
    });
    assert.deepEqual(found, [
      { name: "Alice", posts: [{ title: "b" }] },
      { name: "Bob", posts: [] },
      { name: "Carol", posts: [] },
    ]);
    const post = await db.query.posts.findFirst({
      with: { author: true },
      where: eq(posts.title, "a"),
    });
    assert.equal(post?.author.name, "Alice");
    assert.equal(post?.author.isAdmin, true);
  },
  "relations through a table between": async (db) => {
    await addThree(db);
    await db.insert(groups).values({ name: "staff" });
    await db.insert(members).values([{ userId: 1, groupId: 1 }, { userId: 3, groupId: 1 }]);
    const found = await db.query.users.findMany({
      columns: { name: true },
      with: { members: { columns: {}, with: { group: { columns: { name: true } } } } },
    });
    assert.deepEqual(found[0], { name: "Alice", members: [{ group: { name: "staff" } }] });
    assert.deepEqual(found[1], { name: "Bob", members: [] });
  },
  "findFirst without a row is undefined": async (db) => {
    assert.equal(await db.query.users.findFirst(), undefined);
    assert.equal(await db.select().from(users).get(), undefined);
  },
  "get, all, values and run of a builder": async (db) => {
    await addThree(db);
    const query = db.select({ id: users.id, name: users.name }).from(users).orderBy(users.id);
    assert.deepEqual(await query.get(), { id: 1, name: "Alice" });
    assert.equal((await query.all()).length, 3);
    assert.deepEqual((await query.values())[1], [2, "Bob"]);
    assert.equal((await query.run()).rows.length, 3);
  },
  "SQL of one's own: run, all, get and values": async (db) => {
    await db.run(sql`INSERT INTO users (name, age) VALUES (${"Alice"}, ${30})`);
    assert.deepEqual(await db.all(sql`SELECT name, age FROM users`), [{ name: "Alice", age: 30 }]);
    assert.deepEqual(await db.get(sql`SELECT name FROM users`), { name: "Alice" });
    assert.deepEqual(await db.values(sql`SELECT name, age FROM users`), [["Alice", 30]]);
    assert.equal(await db.get(sql`SELECT name FROM users WHERE age > ${99}`), undefined);
  },
  "a prepared query runs many times": async (db) => {
    await addThree(db);
    const byName = db.select({ age: users.age }).from(users)
      .where(eq(users.name, sql.placeholder("name"))).prepare();
    const ages = await Promise.all(["Bob", "Alice"].map((name) => byName.get({ name })));
    assert.deepEqual(ages, [{ age: 10 }, { age: 30 }]);
    const insert = db.insert(groups).values({ name: sql.placeholder("name") }).prepare();
    for (const name of ["x", "y"]) await insert.run({ name });
    assert.equal(await db.$count(groups), 2);
  },
  "a transaction commits": async (db) => {
    const result = await db.transaction(async (tx) => {
      await addThree(tx);
      const [{ n }] = await tx.select({ n: count() }).from(users);
      return n;
    });
    assert.equal(result, 3);
    assert.deepEqual(await namesOf(db), ["Alice", "Bob", "Carol"]);
  },
  "a transaction that throws leaves nothing": async (db) => {
    const mistake = new Error("no");
    await assert.rejects(
      db.transaction(async (tx) => {
        await addThree(tx);
        throw mistake;
      }),
      (error) => error === mistake,
    );
    assert.deepEqual(await namesOf(db), []);
  },
  "tx.rollback() leaves nothing": async (db) => {
    const rolledBack = db.transaction(async (tx) => {
      await addThree(tx);
      tx.rollback();
    });
    await assert.rejects(rolledBack, TransactionRollbackError);
    assert.deepEqual(await namesOf(db), []);
  },
  "relational queries inside a transaction": async (db) => {
    await db.transaction(async (tx) => {
      await addThree(tx);
      await tx.insert(posts).values({ userId: 1, title: "a" });
      const user = await tx.query.users.findFirst({ with: { posts: true } });
      assert.equal(user?.posts[0].title, "a");
    });
  },
  "a nested transaction that fails is undone alone": async (db) => {
    await db.transaction(async (tx) => {
      await tx.insert(users).values({ name: "kept" });
      await tx.transaction(async (inner) => {
        await inner.insert(users).values({ name: "inner" });
        await inner.transaction(async (innermost) => {
          await innermost.insert(users).values({ name: "undone" });
          innermost.rollback();
        }).catch(() => {});
      });
      await tx.transaction(async (inner) => {
        await inner.insert(users).values({ name: "undone too" });
        throw new Error("no");
      }).catch(() => {});
    });
    assert.deepEqual(await namesOf(db), ["kept", "inner"]);
  },
  "two nested transactions at once do not mix": async (db) => {
    await db.transaction(async (tx) => {
      const nested = (name: string, fails: boolean): Promise<void> =>
        tx.transaction(async (inner) => {
          await inner.insert(users).values({ name });
          await inner.insert(users).values({ name: `${name}2` });
          if (fails) throw new Error("no");
        });
      const settled = await Promise.allSettled([
        nested("a", false),
        nested("b", true),
        nested("c", false),
      ]);
      assert.deepEqual(settled.map(({ status }) => status), ["fulfilled", "rejected", "fulfilled"]);
    });
    assert.deepEqual((await namesOf(db)).sort(), ["a", "a2", "c", "c2"]);
  },
  "the behavior of a transaction": async (db) => {
    for (const behavior of ["deferred", "immediate", "exclusive"] as const) {
      await db.transaction((tx) => tx.insert(users).values({ name: behavior }), { behavior });
    }
    assert.equal(await db.$count(users), 3);
  },
  "two transactions at once, one of which rolls back, beside plain writes": async (db) => {
    const work = (name: string, fails: boolean): Promise<void> =>
      db.transaction(async (tx) => {
        for (let n = 0; n < 5; n++) {
          await tx.insert(users).values({ name: `${name}${n}` });
          await Promise.resolve();
        }
        if (fails) tx.rollback();
      });
    const settled = await Promise.allSettled([
      work("kept", false),
      work("undone", true),
      db.insert(users).values({ name: "plain1" }),
      db.insert(users).values({ name: "plain2" }),
    ]);
    assert.deepEqual(settled.map(({ status }) => status), [
      "fulfilled",
      "rejected",
      "fulfilled",
      "fulfilled",
    ]);
    assert.deepEqual((await namesOf(db)).sort(), [
      ...["kept0", "kept1", "kept2", "kept3", "kept4"],
      ...["plain1", "plain2"],
    ]);
  },
  "what would wait for the transaction that it is called in is refused, with what to write": async (
    db,
  ) => {
    const refused = (work: () => PromiseLike<unknown>) =>
      assert.rejects(async () => await work(), (error: Error) => {
        const cause = error instanceof DrizzleQueryError ? error.cause : error;
        return cause instanceof SQLitePoolError && /tx\./.test(cause.message);
      });
    let later: Promise<unknown> | undefined;
    const ended = Promise.withResolvers<void>();
    await db.transaction(async (tx) => {
      await refused(() => addThree(db));
      await refused(() => db.run(sql`DELETE FROM users`));
      await refused(() => db.insert(groups).values({ name: "a" }).returning().get());
      await refused(() => db.transaction((inner) => addThree(inner)));
      await refused(() => db.batch([db.delete(users)]));
      await addThree(tx);
      // Readers do not wait.
      assert.equal(await db.$count(users), 0);
      later = ended.promise.then(() => db.insert(groups).values({ name: "later" }));
    });
    ended.resolve();
    await later;
    assert.deepEqual([await db.$count(users), await db.$count(groups)], [3, 1]);
  },
  "a batch gives each query's result": async (db) => {
    const [inserted, returned, all, values, query, raw] = await db.batch([
      db.insert(users).values({ name: "Alice", age: 30 }),
      db.insert(users).values({ name: "Bob" }).returning({ id: users.id }),
      db.select({ name: users.name, isAdmin: users.isAdmin }).from(users),
      db.all<{ n: number }>(sql`SELECT count(*) AS n FROM users`),
      db.query.users.findFirst({ columns: { age: true } }),
      db.get(sql`SELECT 7 AS seven`),
    ]);
    assert.equal(inserted.rowsAffected, 1);
    assert.deepEqual(returned, [{ id: 2 }]);
    assert.deepEqual(all, [{ name: "Alice", isAdmin: false }, { name: "Bob", isAdmin: false }]);
    assert.deepEqual(values, [{ n: 2 }]);
    assert.deepEqual(query, { age: 30 });
    assert.deepEqual(raw, { seven: 7 });
  },
  "a batch that fails leaves nothing": async (db) => {
    await assert.rejects(db.batch([
      db.insert(users).values({ name: "Alice" }),
      db.insert(users).values({ name: "Alice" }),
    ]));
    assert.deepEqual(await namesOf(db), []);
  },
  "an error has the query, and the driver's error as its cause": async (db) => {
    await db.insert(users).values({ name: "Alice" });
    await assert.rejects(
      async () => await db.insert(users).values({ name: "Alice" }),
      (error: Error) => {
        assert.match(error.message, /^Failed query: insert into "users"/);
        const cause = error.cause as SQLiteError;
        assert.equal(cause.extendedCode, "SQLITE_CONSTRAINT_UNIQUE");
        return true;
      },
    );
  },
  "foreign keys hold": async (db) => {
    await assert.rejects(
      async () => await db.insert(posts).values({ userId: 99, title: "orphan" }),
      (error: Error) =>
        (error.cause as SQLiteError).extendedCode === "SQLITE_CONSTRAINT_FOREIGNKEY",
    );
  },
  "a thousand requests at once, of which a tenth write": async (db) => {
    await addThree(db);
    const done = await Promise.all(Array.from({ length: 1_000 }, async (_, n) => {
      if (n % 10 === 0) return (await db.insert(groups).values({ name: `g${n}` })).rowsAffected;
      return (await db.select().from(users).where(eq(users.id, 1 + n % 3))).length;
    }));
    assert.ok(done.every((n) => n === 1));
    assert.equal(await db.$count(groups), 100);
  },
};

// Threads differ between runtimes in what tests of their own try.
const elsewhere = onNewestNode ? undefined : "Drizzle over threads is tried on Node 26";

for (const over of ["a database", "a database in threads", "a pool"] as const) {
  for (const [name, check] of Object.entries(everywhere)) {
    const title = `${name} (${over})`;
    const skip = skipFor(title, over === "a database in threads" ? elsewhere : undefined);
    test(title, skip, async (t) => await check(await open(t, over), t));
  }
}

test("$client streams what a query selects, and writes go on meanwhile", async (t) => {
  const { db: database } = await openTestDatabase(t, { readers: 2 });
  await database.executeScript(SCHEMA);
  const db = drizzle(database, { schema });
  const rows = 20_000;
  await db.run(sql`INSERT INTO groups WITH RECURSIVE n(i) AS (
    SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT ${rows}
  ) SELECT i, 'group ' || i FROM n`);
  const { sql: text, params } = db.select().from(groups).where(gt(groups.id, 0)).toSQL();
  let seen = 0;
  for await (const row of db.$client.iterate<{ id: number }>(text, params as SQLiteValue[])) {
    assert.equal(row.id, ++seen);
    if (seen === 10) await addThree(db);
  }
  assert.deepEqual([seen, await db.$count(users)], [rows, 3]);
});

test("the logger sees every query with its parameters", async (t) => {
  const seen: unknown[] = [];
  const logger: Logger = { logQuery: (query, params) => seen.push([query, params]) };
  const db = await open(t, "a database", { logger });
  await db.select({ id: users.id }).from(users).where(eq(users.name, "x"));
  await db.batch([db.delete(posts)]);
  assert.deepEqual(seen, [
    ['select "id" from "users" where "users"."name" = ?', ["x"]],
    ['delete from "posts"', []],
  ]);
});

test("casing maps the names of columns", async (t) => {
  const { db } = await openTestDatabase(t);
  await db.run("CREATE TABLE logs (id INTEGER PRIMARY KEY, created_by TEXT)");
  const logs = sqliteTable("logs", { id: integer().primaryKey(), createdBy: text() });
  const d = drizzle(db, { casing: "snake_case" });
  await d.insert(logs).values({ createdBy: "me" });
  assert.deepEqual(await d.select().from(logs), [{ id: 1, createdBy: "me" }]);
});

test("$client is what it was made over, and stays the caller's", async (t) => {
  const { db } = await openTestDatabase(t);
  const d = drizzle(db);
  assert.equal(d.$client, db);
  assert.equal(await d.$client.value("SELECT 1"), 1);
});

/** A cache that remembers everything, and forgets what a write touches. */
class TestCache extends Cache {
  readonly entries: Map<string, { tables: string[]; rows: unknown[] }> = new Map();
  hits = 0;

  override strategy(): "all" {
    return "all";
  }

  override get(key: string): Promise<unknown[] | undefined> {
    const entry = this.entries.get(key);
    if (entry !== undefined) this.hits += 1;
    return Promise.resolve(entry?.rows);
  }

  override put(key: string, rows: unknown, tables: string[]): Promise<void> {
    this.entries.set(key, { tables, rows: rows as unknown[] });
    return Promise.resolve();
  }

  override onMutate({ tables = [] }: MutationOption): Promise<void> {
    const touched = new Set([tables].flat());
    for (const [key, entry] of this.entries) {
      if (entry.tables.some((table) => touched.has(table))) this.entries.delete(key);
    }
    return Promise.resolve();
  }
}

test("the cache answers reads until a write invalidates it", async (t) => {
  const cache = new TestCache();
  const db = await open(t, "a database", { cache });
  await db.insert(groups).values({ name: "a" });
  const read = (): Promise<unknown[]> => db.select().from(groups).then((rows) => rows);
  assert.deepEqual(await read(), [{ id: 1, name: "a" }]);
  assert.deepEqual(await read(), [{ id: 1, name: "a" }]);
  assert.equal(cache.hits, 1);
  await db.insert(groups).values({ name: "b" });
  assert.equal((await read()).length, 2);
  assert.equal(cache.hits, 1);
});

/** A folder as drizzle-kit writes it. */
function writeMigrations(
  t: TestContext,
  migrations: readonly (readonly [string, string])[],
): string {
  const folder = temporaryDirectory(t);
  mkdirSync(join(folder, "meta"));
  const entries = migrations.map(([tag], idx) => ({
    idx,
    version: "6",
    when: 1_000 + idx,
    tag,
    breakpoints: true,
  }));
  writeFileSync(
    join(folder, "meta", "_journal.json"),
    JSON.stringify({ version: "7", dialect: "sqlite", entries }),
  );
  for (const [tag, text] of migrations) writeFileSync(join(folder, `${tag}.sql`), text);
  return folder;
}

const FIRST = [
  "0000_first",
  "CREATE TABLE a (n);\n--> statement-breakpoint\nINSERT INTO a VALUES (1);",
] as const;
const SECOND = ["0001_second", "ALTER TABLE a ADD COLUMN m;"] as const;
const BROKEN = [
  "0002_broken",
  "INSERT INTO a (n) VALUES (2);\n--> statement-breakpoint\nINSERT INTO nowhere VALUES (1);",
] as const;

for (const over of ["a database", "a database in threads", "a pool"] as const) {
  test(`migrations run once, in their order (${over})`, async (t) => {
    const db = await open(t, over);
    await migrate(db, { migrationsFolder: writeMigrations(t, [FIRST]) });
    const migrationsFolder = writeMigrations(t, [FIRST, SECOND]);
    await migrate(db, { migrationsFolder });
    await migrate(db, { migrationsFolder });
    assert.deepEqual(await db.all(sql`SELECT * FROM a`), [{ n: 1, m: null }]);
    assert.deepEqual(await db.values(sql`SELECT created_at FROM __drizzle_migrations`), [[1_000], [
      1_001,
    ]]);
  });

  test(`migrations that fail leave nothing, and foreign keys hold afterwards (${over})`, async (t) => {
    const db = await open(t, over);
    const migrationsFolder = writeMigrations(t, [FIRST, SECOND, BROKEN]);
    await assert.rejects(migrate(db, { migrationsFolder, migrationsTable: "done" }), /nowhere/);
    assert.equal(await db.$count(sql`sqlite_schema WHERE name IN ('a', 'done')`), 0);
    await assert.rejects(async () =>
      await db.insert(posts).values({ userId: 99, title: "orphan" })
    );
  });
}

test("migrations at the same time run once", async (t) => {
  const db = await open(t, "a database");
  const migrationsFolder = writeMigrations(t, [FIRST, SECOND]);
  await Promise.all([1, 2, 3].map(() => migrate(db, { migrationsFolder })));
  assert.deepEqual(await db.values(sql`SELECT count(*) FROM a`), [[1]]);
});

test("a folder without a journal is told", async (t) => {
  const db = await open(t, "a database");
  await assert.rejects(migrate(db, { migrationsFolder: temporaryDirectory(t) }), /_journal\.json/);
});

test("reads do not wait for a transaction, and see nothing of it", async (t) => {
  const db = await open(t, "a database");
  await addThree(db);
  await db.transaction(async (tx) => {
    await tx.delete(users);
    assert.equal(await db.$count(users), 3);
    assert.equal(await tx.$count(users), 0);
  });
  assert.equal(await db.$count(users), 0);
});

test("reads that would wait for the only connection of a pool are refused", async (t) => {
  const { pool } = openTestPool(t, { poolSize: 1 });
  const db = drizzle(pool);
  const refused = async (): Promise<void> =>
    await assert.rejects(
      async () => await db.get(sql`SELECT 1`),
      (error: Error) => error.cause instanceof SQLitePoolError,
    );
  await db.transaction(refused);
  await db.transaction(refused, { behavior: "deferred" });
  assert.deepEqual(await db.get(sql`SELECT 1 AS one`), { one: 1 });
});
