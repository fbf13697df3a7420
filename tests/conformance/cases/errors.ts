/** Errors: one class with the same codes on every driver, and no values in the messages. */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";

import type { DriverLimit } from "../../../adapters/limits.ts";
import { type BindValue, type DriverConnection, SQLiteError } from "../../../mod.ts";
import type { Case, Fixture } from "../suite.ts";

const schema = `
  PRAGMA foreign_keys = ON;
  CREATE TABLE parent (id INTEGER PRIMARY KEY);
  CREATE TABLE t (
    id INTEGER PRIMARY KEY,
    u UNIQUE,
    n DEFAULT 1 NOT NULL,
    c CHECK (c <> 'no'),
    p REFERENCES parent (id)
  );
  INSERT INTO t (id, u) VALUES (1, 'taken');
`;

interface Failure {
  readonly name: string;
  readonly sql: string;
  readonly params?: BindValue[];
  readonly code: string;
  readonly extendedCode?: string;
  readonly rawCode: number;
  readonly limit?: DriverLimit;
}

const constraint = "SQLITE_CONSTRAINT";

const failures: readonly Failure[] = [
  {
    name: "unique",
    sql: "INSERT INTO t (u) VALUES (?)",
    params: ["taken"],
    code: constraint,
    extendedCode: "SQLITE_CONSTRAINT_UNIQUE",
    rawCode: 2067,
  },
  {
    name: "primary key",
    sql: "INSERT INTO t (id) VALUES (1)",
    code: constraint,
    extendedCode: "SQLITE_CONSTRAINT_PRIMARYKEY",
    rawCode: 1555,
    limit: "extended-codes",
  },
  {
    name: "not null",
    sql: "INSERT INTO t (n) VALUES (?)",
    params: [null],
    code: constraint,
    extendedCode: "SQLITE_CONSTRAINT_NOTNULL",
    rawCode: 1299,
  },
  {
    name: "check",
    sql: "INSERT INTO t (c) VALUES ('no')",
    code: constraint,
    extendedCode: "SQLITE_CONSTRAINT_CHECK",
    rawCode: 275,
  },
  {
    name: "foreign key",
    sql: "INSERT INTO t (p) VALUES (99)",
    code: constraint,
    extendedCode: "SQLITE_CONSTRAINT_FOREIGNKEY",
    rawCode: 787,
  },
  {
    name: "unique, with RETURNING",
    sql: "INSERT INTO t (u) VALUES ('taken') RETURNING id",
    code: constraint,
    extendedCode: "SQLITE_CONSTRAINT_UNIQUE",
    rawCode: 2067,
  },
  {
    name: "type of a rowid",
    sql: "INSERT INTO t (id) VALUES ('x')",
    code: "SQLITE_MISMATCH",
    rawCode: 20,
  },
  { name: "syntax", sql: "SELEC 1", code: "SQLITE_ERROR", rawCode: 1 },
  { name: "incomplete", sql: "SELECT", code: "SQLITE_ERROR", rawCode: 1 },
  { name: "an open quote", sql: "SELECT 'a", code: "SQLITE_ERROR", rawCode: 1 },
  { name: "missing table", sql: "SELECT * FROM nowhere", code: "SQLITE_ERROR", rawCode: 1 },
  { name: "missing column", sql: "SELECT nothing FROM t", code: "SQLITE_ERROR", rawCode: 1 },
  { name: "missing function", sql: "SELECT nothing(1)", code: "SQLITE_ERROR", rawCode: 1 },
  {
    name: "a failure in a row",
    sql: "SELECT abs(-9223372036854775808) AS a",
    code: "SQLITE_ERROR",
    rawCode: 1,
  },
  { name: "malformed JSON", sql: "SELECT json('{x') AS j", code: "SQLITE_ERROR", rawCode: 1 },
];

async function fails(
  promise: Promise<unknown>,
  { code, extendedCode = code, rawCode }: Pick<Failure, "code" | "extendedCode" | "rawCode">,
): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof SQLiteError, String(error));
    assert.deepEqual(
      { code: error.code, extendedCode: error.extendedCode, rawCode: error.rawCode },
      { code, extendedCode, rawCode },
      error.message,
    );
    return true;
  });
}

async function failsWith(promise: Promise<unknown>, code: string): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof SQLiteError, String(error));
    assert.equal(error.code, code, error.message);
    return true;
  });
}

/** Two connections to one file in WAL mode, which do not wait for locks. */
async function two({ open, file }: Fixture): Promise<[DriverConnection, DriverConnection]> {
  const path = file();
  const one = await open(path);
  await one.execute("PRAGMA journal_mode = WAL");
  await one.execute("CREATE TABLE t (a)");
  await one.execute("INSERT INTO t VALUES (1)");
  const other = await open(path);
  for (const conn of [one, other]) await conn.execute("PRAGMA busy_timeout = 0");
  return [one, other];
}

