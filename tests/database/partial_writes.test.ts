/** A write that rejects has left nothing, whatever its company, and whatever makes it fail. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Database, SQLiteValue } from "../../mod.ts";
import { openTestDatabase } from "../helpers/databases.ts";

const SCHEMA = `
  CREATE TABLE plain (n INTEGER UNIQUE);
  CREATE TABLE failing (n INTEGER UNIQUE ON CONFLICT FAIL);
  CREATE TABLE ending (n INTEGER UNIQUE ON CONFLICT ROLLBACK);
  CREATE TABLE watched (n INTEGER);
  CREATE TABLE log (n INTEGER);
  CREATE TRIGGER fails AFTER INSERT ON watched BEGIN
    INSERT INTO log VALUES (new.n);
    SELECT RAISE(FAIL, 'no') WHERE new.n = 404;
  END;
  CREATE TABLE company (n INTEGER);
  INSERT INTO plain VALUES (404); INSERT INTO failing VALUES (404); INSERT INTO ending VALUES (404);
`;

const throws = (): never => {
  throw new RangeError("no row");
};

/** Each is to fail with the second of its rows, or after all of them. */
const kinds: Readonly<Record<string, (db: Database) => Promise<unknown>>> = {
  "the ABORT of SQLite": (db) => db.run("INSERT INTO plain VALUES (1), (404)"),
  "OR FAIL": (db) => db.run("INSERT OR FAIL INTO plain VALUES (1), (404)"),
  "OR ROLLBACK": (db) => db.run("INSERT OR ROLLBACK INTO plain VALUES (1), (404)"),
  "ON CONFLICT FAIL of a table": (db) => db.run("INSERT INTO failing VALUES (1), (404)"),
  "ON CONFLICT ROLLBACK of a table": (db) => db.run("INSERT INTO ending VALUES (1), (404)"),
  "RAISE(FAIL) in a trigger": (db) => db.run("INSERT INTO watched VALUES (1), (404)"),
  "a row factory": (db) =>
    db.run("INSERT INTO plain VALUES (1), (2) RETURNING n", [], { rowFactory: throws }),
  "an integer beyond 2^53": (db) =>
    db.run("INSERT INTO plain VALUES (1), (2) RETURNING 9007199254740993"),
};

async function contents(db: Database): Promise<SQLiteValue[]> {
  const rows = await db.values(
    "SELECT n FROM plain UNION ALL SELECT n FROM failing UNION ALL SELECT n FROM ending " +
      "UNION ALL SELECT n FROM watched UNION ALL SELECT n FROM log",
  );
  return rows.map(([n]) => n).filter((n) => n !== 404);
}

for (const execution of ["inline", "worker"] as const) {
  for (const [kind, write] of Object.entries(kinds)) {
    for (const others of [0, 1, 100]) {
      const where = execution === "worker" ? " (in a thread)" : "";
      test(`what fails by ${kind} beside ${others} leaves nothing${where}`, async (t) => {
        const { db } = await openTestDatabase(t, { execution });
        await db.executeScript(SCHEMA);
        const company = Array.from(
          { length: others },
          (_, n) => db.run("INSERT INTO company VALUES (?)", [n]),
        );
        const failing = write(db);
        company.push(...Array.from(
          { length: others },
          (_, n) => db.run("INSERT INTO company VALUES (?)", [others + n]),
        ));
        await assert.rejects(failing);
        await Promise.all(company);
        assert.deepEqual(await contents(db), []);
        assert.equal(await db.value("SELECT count(*) FROM company"), 2 * others);
        assert.equal((await db.run("INSERT INTO plain VALUES (5)")).rowsAffected, 1);
      });
    }
  }
}

test("a FAIL that comes into the schema later is noticed by the next write", async (t) => {
  const { db } = await openTestDatabase(t);
  await db.run("CREATE TABLE t (n INTEGER)");
  await db.run("INSERT INTO t VALUES (1)");
  await db.run(
    "CREATE TRIGGER fails AFTER INSERT ON t BEGIN SELECT RAISE(FAIL, 'no') WHERE new.n = 3; END",
  );
  await assert.rejects(db.run("INSERT INTO t VALUES (2), (3)"), /no/);
  assert.deepEqual(await db.values("SELECT n FROM t"), [[1]]);
});
