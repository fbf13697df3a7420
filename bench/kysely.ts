// Kysely at 100 callers: this package's dialect beside Kysely's own over better-sqlite3, and beside
// libSQL's over @libsql/client, if `@libsql/kysely-libsql` is installed. Files in WAL mode with the
// same settings for all. Prints requests for each second of processor time, which other load on the
// machine does not change, and how many times those of Kysely's own.
//
//   node bench/kysely.ts [rounds]

import Better from "better-sqlite3";
import { createClient } from "@libsql/client";
import { type Dialect, type Generated, Kysely, sql, SqliteDialect } from "kysely";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

import { betterSqlite3 } from "../adapters/better_sqlite3/driver.ts";
import { SqlitePoolDialect } from "../integrations/kysely/dialect.ts";
import { openDatabase } from "../mod.ts";
import { bestTimes, describeRuntime } from "./rounds.ts";

const rounds = Number(process.argv[2] ?? 5);
const callers = 100;
const callsEach = 20;
const people = 10_000;

interface Tables {
  person: { id: Generated<number>; name: string; age: number };
}

interface Contender {
  readonly name: string;
  readonly db: Kysely<Tables>;
}

const directory = mkdtempSync(join(tmpdir(), "bench-kysely-"));
process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
const settings = ["journal_mode = WAL", "synchronous = NORMAL", "cache_size = -16000"];

async function contender(name: string, dialect: Dialect): Promise<Contender> {
  const db = new Kysely<Tables>({ dialect });
  await db.schema.createTable("person")
    .addColumn("id", "integer", (column) => column.primaryKey())
    .addColumn("name", "text", (column) => column.notNull())
    .addColumn("age", "integer", (column) => column.notNull())
    .execute();
  await sql`with recursive c (n) as (values (1) union all select n + 1 from c limit ${people})
    insert into person select n, 'person ' || n, n % 90 from c`.execute(db);
  return { name, db };
}

async function ownDialect(): Promise<Contender> {
  const database = new Better(join(directory, "own.db"));
  for (const setting of settings) database.pragma(setting);
  return await contender("kysely's own, better-sqlite3", new SqliteDialect({ database }));
}

async function libsqlDialect(): Promise<Contender | undefined> {
  // Optional, so its name is in a variable: it is resolved at run time only.
  const specifier: string = "@libsql/kysely-libsql";
  const loaded = await import(specifier).catch(() => undefined);
  if (loaded === undefined) return undefined;
  const client = createClient({ url: `file:${join(directory, "libsql.db")}` });
  for (const setting of settings) await client.execute(`PRAGMA ${setting}`);
  return await contender("libSQL's, @libsql/client", new loaded.LibsqlDialect({ client }));
}

const onBetterSqlite3 = await openDatabase(join(directory, "better.db"), {
  driver: betterSqlite3(Better),
});
const contenders = [
  await ownDialect(),
  await libsqlDialect(),
  await contender(
    "this package's",
    new SqlitePoolDialect({ database: await openDatabase(join(directory, "ours.db")) }),
  ),
  await contender(
    "this package's, better-sqlite3",
    new SqlitePoolDialect({ database: onBetterSqlite3 }),
  ),
].filter((it) => it !== undefined);

type Call = (db: Kysely<Tables>, turn: number) => Promise<unknown>;

const read: Call = (db, turn) =>
  db.selectFrom("person").selectAll().where("id", "=", 1 + (turn * 7919) % people)
    .executeTakeFirstOrThrow();
const insert: Call = (db, turn) =>
  db.insertInto("person").values({ name: "new", age: turn % 90 }).execute();
const update: Call = (db, turn) =>
  db.updateTable("person").set({ age: turn % 90 }).where("id", "=", 1 + (turn * 7919) % people)
    .execute();
const calls: Readonly<Record<string, Call>> = {
  "point reads": read,
  inserts: insert,
  "4 reads to 1 update": (db, turn) => turn % 5 === 0 ? update(db, turn) : read(db, turn),
  "transactions of 2 updates": (db, turn) =>
    db.transaction().execute(async (trx) => {
      await update(trx, turn);
      await update(trx, turn + 1);
    }),
};

/** Processor time of all threads, in milliseconds. */
function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

console.log(`${describeRuntime()}, ${callers} callers`);
for (const [what, call] of Object.entries(calls)) {
  const run = async ({ db }: Contender): Promise<void> => {
    await Promise.all(Array.from({ length: callers }, async (_, caller) => {
      for (let turn = 0; turn < callsEach; turn++) await call(db, caller * callsEach + turn);
    }));
  };
  const times = await bestTimes(rounds, contenders.map((it) => () => run(it)), processorTime);
  console.log(`\n${what}`);
  for (const [index, { name }] of contenders.entries()) {
    const perSecond = Math.round(1_000 * callers * callsEach / times[index]);
    const ratio = (times[0] / times[index]).toFixed(2);
    console.log(`  ${name.padEnd(32)} ${String(perSecond).padStart(8)}/s  ${ratio}x`);
  }
}
for (const { db } of contenders) await db.destroy();
