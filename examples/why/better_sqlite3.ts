/**
 * `transaction()` of better-sqlite3 is for synchronous functions. Given an asynchronous one it
 * throws and rolls back, but the function runs on, outside of any transaction.
 *
 *     node examples/why/better_sqlite3.ts
 */

import { setImmediate as nextTurn } from "node:timers/promises";

import { openDatabase } from "@sqlitepool/pool";
import { betterSqlite3 } from "@sqlitepool/pool/better-sqlite3";
import BetterSqlite3 from "better-sqlite3";

async function alone(): Promise<unknown> {
  const db = new BetterSqlite3(":memory:");
  db.exec("CREATE TABLE log (entry TEXT)");
  const insert = db.prepare("INSERT INTO log VALUES (?)");
  const transfer = db.transaction(async () => {
    insert.run("withdrawn");
    await nextTurn();
    insert.run("deposited");
  });
  try {
    transfer();
  } catch (error) {
    console.log((error as Error).message); // Transaction function cannot return a promise
  }
  await nextTurn();
  await nextTurn();
  return db.prepare("SELECT entry FROM log").all();
}

async function pooled(): Promise<unknown> {
  const db = await openDatabase(":memory:", { driver: betterSqlite3(BetterSqlite3) });
  await db.run("CREATE TABLE log (entry TEXT)");
  await db.write(async (tx) => {
    await tx.run("INSERT INTO log VALUES ('withdrawn')");
    await nextTurn();
    await tx.run("INSERT INTO log VALUES ('deposited')");
  });
  const entries = await db.all("SELECT entry FROM log");
  await db.close();
  return entries;
}

console.log("better-sqlite3:", JSON.stringify(await alone())); // [{"entry":"deposited"}]
console.log("pool:", JSON.stringify(await pooled())); // both
