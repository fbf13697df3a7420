/** Prisma over a pool. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { PrismaSqlitePool } from "../../integrations/prisma/adapter.ts";
import { openDatabase } from "../../mod.ts";
import { gate } from "../helpers/pools.ts";
import { onNewestNode, runtimeName, temporaryDirectory } from "../helpers/runtime.ts";
import { noServers, Sqld } from "../remote/helpers/sqld.ts";
import { skipFor } from "../helpers/skip_reasons.ts";
import {
  type Client,
  generateClient,
  type Models,
  type Row,
  TABLES,
} from "./helpers/prisma_client.ts";

const runtime = runtimeName();
const PrismaClient = await generateClient(
  runtime === "bun" || runtime === "deno" ? runtime : "nodejs",
);

interface Opened {
  readonly prisma: Client;
  readonly url: string;
}

async function open(t: TestContext, options: object = {}): Promise<Opened> {
  const url = `file:${join(temporaryDirectory(t), "test.db")}`;
  const db = await openDatabase(url);
  await db.executeScript(TABLES);
  await db.close();
  const prisma = new PrismaClient({ adapter: new PrismaSqlitePool({ url, ...options }) });
  t.after(() => prisma.$disconnect());
  return { prisma, url };
}

const addThree = ({ user }: Pick<Models, "user">): Promise<unknown> =>
  user.createMany({
    data: [
      { name: "Alice", age: 30, isAdmin: true },
      { name: "Bob", age: 10 },
      { name: "Carol", age: 20 },
    ],
  });
const namesOf = async ({ user }: Pick<Models, "user">): Promise<unknown[]> =>
  (await user.findMany({ orderBy: { id: "asc" } })).map(({ name }) => name);
const code = (expected: string) => (error: Error & { code?: string }): boolean => {
  assert.equal(error.code, expected, String(error));
  return true;
};

const checks: Readonly<Record<string, (prisma: Client) => Promise<void>>> = {
  "create gives the row back": async ({ user }) => {
    const row = await user.create({ data: { name: "Alice", age: 3 } });
    assert.equal(row.id, 1);
    assert.equal(row.isAdmin, false);
    assert.equal(row.score, null);
  },
  "every type comes back as it was": async ({ user }) => {
    const data = {
      name: "Zoë 🧑",
      age: -3,
      score: 0.25,
      big: 2n ** 62n,
      isAdmin: true,
      createdAt: new Date("2026-01-02T03:04:05.678Z"),
      extra: { a: [1, "two", null] },
    };
    await user.create({ data: { ...data, price: "12.50", avatar: new Uint8Array([0, 1, 255]) } });
    const found = await user.findFirst();
    const { price, avatar, id, ...rest } = found!;
    assert.deepEqual(rest, data);
    assert.equal(id, 1);
    assert.equal(String(price), "12.5");
    assert.deepEqual([...avatar as Uint8Array], [0, 1, 255]);
  },
  "small and negative BigInts": async ({ user }) => {
    for (const [name, big] of [["a", 0n], ["b", -1n], ["c", -(2n ** 63n)]] as const) {
      await user.create({ data: { name, big } });
      assert.equal((await user.findUnique({ where: { name } }))!.big, big);
    }
  },
  "createMany, and with the rows": async ({ user }) => {
    assert.deepEqual(await user.createMany({ data: [{ name: "a" }, { name: "b" }] }), { count: 2 });
    const rows = await user.createManyAndReturn({ data: [{ name: "c" }, { name: "d" }] });
    assert.deepEqual((rows as unknown as { name: string }[]).map(({ name }) => name), ["c", "d"]);
  },
  "findUnique, findFirst and what is not there": async (prisma) => {
    await addThree(prisma);
    assert.equal((await prisma.user.findUnique({ where: { name: "Bob" } }))!.age, 10);
    assert.equal(await prisma.user.findUnique({ where: { name: "Nobody" } }), null);
    assert.equal(await prisma.user.findFirst({ where: { age: { gt: 99 } } }), null);
    await assert.rejects(
      prisma.user.findUniqueOrThrow({ where: { name: "Nobody" } }),
      code("P2025"),
    );
  },
  "where, order, take and skip": async (prisma) => {
    await addThree(prisma);
    const found = await prisma.user.findMany({
      where: { OR: [{ name: { contains: "o" } }, { age: { in: [30] } }], NOT: { age: null } },
      orderBy: { age: "desc" },
      take: 2,
      skip: 1,
      select: { name: true },
    });
    assert.deepEqual(found, [{ name: "Carol" }, { name: "Bob" }]);
  },
  "cursors": async (prisma) => {
    await addThree(prisma);
    const page = await prisma.user.findMany({ cursor: { id: 1 }, skip: 1, take: 1 });
    assert.deepEqual(page.map(({ name }) => name), ["Bob"]);
  },
  "update, updateMany and upsert": async (prisma) => {
    await addThree(prisma);
    const bob = await prisma.user.update({
      where: { name: "Bob" },
      data: { age: { increment: 1 } },
    });
    assert.equal(bob.age, 11);
    const many = await prisma.user.updateMany({ where: { age: { lt: 25 } }, data: { score: 1 } });
    assert.deepEqual(many, { count: 2 });
    for (const score of [1, 2]) {
      const where = { name: "Dave" };
      await prisma.user.upsert({ where, create: { name: "Dave", score }, update: { score } });
    }
    assert.equal((await prisma.user.findUnique({ where: { name: "Dave" } }))!.score, 2);
  },
  "delete and deleteMany": async (prisma) => {
    await addThree(prisma);
    assert.equal((await prisma.user.delete({ where: { name: "Bob" } })).age, 10);
    assert.deepEqual(await prisma.user.deleteMany(), { count: 2 });
  },
  "relations: nested writes and includes": async ({ user }) => {
    await user.create({
      data: { name: "Alice", posts: { create: [{ title: "a" }, { title: "b" }] } },
    });
    const found = await user.findFirst({
      include: { posts: { orderBy: { id: "desc" }, take: 1, select: { title: true } } },
    });
    assert.deepEqual(found!.posts, [{ title: "b" }]);
    const counted = await user.findFirst({ select: { _count: { select: { posts: true } } } });
    assert.deepEqual(counted, { _count: { posts: 2 } });
  },
  "relations: many to many": async ({ user, post, tag }) => {
    await user.create({
      data: { name: "Alice", posts: { create: { title: "a", tags: { create: { name: "x" } } } } },
    });
    await post.update({
      where: { id: 1 },
      data: { tags: { connectOrCreate: { where: { name: "y" }, create: { name: "y" } } } },
    });
    const found = await post.findFirst({
      include: { tags: { orderBy: { name: "asc" } }, user: true },
    });
    assert.deepEqual((found!.tags as { name: string }[]).map(({ name }) => name), ["x", "y"]);
    assert.equal(
      await tag.count({ where: { posts: { some: { user: { is: { name: "Alice" } } } } } }),
      2,
    );
  },
  "filters over relations": async (prisma) => {
    await addThree(prisma);
    await prisma.post.create({ data: { title: "a", user: { connect: { name: "Bob" } } } });
    const writers = await prisma.user.findMany({ where: { posts: { some: {} } } });
    assert.deepEqual(writers.map(({ name }) => name), ["Bob"]);
  },
  "count, aggregate and groupBy": async (prisma) => {
    await addThree(prisma);
    assert.equal(await prisma.user.count({ where: { age: { gte: 20 } } }), 2);
    const facts = await prisma.user.aggregate({ _avg: { age: true }, _max: { age: true } });
    assert.deepEqual(facts, { _avg: { age: 20 }, _max: { age: 30 } });
    const groups = await prisma.user.groupBy({
      by: ["isAdmin"],
      _count: true,
      orderBy: { isAdmin: "asc" },
    });
    assert.deepEqual(groups, [{ isAdmin: false, _count: 2 }, { isAdmin: true, _count: 1 }]);
  },
  "raw queries": async (prisma) => {
    await addThree(prisma);
    const sql = "SELECT name, age, 1.5 AS half, NULL AS empty FROM User WHERE age > ? ORDER BY id";
    assert.deepEqual(await prisma.$queryRawUnsafe(sql, 15), [
      { name: "Alice", age: 30, half: 1.5, empty: null },
      { name: "Carol", age: 20, half: 1.5, empty: null },
    ]);
    assert.equal(await prisma.$executeRawUnsafe("UPDATE User SET age = ? WHERE age < ?", 0, 25), 2);
  },
  "a unique constraint": async ({ user }) => {
    await user.create({ data: { name: "Alice" } });
    await assert.rejects(user.create({ data: { name: "Alice" } }), (error: Error) => {
      code("P2002")(error);
      assert.match(error.message, /name/);
      return true;
    });
  },
  "a foreign key": async ({ user, post }) => {
    await assert.rejects(post.create({ data: { title: "a", userId: 99 } }), code("P2003"));
    await user.create({ data: { name: "Alice", posts: { create: { title: "a" } } } });
    await assert.rejects(user.delete({ where: { name: "Alice" } }), code("P2003"));
  },
  "a table and a column that are not there": async (prisma) => {
    await assert.rejects(prisma.$queryRawUnsafe("SELECT * FROM nowhere"), /nowhere/);
    await assert.rejects(prisma.$queryRawUnsafe("SELECT nothing FROM User"), /nothing/);
    await prisma.$executeRawUnsafe("DROP TABLE _PostToTag");
    await assert.rejects(
      prisma.post.findMany({ include: { tags: true }, where: { tags: { some: {} } } }),
      code("P2021"),
    );
  },
  "an update of a row that is not there": async ({ user }) => {
    await assert.rejects(user.update({ where: { id: 9 }, data: { age: 1 } }), code("P2025"));
  },
  "a list of queries is one transaction": async (prisma) => {
    const done = await prisma.$transaction([
      prisma.user.create({ data: { name: "a" } }),
      prisma.user.create({ data: { name: "b" } }),
      prisma.user.count(),
    ]);
    assert.equal(done[2], 2);
    await assert.rejects(
      prisma.$transaction([
        prisma.user.create({ data: { name: "c" } }),
        prisma.user.create({ data: { name: "a" } }),
      ]),
      code("P2002"),
    );
    assert.deepEqual(await namesOf(prisma), ["a", "b"]);
  },
  "an interactive transaction commits": async (prisma) => {
    const count = await prisma.$transaction(async (tx) => {
      await addThree(tx);
      return await tx.user.count();
    });
    assert.equal(count, 3);
    assert.equal(await prisma.user.count(), 3);
  },
  "an interactive transaction that throws leaves nothing": async (prisma) => {
    const mistake = new Error("no");
    const failing = prisma.$transaction(async (tx) => {
      await addThree(tx);
      throw mistake;
    });
    await assert.rejects(failing, (error) => error === mistake);
    assert.equal(await prisma.user.count(), 0);
  },
  "a failed statement inside a transaction can be survived": async (prisma) => {
    await prisma.$transaction(async (tx) => {
      await tx.user.create({ data: { name: "a" } });
      await tx.user.create({ data: { name: "a" } }).catch(() => {});
      await tx.user.create({ data: { name: "b" } });
    });
    assert.deepEqual(await namesOf(prisma), ["a", "b"]);
  },
  "a transaction that takes too long is rolled back, and the next one runs": async (prisma) => {
    const { opened, open: goOn } = gate();
    let next: Promise<unknown> | undefined;
    const slow = prisma.$transaction(async (tx) => {
      await tx.user.create({ data: { name: "a" } });
      next = prisma.user.create({ data: { name: "c" } }).then(goOn);
      await opened;
      await tx.user.create({ data: { name: "b" } });
    }, { timeout: 50 });
    await assert.rejects(slow, code("P2028"));
    await next;
    assert.deepEqual(await namesOf(prisma), ["c"]);
  },
  "an isolation level that SQLite has not got is refused": async (prisma) => {
    await assert.rejects(
      prisma.$transaction(async () => {}, { isolationLevel: "ReadCommitted" }),
      /READ COMMITTED/,
    );
    await prisma.$transaction(async () => {}, { isolationLevel: "Serializable" });
  },
  "two transactions at once, one of which rolls back, beside plain writes": async (prisma) => {
    const work = (name: string, fails: boolean): Promise<void> =>
      prisma.$transaction(async (tx) => {
        for (let n = 0; n < 5; n++) await tx.user.create({ data: { name: `${name}${n}` } });
        if (fails) throw new Error("no");
      });
    const settled = await Promise.allSettled([
      work("kept", false),
      work("undone", true),
      prisma.user.create({ data: { name: "plain1" } }),
      prisma.user.create({ data: { name: "plain2" } }),
    ]);
    assert.deepEqual(settled.map(({ status }) => status), [
      "fulfilled",
      "rejected",
      "fulfilled",
      "fulfilled",
    ]);
    assert.deepEqual((await namesOf(prisma)).sort(), [
      ...["kept0", "kept1", "kept2", "kept3", "kept4"],
      ...["plain1", "plain2"],
    ]);
  },
  "reads do not wait for a transaction, and see nothing of it": async (prisma) => {
    await prisma.$transaction(async (tx) => {
      await addThree(tx);
      assert.equal(await prisma.user.count(), 0);
    });
    assert.equal(await prisma.user.count(), 3);
  },
  "a thousand requests at once, of which a tenth write": async (prisma) => {
    await addThree(prisma);
    const done = await Promise.all(Array.from({ length: 1_000 }, async (_, n) => {
      if (n % 10 === 0) return (await prisma.tag.create({ data: { name: `t${n}` } })).name;
      return (await prisma.user.findUnique({ where: { id: 1 + n % 3 } }))!.name;
    }));
    assert.ok(done.every((name) => typeof name === "string"));
    assert.equal(await prisma.tag.count(), 100);
  },
  "twenty transactions at once that count up lose nothing": async (prisma) => {
    await prisma.user.create({ data: { name: "a", age: 0 } });
    await Promise.all(Array.from({ length: 20 }, () =>
      prisma.$transaction(async (tx) => {
        const { age } = await tx.user.findUniqueOrThrow({ where: { name: "a" } });
        await tx.user.update({ where: { name: "a" }, data: { age: Number(age) + 1 } });
      }, { maxWait: 60_000, timeout: 60_000 })));
    assert.equal((await prisma.user.findFirst())!.age, 20);
  },
  "a transaction in a transaction is undone alone": async (prisma) => {
    await prisma.$transaction(async (tx) => {
      await tx.$executeRawUnsafe("SAVEPOINT attempt");
      await tx.user.create({ data: { name: "a" } });
      await tx.$executeRawUnsafe("ROLLBACK TO attempt");
      await tx.$executeRawUnsafe("RELEASE attempt");
      await tx.user.create({ data: { name: "b" } });
    });
    assert.deepEqual(await namesOf(prisma), ["b"]);
  },
  "BEGIN as SQL text is refused": async (prisma) => {
    await assert.rejects(prisma.$executeRawUnsafe("BEGIN"), /BEGIN/);
    assert.equal(await prisma.user.count(), 0);
  },
  "a table that raw SQL makes is there for the next query": async (prisma) => {
    await prisma.$executeRawUnsafe("CREATE TABLE extra (id INTEGER PRIMARY KEY, at DATETIME)");
    await prisma.$executeRawUnsafe("INSERT INTO extra VALUES (1, '2026-01-02T03:04:05.678+00:00')");
    const [row] = await prisma.$queryRawUnsafe("SELECT at FROM extra");
    assert.deepEqual(row.at, new Date("2026-01-02T03:04:05.678Z"));
    await prisma.$executeRawUnsafe("ALTER TABLE extra RENAME COLUMN at TO moment");
    const [renamed] = await prisma.$queryRawUnsafe("SELECT * FROM extra");
    assert.deepEqual(Object.keys(renamed), ["id", "moment"]);
  },
  "pages by cursor read every row once, however many there are": async (prisma) => {
    await prisma.user.createMany({
      data: Array.from({ length: 1_000 }, (_, n) => ({ name: `user ${n}` })),
    });
    const seen = new Set<unknown>();
    let last: Row | undefined;
    for (;;) {
      const page: Row[] = await prisma.user.findMany({
        take: 100,
        orderBy: { id: "asc" },
        ...(last && { skip: 1, cursor: { id: last.id } }),
      });
      if (page.length === 0) break;
      page.forEach(({ id }) => seen.add(id));
      last = page.at(-1);
    }
    assert.equal(seen.size, 1_000);
  },
  "values beyond the limit of parameters come in parts": async (prisma) => {
    await addThree(prisma);
    const ids = Array.from({ length: 40_000 }, (_, n) => n);
    assert.equal((await prisma.user.findMany({ where: { id: { in: ids } } })).length, 3);
  },
};

/** A database in memory has one connection, for which reads wait too. */
const needsReaders = "reads do not wait for a transaction, and see nothing of it";

