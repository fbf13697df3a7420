/**
 * Two transactions of Drizzle at once, one of which rolls back, beside plain writes: on Drizzle's own
 * drivers, and on this pool.
 *
 *     node examples/why/drizzle.ts
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createClient } from "@libsql/client";
import { openDatabase } from "@sqlitepool/pool";
import { drizzle } from "@sqlitepool/pool/drizzle";
import BetterSqlite3 from "better-sqlite3";
import { sql } from "drizzle-orm";
import { drizzle as drizzleOnBetterSqlite3 } from "drizzle-orm/better-sqlite3";
import { drizzle as drizzleOnLibsql } from "drizzle-orm/libsql";
import { type BaseSQLiteDatabase, sqliteTable, text } from "drizzle-orm/sqlite-core";

const log = sqliteTable("log", { line: text().notNull() });
const STEPS = 10;

/** Stands for a request to somebody else. */
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

async function tryOn(name: string, db: BaseSQLiteDatabase<"async", unknown>): Promise<void> {
  await db.run(sql`CREATE TABLE log (line TEXT NOT NULL)`);
  const callbacks: Promise<void>[] = [];
  const transaction = async (prefix: string, outcome: "commit" | "roll back"): Promise<void> =>
    await db.transaction((tx) => {
      const callback = async (): Promise<void> => {
        for (let step = 0; step < STEPS; step++) {
          await tx.insert(log).values({ line: prefix });
          await pause();
        }
        if (outcome === "roll back") throw new Error("changed my mind");
      };
      const running = callback();
      callbacks.push(running);
      return running;
    });
  let busy = 0;
  const plainWrites = async (): Promise<void> => {
    for (let step = 0; step < STEPS; step++) {
      await db.insert(log).values({ line: "plain" }).catch(() => busy++);
      await pause();
    }
  };
  const [kept] = await Promise.allSettled([
    transaction("kept", "commit"),
    transaction("undone", "roll back"),
    plainWrites(),
  ]);
  // A driver that refuses the promise of a callback has not stopped it.
  await Promise.allSettled(callbacks);
  const lines = (await db.select().from(log)).map(({ line }) => line);
  const rows = (prefix: string): number => lines.filter((line) => line === prefix).length;
  console.log(
    `${name}: the transaction to keep ${kept.status}, its rows ${rows("kept")} of ${STEPS}, ` +
      `rows of the one rolled back ${rows("undone")}, plain writes refused ${busy}`,
  );
}

const directory = mkdtempSync(join(tmpdir(), "why-"));
try {
  const raw = new BetterSqlite3(join(directory, "better.db"));
  raw.pragma("journal_mode = WAL");
  // Its type says that callbacks are synchronous; its users await in them nevertheless.
  const synchronous: unknown = drizzleOnBetterSqlite3(raw);
  await tryOn("better-sqlite3", synchronous as BaseSQLiteDatabase<"async", unknown>);
  raw.close();

  const client = createClient({ url: `file:${join(directory, "libsql.db")}` });
  await client.execute("PRAGMA journal_mode = WAL");
  await tryOn("@libsql/client", drizzleOnLibsql(client));
  client.close();

  const database = await openDatabase(join(directory, "pool.db"));
  await tryOn("pool", drizzle(database));
  await database.close();
} finally {
  rmSync(directory, { recursive: true, force: true });
}
