/** Sessions of databases on this machine, where every reader sees all that is committed. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { type Database, openDatabase, PoolClosedError, type SessionOptions } from "../../mod.ts";
import { openTestDatabase } from "../helpers/databases.ts";

/** What a program does that was written for servers. */
async function useSession(db: Database): Promise<void> {
  await db.run("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)");
  const session = db.session({ after: "sp1.42" });
  await session.run("INSERT INTO users (name) VALUES (?)", ["Alice"]);
  await session.batch([{ sql: "INSERT INTO users (name) VALUES ('Bob')" }]);
  await session.executeScript("INSERT INTO users (name) VALUES ('Carol')");
  await session.write((tx) => tx.run("INSERT INTO users (name) VALUES ('Dan')"));
  assert.deepEqual(await session.get("SELECT name FROM users WHERE id = ?", [1]), {
    name: "Alice",
  });
  assert.equal(await session.value("SELECT count(*) FROM users"), 4);
  assert.equal((await session.all("SELECT * FROM users")).length, 4);
  const values = await session.values("SELECT name FROM users");
  assert.equal(await session.read((snapshot) => snapshot.value("SELECT 1")), 1);
  const names: unknown[] = [];
  for await (const { name } of session.iterate("SELECT name FROM users")) names.push([name]);
  assert.deepEqual(names, values);
  assert.equal(session.bookmark, "");
  assert.equal(await db.session({ after: session.bookmark }).value("SELECT 1"), 1);
}

test("a session of a file reads and writes as the database does", async (t) => {
  const { db } = await openTestDatabase(t);
  await useSession(db);
});

test("a session of a database in memory reads and writes as the database does", async (t) => {
  const db = await openDatabase(":memory:");
  t.after(() => db.close());
  await useSession(db);
});

test("what session takes is checked, and a closed database's sessions are closed", async (t) => {
  const { db } = await openTestDatabase(t);
  const wrong = (options: unknown) => () => db.session(options as SessionOptions);
  assert.throws(wrong({ after: 5 }), { name: "TypeError", message: /after must be .*got 5$/ });
  assert.throws(wrong({ before: "" }), { name: "TypeError", message: /option "before"/ });
  assert.throws(wrong(null), { name: "TypeError", message: /takes \{ after \}; got null/ });
  const session = db.session();
  await db.close();
  await assert.rejects(session.get("SELECT 1"), PoolClosedError);
});
