// A program of a user whose statements run in threads. In a bundle the script of the threads is a
// file of its own, whose name the program is told.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { Worker } from "node:worker_threads";

import { openDatabase, SQLiteError } from "@sqlitepool/pool";

const { THREAD } = process.env;
const bundled = THREAD && { worker: () => new Worker(new URL(THREAD, import.meta.url)) };
const directory = mkdtempSync(join(tmpdir(), "sqlitepool-app-"));
try {
  const options = { readers: 2, execution: "worker", ...bundled };
  const db = await openDatabase(join(directory, "app.db"), options);
  await db.run("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT UNIQUE)");
  await db.run("INSERT INTO users (name) VALUES (?)", ["Alice"]);
  const again = await db.run("INSERT INTO users (name) VALUES ('Alice')").catch((error) => error);
  const users = await Promise.all(
    [1, 2].map((id) => db.get("SELECT ? AS id, name FROM users", [id])),
  );
  await db.close();
  const refused = again instanceof SQLiteError && again.extendedCode;
  console.log(JSON.stringify({ users, refused }));
} finally {
  rmSync(directory, { recursive: true });
}