/** The bytes of a database, all pages but the first two overwritten. */
function corrupted(path: string): Uint8Array {
  const file = readFileSync(path);
  assert.ok(file.length > 10 * 4096, "the database is not in its file");
  return file.fill(0xff, 2 * 4096);
}

async function openCorrupted(fixture: Fixture): Promise<DriverConnection> {
  const path = fixture.file();
  const conn = await fixture.open(path);
  await conn.executeScript("PRAGMA page_size = 4096; CREATE TABLE t (a)");
  const values = Array.from({ length: 1000 }, () => "(zeroblob(200))").join();
  await conn.execute(`INSERT INTO t VALUES ${values}`);
  // Some are in WAL mode from the start.
  await conn.execute("PRAGMA wal_checkpoint(TRUNCATE)");
  await conn.close();
  const copy = fixture.file("corrupt.db");
  writeFileSync(copy, corrupted(path));
  return fixture.open(copy);
}

/** Opening a bad file fails at once on some drivers, and at the first statement on others. */
async function openAndRead({ open }: Fixture, path: string): Promise<void> {
  const conn = await open(path);
  await conn.execute("SELECT * FROM sqlite_schema");
}

/** Before there is a connection, the driver's own error is all there is. */
async function cannotOpen(fixture: Fixture, path: string, code: string): Promise<void> {
  await assert.rejects(openAndRead(fixture, path), (error) => {
    if (error instanceof SQLiteError) assert.equal(error.code, code, error.message);
    else assert.ok(error instanceof Error);
    return true;
  });
}

