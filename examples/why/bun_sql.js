/**
 * `Bun.SQL` has one connection to a SQLite file. A statement that runs while somebody else is
 * inside `begin` becomes part of that transaction: it is acknowledged, and gone with a rollback.
 *
 *     bun examples/why/bun_sql.js
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { openDatabase } from "@sqlitepool/pool";

const directory = mkdtempSync(join(tmpdir(), "why-"));

async function bunSql() {
  const sql = new Bun.SQL(`sqlite://${join(directory, "bun_sql.db")}`);
  await sql`CREATE TABLE orders (customer TEXT)`;

  const began = Promise.withResolvers();
  const goOn = Promise.withResolvers();
  const alice = sql.begin(async (tx) => {
    await tx`INSERT INTO orders VALUES ('Alice')`;
    began.resolve();
    await goOn.promise;
    throw new Error("the card was refused");
  });

  await began.promise;
  await sql`INSERT INTO orders VALUES ('Bob')`; // another request; it resolves
  goOn.resolve();
  await alice.catch(() => {});
  return await sql`SELECT customer FROM orders`;
}

async function pooled() {
  await using db = await openDatabase(join(directory, "pool.db"));
  await db.run("CREATE TABLE orders (customer TEXT)");

  const began = Promise.withResolvers();
  const goOn = Promise.withResolvers();
  const alice = db.write(async (tx) => {
    await tx.run("INSERT INTO orders VALUES ('Alice')");
    began.resolve();
    await goOn.promise;
    throw new Error("the card was refused");
  });

  await began.promise;
  const bob = db.run("INSERT INTO orders VALUES ('Bob')"); // waits for its turn
  goOn.resolve();
  await alice.catch(() => {});
  await bob;
  return await db.all("SELECT customer FROM orders");
}

try {
  console.log("Bun.SQL:", JSON.stringify(await bunSql())); // []
  console.log("pool:", JSON.stringify(await pooled())); // [{"customer":"Bob"}]
} finally {
  rmSync(directory, { recursive: true, force: true });
}