// Threads differ between runtimes in what tests of their own try.
const elsewhere = onNewestNode ? undefined : "Prisma over threads is tried on Node 26";

for (const [name, check] of Object.entries(checks)) {
  test(name, async (t) => await check((await open(t)).prisma));
  const inThreads = `${name} (in threads)`;
  test(inThreads, skipFor(inThreads, elsewhere), async (t) => {
    await check((await open(t, { execution: "worker", readers: 2 })).prisma);
  });
  if (name === needsReaders) continue;
  test(`${name} (in memory)`, async (t) => {
    const db = await openDatabase(":memory:", { intMode: "bigint" });
    t.after(() => db.close());
    await db.executeScript(TABLES);
    await check(new PrismaClient({ adapter: new PrismaSqlitePool(db) }));
  });
}

test("a database of one's own stays open when the client disconnects", async (t) => {
  const db = await openDatabase(join(temporaryDirectory(t), "test.db"), { intMode: "bigint" });
  t.after(() => db.close());
  await db.executeScript(TABLES);
  const prisma = new PrismaClient({ adapter: new PrismaSqlitePool(db) });
  await addThree(prisma);
  await prisma.$disconnect();
  assert.equal(await db.value("SELECT count(*) FROM User"), 3n);
});

const onServer = "a database on a libSQL server: queries, relations and transactions";
test(onServer, skipFor(onServer, noServers), async (t) => {
  const server = await Sqld.start();
  t.after(() => server.remove());
  const db = await openDatabase(server.url as `http://${string}`, { intMode: "bigint" });
  t.after(() => db.close());
  await db.executeScript(TABLES);
  const prisma = new PrismaClient({ adapter: new PrismaSqlitePool(db) });
  t.after(() => prisma.$disconnect());
  await addThree(prisma);
  const createdAt = new Date("2026-01-02T03:04:05.678Z");
  const data = { name: "Dora", createdAt, big: 2n ** 60n, posts: { create: { title: "one" } } };
  await prisma.user.create({ data });
  const dora = await prisma.user.findFirst({ where: { name: "Dora" }, include: { posts: true } });
  assert.deepEqual([dora!.createdAt, dora!.big], [createdAt, 2n ** 60n]);
  assert.equal((dora!.posts as { title: string }[])[0].title, "one");
  const failed = prisma.$transaction(async (tx) => {
    await tx.user.updateMany({ data: { age: 1 } });
    throw new RangeError("no");
  });
  await assert.rejects(failed, RangeError);
  assert.equal(await prisma.user.count({ where: { age: 1 } }), 0);
});

