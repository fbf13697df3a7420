// A program of a user, in TypeScript. What it does not check at run time, its types do.

import { DatabaseSync } from "node:sqlite";
import {
  type AsyncConnection,
  type BindParams,
  type Database,
  openDatabase,
  type PoolStats,
  type ResultSet,
  sql,
  SQLiteConnectionPool,
  SQLiteError,
} from "@sqlitepool/pool";
import { adaptNodeSqlite } from "@sqlitepool/pool/node-sqlite";

interface User {
  readonly id: number;
  readonly name: string;
}

async function countUsers(db: Database): Promise<number> {
  return await db.read(async (snapshot) => {
    const row = await snapshot.get<{ count: number }>("SELECT count(*) AS count FROM users");
    return row?.count ?? 0;
  });
}

const db: Database = await openDatabase(":memory:");
await db.run("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT UNIQUE)");
const inserted: ResultSet<object> = await db.run(sql`INSERT INTO users (name) VALUES (${"Alice"})`);
const user: User | undefined = await db.get<User>("SELECT * FROM users WHERE id = ?", [1]);
// @ts-expect-error: a Date is no value for a parameter.
const refused: unknown = await db.get("SELECT ?", [new Date()]).catch((error: unknown) => error);
// @ts-expect-error: there is no such option.
const misspelt = openDatabase(":memory:", { reader: 2 });
await misspelt.then((opened) => opened.close(), () => {});
const count = await countUsers(db);
await db.close();

const params: BindParams = { name: "Bob" };
const open = (): AsyncConnection => adaptNodeSqlite(new DatabaseSync(":memory:"));
const pool = new SQLiteConnectionPool<User>(open, { poolSize: 1 });
const bob: User[] = await pool.withConnection((conn) =>
  conn.all("SELECT 2 AS id, :name AS name", params)
);
const { opened }: PoolStats = pool.stats;
await pool.close();

console.log(JSON.stringify({
  user,
  bob,
  count,
  opened,
  lastInsertRowid: inserted.lastInsertRowid,
  refused: refused instanceof TypeError,
  isError: refused instanceof SQLiteError,
}));
