/**
 * Encrypted files, with the real better-sqlite3-multiple-ciphers. `npm run projects` installs it
 * beside the built package and runs this.
 */

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import Database from "better-sqlite3-multiple-ciphers";

import { adapt, openDatabase, SQLiteConnectionPool, workerConnection } from "@sqlitepool/pool";
import { betterSqlite3 } from "@sqlitepool/pool/better-sqlite3";

import giveKey from "./set_up.js";

const NAME = "better-sqlite3-multiple-ciphers";
const EXECUTIONS = ["inline", "worker", "auto"];
const keyed = new URL("./set_up.js", import.meta.url);
const wrong = new URL("./set_up_wrong.js", import.meta.url);

function temporaryFile(t) {
  const directory = mkdtempSync(join(tmpdir(), "encrypted-"));
  t.after(() => rmSync(directory, { recursive: true }));
  return join(directory, "secret.db");
}

async function open(t, path, options) {
  const db = await openDatabase(path, { driver: betterSqlite3(Database), readers: 2, ...options });
  t.after(() => db.close());
  return db;
}

async function createSecret(path) {
  const db = await openDatabase(path, { driver: betterSqlite3(Database), setUp: keyed });
  await db.executeScript("CREATE TABLE secrets (text TEXT); INSERT INTO secrets VALUES ('hush')");
  await db.close();
}

/** Says what may be wrong. */
const isClear = (error) => {
  const [reason] = [error, error.cause].filter((it) => it?.code === "SQLITE_NOTADB");
  assert.match(String(reason), /or it is encrypted and its key is missing or wrong/);
  return true;
};

for (const execution of EXECUTIONS) {
  test(`${execution}: the writer and every reader have the key`, async (t) => {
    const path = temporaryFile(t);
    const db = await open(t, path, { execution, setUp: keyed });
    await db.run("CREATE TABLE secrets (text TEXT)");
    await Promise.all(Array.from({ length: 100 }, async (_, n) => {
      await db.run("INSERT INTO secrets VALUES (?)", [`secret ${n}`]);
      const count = await db.value("SELECT count(*) FROM secrets WHERE text = ?", [`secret ${n}`]);
      assert.equal(count, 1);
    }));
    const readers = await Promise.all([db.connection(), db.connection()]);
    for (const reader of readers) {
      assert.equal(await reader.value("SELECT count(*) FROM secrets"), 100);
      await reader.release();
    }
    const sum = await db.write((tx) => tx.value("SELECT count(*) FROM secrets"));
    assert.equal(sum, 100);
    if (execution === "worker") assert.equal(db.stats.threads.running, 3);
    await db.close();
    const bytes = readFileSync(path);
    assert.ok(!bytes.includes("secret 7") && !bytes.includes("SQLite format 3"));
  });

  for (const [title, setUp] of [["without the key", undefined], ["with a wrong key", wrong]]) {
    test(`${execution}: ${title} the file cannot be read, and the error says so`, async (t) => {
      const path = temporaryFile(t);
      await createSecret(path);
      const before = readFileSync(path);
      for (const readonly of [false, true]) {
        const options = { driver: betterSqlite3(Database), execution, setUp, readonly };
        await assert.rejects(openDatabase(path, options), isClear);
      }
      assert.deepEqual(readFileSync(path), before);
      const db = await open(t, path, { execution, setUp: keyed, readonly: true });
      assert.equal(await db.value("SELECT text FROM secrets"), "hush");
    });
  }
}

test("a function as setUp gives the key inline", async (t) => {
  const path = temporaryFile(t);
  const roles = [];
  const setUp = (raw, { role, driver }) => {
    roles.push(`${role} of ${driver}`);
    giveKey(raw);
  };
  await createSecret(path);
  const db = await open(t, path, { execution: "inline", setUp });
  assert.equal(await db.value("SELECT text FROM secrets"), "hush");
  assert.ok(roles.includes(`writer of ${NAME}`) && roles.includes(`reader of ${NAME}`));
});

for (const execution of EXECUTIONS) {
  test(`${execution}: a backup has the key of the file`, async (t) => {
    const path = temporaryFile(t);
    await createSecret(path);
    const db = await open(t, path, { execution, setUp: keyed });
    const copy = `${path}.copy`;
    await db.backup(copy);
    assert.ok(!readFileSync(copy).includes("SQLite format 3"));
    await assert.rejects(openDatabase(copy, { driver: betterSqlite3(Database) }), isClear);
    const copied = await open(t, copy, { setUp: keyed, readonly: true });
    assert.equal(await copied.value("SELECT text FROM secrets"), "hush");
  });
}

test("handles are recognised as those of better-sqlite3", async (t) => {
  const path = temporaryFile(t);
  await createSecret(path);
  const raw = new Database(path);
  giveKey(raw);
  const connection = await adapt(raw);
  assert.deepEqual((await connection.execute("SELECT text FROM secrets")).rows, [{ text: "hush" }]);
  await connection.close();
  assert.equal(raw.open, false);

  const pool = new SQLiteConnectionPool(() => {
    const handle = new Database(path);
    giveKey(handle);
    return handle;
  });
  assert.equal(await pool.value("SELECT text FROM secrets"), "hush");
  await pool.close();
});

test("a pool of threads has the key", async (t) => {
  const path = temporaryFile(t);
  await createSecret(path);
  const pool = new SQLiteConnectionPool(
    workerConnection(path, { driver: NAME, setUp: keyed }),
    { poolSize: 2 },
  );
  assert.equal(await pool.value("SELECT text FROM secrets"), "hush");
  await pool.close();
});

test("better-sqlite3 and its fork are two libraries: they share no file", async (t) => {
  const path = temporaryFile(t);
  const db = await openDatabase(path);
  await assert.rejects(
    openDatabase(path, { driver: betterSqlite3(Database) }),
    (error) => error.name === "SQLiteLibraryConflictError" && error.message.includes(NAME),
  );
  await db.close();
});