export const errorCases: readonly Case[] = [
  ...failures.map((failure): Case => ({
    name: `${failure.name}: ${failure.extendedCode ?? failure.code}`,
    limit: failure.limit,
    async run({ open }) {
      const conn = await open();
      await conn.executeScript(schema);
      await fails(conn.execute(failure.sql, failure.params), failure);
      assert.deepEqual((await conn.execute("SELECT u FROM t")).rows, [{ u: "taken" }]);
    },
    async refused({ open }) {
      const conn = await open();
      await conn.executeScript(schema);
      await failsWith(conn.execute(failure.sql, failure.params), failure.code);
    },
  })),
  {
    name: "the driver's error is the cause",
    async run({ open }) {
      const conn = await open();
      await assert.rejects(
        conn.execute("SELEC 1"),
        ({ cause, message }) => cause instanceof Error && message.length > 0,
      );
    },
  },
  {
    name: "no value of a parameter in a message",
    async run({ open }) {
      const conn = await open();
      await conn.execute("CREATE TABLE t (a UNIQUE)");
      await conn.execute("INSERT INTO t VALUES ('secret')");
      const statements = [
        "INSERT INTO t VALUES (?)",
        "SELECT json_extract('{}', ?) AS j",
        "SELECT * FROM t WHERE a = nowhere(?)",
      ];
      for (const sql of statements) {
        const problem = (error: Error) => !error.message.includes("secret");
        await assert.rejects(conn.execute(sql, ["secret"]), problem);
      }
    },
  },
  {
    name: "what a trigger raises: SQLITE_CONSTRAINT_TRIGGER",
    limit: "extended-codes",
    async run({ open }) {
      const conn = await open();
      await conn.executeScript(
        "CREATE TABLE t (a); CREATE TRIGGER no BEFORE INSERT ON t BEGIN " +
          "SELECT raise(ABORT, 'not today'); END",
      );
      await fails(conn.execute("INSERT INTO t VALUES (1)"), {
        code: constraint,
        extendedCode: "SQLITE_CONSTRAINT_TRIGGER",
        rawCode: 1811,
      });
    },
  },
  {
    name: "an error tells its statement, and no parameter",
    async run({ open }) {
      const conn = await open();
      await conn.executeScript("CREATE TABLE t (a UNIQUE)");
      const about = async (sql: string, call: () => Promise<unknown>): Promise<void> => {
        await assert.rejects(call, (error: unknown) => {
          assert.ok(error instanceof SQLiteError);
          assert.equal(error.sql, sql);
          assert.ok(!Object.values(error).includes("secret"));
          return true;
        });
      };
      const statements = ["INSERT INTO t VALUES (?1), (?1)", "SELECT ?1 FROM nowhere"];
      for (const sql of statements) {
        await about(sql, () => conn.execute(sql, ["secret"]));
        await about(sql, async () => {
          for await (const _ of conn.iterate(sql, ["secret"]));
        });
      }
      for (const sql of ["", "SELECT 1; SELECT 2"]) await about(sql, () => conn.execute(sql));
      await about("FAULTY", () => conn.executeScript("SELECT 1; FAULTY; SELECT 2"));
    },
  },
  {
    name: "what a trigger says of a lock is no sign of one",
    async run({ open, has }) {
      // Word for word SQLite's own message: only a code tells it apart.
      const alike = has("error-codes") ? [] : ["database is locked"];
      for (const words of ["the door database is locked", "database is locked!", ...alike]) {
        const conn = await open();
        await conn.executeScript(
          "DROP TABLE IF EXISTS t; CREATE TABLE t (a); " +
            `CREATE TRIGGER no BEFORE INSERT ON t BEGIN SELECT raise(ABORT, '${words}'); END`,
        );
        await assert.rejects(conn.execute("INSERT INTO t VALUES (1)"), (error: unknown) => {
          assert.ok(error instanceof SQLiteError);
          assert.ok(["SQLITE_CONSTRAINT", "SQLITE_ERROR"].includes(error.code), error.code);
          return true;
        });
      }
    },
  },
  {
    name: "a write through a read-only connection: SQLITE_READONLY",
    limit: "readonly",
    async run(fixture) {
      const path = fixture.file();
      const writer = await fixture.open(path);
      await writer.execute("CREATE TABLE t (a)");
      await writer.close();
      const reader = await fixture.open(path, { readonly: true });
      assert.deepEqual((await reader.execute("SELECT * FROM t")).rows, []);
      await failsWith(reader.execute("INSERT INTO t VALUES (1)"), "SQLITE_READONLY");
      await failsWith(reader.execute("CREATE TABLE u (a)"), "SQLITE_READONLY");
    },
  },
  {
    name: "a write while query_only is on: SQLITE_READONLY",
    limit: "settings",
    async run({ open }) {
      const conn = await open();
      await conn.execute("CREATE TABLE t (a)");
      await conn.execute("PRAGMA query_only = 1");
      await failsWith(conn.execute("INSERT INTO t VALUES (1)"), "SQLITE_READONLY");
    },
    async refused({ open }) {
      const conn = await open();
      await failsWith(conn.execute("PRAGMA query_only = 1"), "SQLITE_AUTH");
    },
  },
  {
    name: "two writers: SQLITE_BUSY, and it works once the first has ended",
    limit: "transactions",
    async run(fixture) {
      const [one, other] = await two(fixture);
      await one.execute("BEGIN IMMEDIATE");
      await failsWith(other.execute("BEGIN IMMEDIATE"), "SQLITE_BUSY");
      assert.equal(other.inTransaction, false);
      await failsWith(other.execute("INSERT INTO t VALUES (2)"), "SQLITE_BUSY");
      await one.execute("COMMIT");
      await other.execute("INSERT INTO t VALUES (2)");
    },
  },
  {
    name: "a snapshot that is out of date cannot write: SQLITE_BUSY_SNAPSHOT",
    limit: ["extended-codes", "transactions"],
    async run(fixture) {
      const [one, other] = await two(fixture);
      await one.execute("BEGIN");
      await one.execute("SELECT * FROM t");
      await other.execute("INSERT INTO t VALUES (2)");
      await fails(one.execute("INSERT INTO t VALUES (3)"), {
        code: "SQLITE_BUSY",
        extendedCode: "SQLITE_BUSY_SNAPSHOT",
        rawCode: 517,
      });
    },
    async refused(fixture) {
      if (fixture.has("transactions")) {
        const conn = await fixture.open();
        await assert.rejects(conn.execute("BEGIN"), SQLiteError);
        return;
      }
      const [one, other] = await two(fixture);
      await one.execute("BEGIN");
      await one.execute("SELECT * FROM t");
      await other.execute("INSERT INTO t VALUES (2)");
      await failsWith(one.execute("INSERT INTO t VALUES (3)"), "SQLITE_BUSY");
    },
  },
  {
    name: "a file that is no database: SQLITE_NOTADB",
    limit: "files",
    async run(fixture) {
      const path = fixture.file();
      writeFileSync(path, "This is no database, but it is long enough. ".repeat(100));
      await cannotOpen(fixture, path, "SQLITE_NOTADB");
    },
  },
  {
    name: "a corrupt file: SQLITE_CORRUPT",
    limit: "error-codes",
    async run(fixture) {
      const broken = await openCorrupted(fixture);
      await failsWith(broken.execute("SELECT count(a) AS n FROM t"), "SQLITE_CORRUPT");
    },
    async refused(fixture) {
      const broken = await openCorrupted(fixture);
      await assert.rejects(broken.execute("SELECT count(a) AS n FROM t"), SQLiteError);
    },
  },
  {
    name: "a directory that does not exist: SQLITE_CANTOPEN",
    limit: "files",
    run: (fixture) => cannotOpen(fixture, fixture.file("missing/test.db"), "SQLITE_CANTOPEN"),
  },
  {
    name: "a full database: SQLITE_FULL",
    limit: "settings",
    async run({ open }) {
      const conn = await open();
      await conn.execute("CREATE TABLE t (a)");
      await conn.execute("PRAGMA max_page_count = 3");
      await failsWith(
        conn.execute("INSERT INTO t VALUES (zeroblob(100000))"),
        "SQLITE_FULL",
      );
    },
    async refused({ open }) {
      const conn = await open();
      await failsWith(conn.execute("PRAGMA max_page_count = 3"), "SQLITE_AUTH");
    },
  },
];
