// Kysely at 100 callers: this package's dialect beside Kysely's own over better-sqlite3, and beside
// libSQL's over @libsql/client, if `@libsql/kysely-libsql` is installed. A file in WAL mode for each,
// with the same settings, and a process for each. Prints requests for each second of processor time,
// which other load on the machine does not change, and how many times those of Kysely's own.
//
//   node bench/tools/kysely.ts [rounds]

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

import { createClient } from "@libsql/client";
import Better from "better-sqlite3";
import { type Dialect, type Generated, Kysely, sql, SqliteDialect } from "kysely";

import { betterSqlite3 } from "../../adapters/better_sqlite3/driver.ts";
import { SqlitePoolDialect } from "../../integrations/kysely/dialect.ts";
import { openDatabase } from "../../mod.ts";
import { compare, type Contender, type Contenders, print } from "./processes.ts";
import { describeRuntime } from "./rounds.ts";

const rounds = Number(process.argv[2] ?? 20);
const callers = 100;
const callsEach = 20;
const people = 10_000;
const settings = ["journal_mode = WAL", "synchronous = NORMAL", "cache_size = -16000"];

interface Tables {
  person: { id: Generated<number>; name: string; age: number };
}

const directory = mkdtempSync(join(tmpdir(), "bench-kysely-"));
process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
const file = join(directory, "bench.db");

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

/** Runs a call for each request of all callers. */
async function request(db: Kysely<Tables>, call: Call): Promise<void> {
  await Promise.all(Array.from({ length: callers }, async (_, caller) => {
    for (let n = 0; n < callsEach; n++) await call(db, caller * callsEach + n);
  }));
}

async function contender(dialect: Dialect): Promise<Contender> {
  const db = new Kysely<Tables>({ dialect });
  await db.schema.createTable("person")
    .addColumn("id", "integer", (column) => column.primaryKey())
    .addColumn("name", "text", (column) => column.notNull())
    .addColumn("age", "integer", (column) => column.notNull())
    .execute();
  await sql`with recursive c (n) as (values (1) union all select n + 1 from c limit ${people})
    insert into person select n, 'person ' || n, n % 90 from c`.execute(db);
  const runs = Object.entries(calls).map(([name, call]) => [name, () => request(db, call)]);
  return { workloads: Object.fromEntries(runs), close: () => db.destroy() };
}

// Optional, so its name is in a variable: it is resolved at run time only.
const specifier: string = "@libsql/kysely-libsql";
const libsql = await import(specifier).catch(() => undefined);

const contenders: Contenders = {
  async "kysely's own, better-sqlite3"() {
    const database = new Better(file);
    for (const setting of settings) database.pragma(setting);
    return await contender(new SqliteDialect({ database }));
  },
  ...(libsql && {
    async "libSQL's, @libsql/client"() {
      const client = createClient({ url: `file:${file}` });
      for (const setting of settings) await client.execute(`PRAGMA ${setting}`);
      return await contender(new libsql.LibsqlDialect({ client }));
    },
  }),
  async "this package's"() {
    return await contender(new SqlitePoolDialect({ database: () => openDatabase(file) }));
  },
  async "this package's, better-sqlite3"() {
    const database = () => openDatabase(file, { driver: betterSqlite3(Better) });
    return await contender(new SqlitePoolDialect({ database }));
  },
};

const workloads = Object.keys(calls);
const script = fileURLToPath(import.meta.url);
const times = await compare(script, contenders, workloads, rounds);
console.log(`${describeRuntime()}, ${callers} callers`);
for (const workload of workloads) print(workload, times, callers * callsEach);
