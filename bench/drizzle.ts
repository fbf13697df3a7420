// Drizzle over a pool and over its own drivers: 100 callers of point reads, of which a tenth write
// in the second row. Ratios to Drizzle on better-sqlite3, which stops the event loop meanwhile.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@libsql/client";
import BetterSqlite3 from "better-sqlite3";
import { eq } from "drizzle-orm";
import { drizzle as drizzleOnBetterSqlite3 } from "drizzle-orm/better-sqlite3";
import { drizzle as drizzleOnLibsql } from "drizzle-orm/libsql";
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

import { drizzle } from "../integrations/drizzle/driver.ts";
import { openDatabase } from "../mod.ts";
import { bestTimes, describeRuntime } from "./rounds.ts";

const CALLERS = 100;
const CALLS = 100;
const ROUNDS = 7;

const users = sqliteTable("users", { id: integer().primaryKey(), name: text().notNull() });
const directory = mkdtempSync(join(tmpdir(), "sqlitepool-bench-"));
const file = join(directory, "bench.db");

const database = await openDatabase(file, { onWarning: () => {} });
await database.executeScript(`
  CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
  INSERT INTO users SELECT value, 'User ' || value FROM generate_series(1, 1000);
`.replace("generate_series(1, 1000)", numbers(1_000)));
const raw = new BetterSqlite3(file);
raw.pragma("synchronous = NORMAL");
const client = createClient({ url: `file:${file}`, timeout: 5_000 });

/** What the drivers have in common, for this. */
interface Drizzle {
  read(id: number): PromiseLike<unknown>;
  write(id: number): PromiseLike<unknown>;
}

const onPool = drizzle(database);
const onBetterSqlite3 = drizzleOnBetterSqlite3(raw);
const onLibsql = drizzleOnLibsql(client);
const contenders: Readonly<Record<string, Drizzle>> = {
  "better-sqlite3": {
    read: async (id) => onBetterSqlite3.select().from(users).where(eq(users.id, id)).get(),
    write: async (id) =>
      onBetterSqlite3.update(users).set({ name: "x" }).where(eq(users.id, id)).run(),
  },
  "this pool": {
    read: (id) => onPool.select().from(users).where(eq(users.id, id)).get(),
    write: (id) => onPool.update(users).set({ name: "x" }).where(eq(users.id, id)).run(),
  },
  "@libsql/client": {
    read: (id) => onLibsql.select().from(users).where(eq(users.id, id)).get(),
    write: (id) => onLibsql.update(users).set({ name: "x" }).where(eq(users.id, id)).run(),
  },
};

function numbers(count: number): string {
  return `(WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < ${count})
    SELECT value FROM n)`;
}

async function run({ read, write }: Drizzle, writeEvery: number): Promise<void> {
  await Promise.all(Array.from({ length: CALLERS }, async (_, caller) => {
    for (let n = 0; n < CALLS; n++) {
      const id = 1 + (caller * CALLS + n) % 1_000;
      await ((n + 1) % writeEvery === 0 ? write(id) : read(id));
    }
  }));
}

console.log(describeRuntime());
for (const [workload, writeEvery] of [["reads", Infinity], ["a tenth writes", 10]] as const) {
  const names = Object.keys(contenders);
  const times = await bestTimes(
    ROUNDS,
    names.map((name) => () => run(contenders[name], writeEvery)),
  );
  names.forEach((name, index) => {
    const perSecond = CALLERS * CALLS / times[index] * 1_000;
    const ratio = times[0] / times[index];
    console.log(
      `${workload.padEnd(15)} ${name.padEnd(15)} ${perSecond.toFixed(0).padStart(8)}/s ${
        ratio.toFixed(2).padStart(6)
      }`,
    );
  });
}

await database.close();
raw.close();
client.close();
rmSync(directory, { recursive: true });
