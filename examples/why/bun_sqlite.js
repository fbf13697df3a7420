/**
 * `transaction()` of bun:sqlite is for synchronous functions. Given an asynchronous one it commits
 * at the first `await`, and an error after that undoes nothing.
 *
 *     bun examples/why/bun_sqlite.js
 */

import { Database } from "bun:sqlite";
import { setImmediate as nextTurn } from "node:timers/promises";

import { openDatabase } from "@sqlitepool/pool";

async function alone() {
  const db = new Database(":memory:");
  db.run("CREATE TABLE log (entry TEXT)");
  const transfer = db.transaction(async () => {
    db.run("INSERT INTO log VALUES ('withdrawn')");
    await nextTurn();
    throw new Error("no such account");
  });
  await transfer().catch(() => {});
  return db.query("SELECT entry FROM log").all();
}

async function pooled() {
  await using db = await openDatabase(":memory:");
  await db.run("CREATE TABLE log (entry TEXT)");
  const transfer = db.write(async (tx) => {
    await tx.run("INSERT INTO log VALUES ('withdrawn')");
    await nextTurn();
    throw new Error("no such account");
  });
  await transfer.catch(() => {});
  return await db.all("SELECT entry FROM log");
}

console.log("bun:sqlite:", JSON.stringify(await alone())); // [{"entry":"withdrawn"}]
console.log("pool:", JSON.stringify(await pooled())); // []
