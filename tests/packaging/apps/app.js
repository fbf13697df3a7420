// A program of a user, in plain JavaScript: the database and the pool, with the runtime's driver.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

import { openDatabase, sql, SQLiteConnectionPool, SQLiteError } from "@sqlitepool/pool";

const directory = mkdtempSync(join(tmpdir(), "sqlitepool-app-"));
const path = join(directory, "app.db");
try {
  const db = await openDatabase(path, { readers: 2 });
  await db.run("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT UNIQUE)");
  await db.run(sql`INSERT INTO users (name) VALUES (${"Alice"})`);
  const again = await db.run("INSERT INTO users (name) VALUES ('Alice')").catch((error) => error);
  const users = await db.all("SELECT id, name FROM users");
  await db.close();

  const { DatabaseSync } = process.getBuiltinModule("node:sqlite");
  const pool = new SQLiteConnectionPool(() => new DatabaseSync(path), { poolSize: 2 });
  const { rows } = await pool.execute("SELECT count(*) AS count FROM users");
  await pool.close();

  const refused = again instanceof SQLiteError && again.extendedCode;
  console.log(JSON.stringify({ users, rows, refused }));
} finally {
  rmSync(directory, { recursive: true });
}