test("dates as milliseconds", async (t) => {
  const db = await openDatabase(join(temporaryDirectory(t), "test.db"));
  t.after(() => db.close());
  await db.executeScript(TABLES);
  const adapter = new PrismaSqlitePool(db, { timestampFormat: "unixepoch-ms" });
  const prisma = new PrismaClient({ adapter });
  const createdAt = new Date("2026-01-02T03:04:05.678Z");
  await prisma.user.create({ data: { name: "a", createdAt } });
  assert.equal(await db.value("SELECT createdAt FROM User"), createdAt.getTime());
  assert.deepEqual((await prisma.user.findFirst())!.createdAt, createdAt);
  await prisma.$disconnect();
});

test("a file that cannot be opened is told", async (t) => {
  const url = `file:${join(temporaryDirectory(t), "no", "such", "folder.db")}`;
  const prisma = new PrismaClient({ adapter: new PrismaSqlitePool({ url }) });
  await assert.rejects(prisma.user.count(), /unable to open|no such|directory/i);
});

test("migrations are tried in a database of their own", async () => {
  const adapter = new PrismaSqlitePool({ url: "file:nowhere/at/all.db" });
  const shadow = await adapter.connectToShadowDb();
  await shadow.executeScript(TABLES);
  const query = { sql: "SELECT name FROM User", args: [], argTypes: [] };
  assert.deepEqual((await shadow.queryRaw(query)).columnNames, ["name"]);
  await shadow.dispose();
});
