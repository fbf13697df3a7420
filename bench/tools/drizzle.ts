// Drizzle at 100 callers: over this pool, and over its own drivers. A file in WAL mode for each, with
// the same settings, and a process for each. Prints requests for each second of processor time, which
// other load on the machine does not change, and how many times those of Drizzle on better-sqlite3.
//
//   node bench/tools/drizzle.ts [rounds]

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

import { createClient } from "@libsql/client";
import BetterSqlite3 from "better-sqlite3";
import { eq, sql } from "drizzle-orm";
import { drizzle as drizzleOnBetterSqlite3 } from "drizzle-orm/better-sqlite3";
import { drizzle as drizzleOnLibsql } from "drizzle-orm/libsql";
import { type BaseSQLiteDatabase, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

import { betterSqlite3 } from "../../adapters/better_sqlite3/driver.ts";
import { drizzle } from "../../integrations/drizzle/driver.ts";
import { openDatabase } from "../../mod.ts";
import { compare, type Contender, print } from "./processes.ts";
import { describeRuntime } from "./rounds.ts";

const rounds = Number(process.argv[2] ?? 10);
const callers = 100;
const callsEach = 50;
const people = 1_000;
const settings = ["journal_mode = WAL", "synchronous = NORMAL", "cache_size = -16000"];

const users = sqliteTable("users", { id: integer().primaryKey(), name: text().notNull() });

const directory = mkdtempSync(join(tmpdir(), "bench-drizzle-"));
process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
const file = join(directory, "bench.db");

type Call = (id: number) => PromiseLike<unknown>;

/** Runs a call for each request of all callers. */
async function request(call: Call): Promise<void> {
  await Promise.all(Array.from({ length: callers }, async (_, caller) => {
    for (let n = 0; n < callsEach; n++) await call(1 + (caller * callsEach + n) % people);
  }));
}

async function contender(
  db: BaseSQLiteDatabase<"async" | "sync", unknown>,
  close: () => unknown,
): Promise<Contender> {
  await db.run(sql`CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL)`);
  await db.run(sql`INSERT INTO users WITH RECURSIVE n(i) AS (
    SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${people}
  ) SELECT i, 'User ' || i FROM n`);
  const byId = eq(users.id, sql.placeholder("id"));
  const preparedRead = db.select().from(users).where(byId).prepare();
  const preparedWrite = db.update(users).set({ name: "x" }).where(byId).prepare();
  const read: Call = async (id) => await db.select().from(users).where(eq(users.id, id)).get();
  const write: Call = async (id) =>
    await db.update(users).set({ name: "x" }).where(eq(users.id, id)).run();
  const workloads: Readonly<Record<string, Call>> = {
    reads: read,
    writes: write,
    "a tenth writes": (id) => id % 10 === 0 ? write(id) : read(id),
    "prepared reads": async (id) => await preparedRead.get({ id }),
    "prepared writes": async (id) => await preparedWrite.run({ id }),
  };
  const runs = Object.entries(workloads).map(([name, call]) => [name, () => request(call)]);
  return { workloads: Object.fromEntries(runs), close };
}

const contenders = {
  async "drizzle's own, better-sqlite3"() {
    const raw = new BetterSqlite3(file);
    for (const setting of settings) raw.pragma(setting);
    return await contender(drizzleOnBetterSqlite3(raw), () => raw.close());
  },
  async "drizzle's own, @libsql/client"() {
    const client = createClient({ url: `file:${file}` });
    for (const setting of settings) await client.execute(`PRAGMA ${setting}`);
    return await contender(drizzleOnLibsql(client), () => client.close());
  },
  async "this package's"() {
    const database = await openDatabase(file);
    return await contender(drizzle(database), () => database.close());
  },
  async "this package's, better-sqlite3"() {
    const database = await openDatabase(file, { driver: betterSqlite3(BetterSqlite3) });
    return await contender(drizzle(database), () => database.close());
  },
};

const workloads = ["reads", "writes", "a tenth writes", "prepared reads", "prepared writes"];
const script = fileURLToPath(import.meta.url);
const times = await compare(script, contenders, workloads, rounds);
console.log(`${describeRuntime()}, ${callers} callers`);
for (const workload of workloads) print(workload, times, callers * callsEach);
