// What a database can do, found out by doing it. It runs inside workerd too, so it imports nothing.

import type { Database } from "../../../mod.ts";

/** Each rejects, or throws, where the place cannot do it. */
const METHODS: Readonly<Record<string, (db: Database, copy: string) => Promise<unknown>>> = {
  get: (db) => db.get("SELECT 1 AS one"),
  all: (db) => db.all("SELECT 1 AS one"),
  value: (db) => db.value("SELECT 1"),
  values: (db) => db.values("SELECT 1"),
  async iterate(db) {
    for await (const _ of db.iterate("SELECT 1 AS one"));
  },
  run: (db) => db.run("INSERT INTO numbers VALUES (?)", [1]),
  "run with RETURNING": (db) => db.run("INSERT INTO numbers VALUES (?) RETURNING n", [2]),
  execute: (db) => db.execute("SELECT 1 AS one"),
  batch: (db) => db.batch([{ sql: "INSERT INTO numbers VALUES (3)" }, { sql: "SELECT 1" }]),
  executeScript: (db) => db.executeScript("INSERT INTO numbers VALUES (4); SELECT 1;"),
  write: (db) => db.write((tx) => tx.run("INSERT INTO numbers VALUES (5)")),
  read: (db) => db.read((snapshot) => snapshot.get("SELECT 1 AS one")),
  session: (db) => db.session().get("SELECT 1 AS one"),
  describe: (db) => db.describe("SELECT n FROM numbers"),
  async connection(db) {
    await (await db.connection()).release();
  },
  checkpoint: (db) => db.checkpoint(),
  backup: (db, copy) => db.backup(copy),
};

export const methods: readonly string[] = Object.keys(METHODS);

/** By method, whether a place can do it; `undefined` where the place cannot be opened. */
export type PlaceFacts = Readonly<Record<string, boolean>> | undefined;

/**
 * Tries every method on a database.
 *
 * @param open opens it; a place that cannot be opened here makes it throw or reject.
 * @param copy the path of a file for `backup` to make.
 */
export async function probe(
  open: () => Database | Promise<Database>,
  copy: string,
): Promise<PlaceFacts> {
  let db: Database;
  try {
    db = await open();
  } catch {
    return undefined;
  }
  await db.run("CREATE TABLE numbers (n INTEGER)");
  const facts: Record<string, boolean> = {};
  for (const method of methods) {
    try {
      await METHODS[method](db, copy);
      facts[method] = true;
    } catch {
      facts[method] = false;
    }
  }
  await db.close();
  return facts;
}
