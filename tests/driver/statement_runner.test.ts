/** What a connection does with its statements, told by a handle that keeps a diary. */

import assert from "node:assert/strict";
import { test } from "node:test";

import type { Row, SQLiteValue } from "../../src/sqlite/types.ts";
import type { Statement } from "../../src/sqlite/scan.ts";
import { SyncConnection, type SyncConnectionOptions } from "../../src/driver/sync_connection.ts";
import { cursorOver, type SyncHandle, type SyncStatement } from "../../src/driver/sync_handle.ts";

interface Diary {
  readonly conn: SyncConnection;
  /** What the handle was asked for, since this was asked for last. */
  read(): string[];
}

interface Behaviour {
  readonly options?: SyncConnectionOptions;
  /** Rows of a SELECT, by whether they are read exactly. */
  rows?(exact: boolean): SQLiteValue[][];
  /** Fails a call, by its name and the text of the statement. */
  fail?(call: string, text: string): void;
  once?(text: string): boolean;
  /** The names of the columns; `a` without it. */
  columns?(): string[];
  /** Makes objects of rows itself. */
  objects?(exact: boolean): Row[] | undefined;
}

function openDiary(behaviour: Behaviour = {}): Diary {
  const { options, rows, fail, once, columns, objects } = behaviour;
  let entries: string[] = [];
  let inTransaction = false;
  const note = (call: string, text: string) => {
    entries.push(text === "" ? call : `${call} ${text}`);
    fail?.(call, text);
  };
  const handle: SyncHandle = {
    raw: "raw",
    nulText: "allowed",
    get inTransaction() {
      return inTransaction;
    },
    prepare: ({ text, verb, returning }: Statement): SyncStatement => {
      note("prepare", text);
      const changes = text.startsWith("SELECT changes()");
      const gives = verb === "select" || verb === "pragma" || returning;
      const read = (exact: boolean) => changes ? [[2n, 7n]] : rows?.(exact) ?? [[1n]];
      return {
        once: once?.(text),
        columns: () => gives ? columns?.() ?? ["a"] : [],
        objects: objects && ((_values, exact) => (note("objects", text), objects(exact))),
        all: (_values, exact) => (note("all", text), read(exact)),
        first: (_values, exact) => (note("first", text), read(exact)[0]),
        iterate: () => (note("iterate", text), cursorOver(read(true))),
        run: () => {
          note("run", text);
          if (verb === "begin") inTransaction = true;
          if (verb === "commit" || verb === "rollback") inTransaction = false;
          return { changes: 3, lastInsertRowid: 9n };
        },
        finalize: () => note("finalize", text),
      };
    },
    close: () => note("close", ""),
    resultCodeOf: (error) => (error as { errcode?: number }).errcode,
  };
  const conn = new SyncConnection(handle, options);
  const read = () => {
    const read = entries;
    entries = [];
    return read;
  };
  return { conn, read };
}

test("a statement is prepared once and finalized with the connection", async () => {
  const { conn, read } = openDiary();
  await conn.execute("SELECT 1;");
  await conn.execute("SELECT 1;");
  assert.deepEqual(read(), ["prepare SELECT 1", "all SELECT 1", "all SELECT 1"]);
  await conn.close();
  await conn.close();
  assert.deepEqual(read(), ["finalize SELECT 1", "close"]);
});

const keptOrNot: readonly (readonly [sql: string, kept: boolean])[] = [
  ["SELECT 1", true],
  ["INSERT INTO t VALUES (1)", true],
  ["UPDATE t SET a = 1", true],
  ["BEGIN", true],
  ["COMMIT", true],
  ["SAVEPOINT s", true],
  ["RELEASE s", true],
  ["ROLLBACK", false],
  // It takes effect when it is prepared.
  ["PRAGMA foreign_keys = ON", false],
  ["EXPLAIN SELECT 1", false],
  ["CREATE TABLE t(a)", false],
  ["VACUUM", false],
];

for (const [sql, kept] of keptOrNot) {
  test(`${sql} is ${kept ? "kept" : "not kept"}`, async () => {
    const { conn, read } = openDiary();
    await conn.execute(sql);
    await conn.execute(sql);
    assert.equal(read().filter((entry) => entry === `prepare ${sql}`).length, kept ? 1 : 2);
    const cursor = conn.iterate(sql);
    await cursor.next();
    await cursor.return();
    await conn.execute(sql);
    assert.equal(read().filter((entry) => entry === `prepare ${sql}`).length, kept ? 0 : 2);
    await conn.close();
  });
}

test("a statement that asks for it is prepared anew for each use", async () => {
  const { conn, read } = openDiary({ once: (text) => text === "SELECT 1" });
  for (let i = 0; i < 2; i++) {
    await conn.execute("SELECT 1");
    assert.deepEqual(read(), ["prepare SELECT 1", "all SELECT 1", "finalize SELECT 1"]);
  }
});

test("the size of the cache is a limit", async () => {
  const { conn, read } = openDiary({ options: { statementCacheSize: 2 } });
  for (const n of [1, 2, 1, 3, 1, 2]) await conn.execute(`SELECT ${n}`);
  assert.deepEqual(read().filter((entry) => !entry.startsWith("all")), [
    "prepare SELECT 1",
    "prepare SELECT 2",
    "prepare SELECT 3",
    "finalize SELECT 2",
    "prepare SELECT 2",
    "finalize SELECT 3",
  ]);
});

test("a cursor has a statement of its own, and gives it back", async () => {
  const { conn, read } = openDiary();
  await conn.execute("SELECT 1");
  const cursor = conn.iterate("SELECT 1");
  assert.deepEqual(read(), ["prepare SELECT 1", "all SELECT 1"]);
  await cursor.next();
  await conn.execute("SELECT 1");
  assert.deepEqual(read(), ["iterate SELECT 1", "prepare SELECT 1", "all SELECT 1"]);
  await cursor.return();
  assert.deepEqual(read(), ["finalize SELECT 1"]);
  await conn.iterate("SELECT 1").next();
  assert.deepEqual(read(), ["iterate SELECT 1"]);
});

test("close() finalizes the statement that counts changes", async () => {
  const { conn, read } = openDiary();
  const count = "SELECT changes(), last_insert_rowid()";
  await conn.execute("DELETE FROM t RETURNING a");
  await conn.execute("DELETE FROM t RETURNING a");
  assert.equal(read().filter((entry) => entry === `prepare ${count}`).length, 1);
  await conn.close();
  assert.ok(read().includes(`finalize ${count}`));
});

test("close() frees what cursors hold", async () => {
  const { conn, read } = openDiary();
  const cursor = conn.iterate("SELECT 1");
  await cursor.next();
  await conn.close();
  assert.deepEqual(read(), ["prepare SELECT 1", "iterate SELECT 1", "finalize SELECT 1", "close"]);
  await assert.rejects(cursor.next(), { code: "SQLITE_MISUSE", message: /connection is closed/ });
});

test("only a SELECT stops after its first row", async () => {
  const { conn, read } = openDiary({ rows: () => [[1n], [2n]] });
  const firstRowOnly = true;
  for (const sql of ["SELECT 1", "DELETE FROM t RETURNING a", "PRAGMA x"]) {
    const { rows } = await conn.execute(sql, [], { firstRowOnly });
    assert.deepEqual(rows, [{ a: 1 }]);
  }
  assert.deepEqual(read().filter((entry) => /^(all|first) (?!SELECT changes)/.test(entry)), [
    "first SELECT 1",
    "all DELETE FROM t RETURNING a",
    "all PRAGMA x",
  ]);
});

test("only a SELECT is streamed: anything else runs to its end at the first next()", async () => {
  const { conn, read } = openDiary({ rows: () => [[1n], [2n]] });
  for (const sql of ["DELETE FROM t RETURNING a", "PRAGMA x", "DELETE FROM t"]) {
    const cursor = conn.iterate(sql);
    await cursor.next();
    await cursor.return();
  }
  assert.deepEqual(read().filter((entry) => /^(all|run|iterate)/.test(entry)), [
    "all DELETE FROM t RETURNING a",
    "all PRAGMA x",
    "run DELETE FROM t",
  ]);
});

test("numbers of rows are those of writes only", async () => {
  const { conn } = openDiary();
  const summary = async (sql: string) => {
    const { rowsAffected, lastInsertRowid } = await conn.execute(sql);
    return [rowsAffected, lastInsertRowid];
  };
  assert.deepEqual(await summary("INSERT INTO t VALUES (1)"), [3, 9]);
  assert.deepEqual(await summary("REPLACE INTO t VALUES (1)"), [3, 9]);
  assert.deepEqual(await summary("UPDATE t SET a = 1"), [3, undefined]);
  assert.deepEqual(await summary("INSERT INTO t VALUES (1) RETURNING a"), [2, 7]);
  assert.deepEqual(await summary("DELETE FROM t RETURNING a"), [2, undefined]);
  for (const sql of ["SELECT 1", "CREATE TABLE t(a)", "BEGIN", "COMMIT", "PRAGMA x"]) {
    assert.deepEqual(await summary(sql), [0, undefined], sql);
  }
});

test("in bigint mode rowids are bigints and counts are not", async () => {
  const { conn } = openDiary({ options: { intMode: "bigint" } });
  const { rowsAffected, lastInsertRowid } = await conn.execute("INSERT INTO t VALUES (1)");
  assert.deepEqual([rowsAffected, lastInsertRowid], [3, 9n]);
});

test("a SELECT with numbers in doubt is read again exactly, from then on at once", async () => {
  const doubtful = 2 ** 53;
  const { conn, read } = openDiary({
    options: { intMode: "number" },
    rows: (exact) => [[exact ? 1n : doubtful]],
  });
  assert.deepEqual((await conn.execute("SELECT 1")).rows, [{ a: 1 }]);
  assert.deepEqual((await conn.execute("SELECT 1")).rows, [{ a: 1 }]);
  assert.deepEqual(read(), ["prepare SELECT 1", ...Array(3).fill("all SELECT 1")]);
});

test("rows of another width than the columns have new columns", async () => {
  let names = ["a"];
  const { conn } = openDiary({ rows: () => [names.map(() => 1n)], columns: () => names });
  assert.deepEqual((await conn.execute("SELECT a")).rows, [{ a: 1 }]);
  names = ["a", "b"];
  assert.deepEqual(await conn.execute("SELECT a"), {
    columns: ["a", "b"],
    rows: [{ a: 1, b: 1 }],
    rowsAffected: 0,
    lastInsertRowid: undefined,
  });
});

test("objects that the driver makes are used as they are", async () => {
  const row = { a: 1 };
  const { conn, read } = openDiary({ objects: () => [row] });
  assert.equal((await conn.execute("SELECT a")).rows[0], row);
  assert.deepEqual(read(), ["prepare SELECT a", "objects SELECT a"]);
});

test("objects with numbers in doubt are not used", async () => {
  const { conn, read } = openDiary({ objects: () => [{ a: 2 ** 53 }] });
  assert.deepEqual((await conn.execute("SELECT a")).rows, [{ a: 1 }]);
  assert.deepEqual(read(), ["prepare SELECT a", "objects SELECT a", "all SELECT a"]);
});

test("objects with other names than before have new columns", async () => {
  let name = "a";
  const { conn } = openDiary({ objects: () => [{ [name]: 1 }], columns: () => [name] });
  for (const sql of ["SELECT *", "SELECT a"]) {
    name = "a";
    await conn.execute(sql);
    name = "b";
    const { columns, rows } = await conn.execute(sql);
    assert.deepEqual([columns, rows], [["b"], [{ b: 1 }]]);
  }
});

test("without rows, open columns are read again", async () => {
  let name = "a";
  const { conn } = openDiary({ objects: () => [], columns: () => [name] });
  await conn.execute("SELECT *");
  name = "b";
  assert.deepEqual((await conn.execute("SELECT *")).columns, ["b"]);
});

test("a driver may find that arrays are better", async () => {
  const { conn, read } = openDiary({ objects: () => undefined });
  assert.deepEqual((await conn.execute("SELECT a")).rows, [{ a: 1 }]);
  assert.deepEqual(read(), ["prepare SELECT a", "objects SELECT a", "all SELECT a"]);
});

test("objects are for plain rows of a SELECT only", async () => {
  const { conn, read } = openDiary({ options: { intMode: "bigint" }, objects: () => [] });
  await conn.execute("PRAGMA x", [], { firstRowOnly: true });
  await conn.execute("DELETE FROM t RETURNING a");
  await conn.execute("SELECT a", [], { rowFactory: (values) => values });
  await conn.iterate("SELECT b").next();
  assert.ok(!read().some((entry) => entry.startsWith("objects")));
});

test("a write is never run again: its rows are read exactly at once", async () => {
  const asked: boolean[] = [];
  const { conn } = openDiary({ rows: (exact) => (asked.push(exact), [[2n ** 60n]]) });
  await assert.rejects(conn.execute("DELETE FROM t RETURNING a"), {
    name: "SQLiteIntegerRangeError",
    column: "a",
  });
  assert.deepEqual(asked, [true]);
});

const schemaChanges = ["CREATE TABLE t(a)", "ALTER TABLE t ADD b", "DROP TABLE t", "VACUUM"];

for (const sql of schemaChanges) {
  test(`${sql} lets go of all statements`, async () => {
    const { conn, read } = openDiary();
    await conn.execute("SELECT 1");
    const cursor = conn.iterate("SELECT 2");
    await cursor.next();
    await conn.execute(sql);
    assert.ok(read().includes("finalize SELECT 1"));
    await cursor.return();
    assert.deepEqual(read(), ["finalize SELECT 2"]);
  });
}

test("a rollback lets go of all statements only where it may undo a change of the schema", async () => {
  const { conn, read } = openDiary();
  const finalizedBy = async (sql: string) => {
    await conn.execute("SELECT 1");
    read();
    await conn.execute(sql);
    return read().includes("finalize SELECT 1");
  };
  assert.equal(await finalizedBy("ROLLBACK"), false);
  await conn.execute("CREATE TABLE t(a)");
  assert.equal(await finalizedBy("ROLLBACK TO s"), true);
  assert.equal(await finalizedBy("ROLLBACK"), true);
});

test("a script keeps nothing and reads nothing twice", async () => {
  const { conn, read } = openDiary({ rows: () => [[2 ** 60]] });
  await conn.executeScript("INSERT INTO t VALUES (1); SELECT 1;");
  assert.deepEqual(read(), [
    ...["prepare INSERT INTO t VALUES (1)", "run INSERT INTO t VALUES (1)"],
    ...["finalize INSERT INTO t VALUES (1)", "prepare SELECT 1", "all SELECT 1"],
    "finalize SELECT 1",
  ]);
});

test("rollback() outside a transaction asks the handle for nothing", async () => {
  const { conn, read } = openDiary();
  await conn.rollback();
  assert.deepEqual(read(), []);
  await conn.execute("BEGIN");
  await conn.rollback();
  assert.equal(conn.inTransaction, false);
  assert.deepEqual(read().at(-2), "run ROLLBACK");
});

for (const call of ["prepare", "all", "run", "iterate"]) {
  test(`an error of the driver in ${call} leaves as an SQLiteError`, async () => {
    const cause = Object.assign(new Error("locked"), { errcode: 517 });
    const { conn } = openDiary({
      fail: (failing) => {
        if (failing === call) throw cause;
      },
    });
    const sql = call === "run" ? "DELETE FROM t" : "SELECT 1";
    const work = call === "iterate" ? conn.iterate(sql).next() : conn.execute(sql);
    await assert.rejects(work, (error: Error) => {
      assert.equal(error.cause, cause);
      const { name, message, code, extendedCode } = error as Error & Record<string, unknown>;
      assert.deepEqual([name, message, code, extendedCode], [
        ...["SQLiteError", "locked", "SQLITE_BUSY", "SQLITE_BUSY_SNAPSHOT"],
      ]);
      return true;
    });
  });
}

test("an error without a code is told by its message, and anything may be thrown", async () => {
  for (const [thrown, code] of [[new Error("database is locked"), 5], ["what", 1]] as const) {
    const { conn } = openDiary({
      fail: () => {
        throw thrown;
      },
    });
    await assert.rejects(conn.execute("SELECT 1"), { name: "SQLiteError", rawCode: code });
  }
});

test("an error of a row factory is its own", async () => {
  const { conn } = openDiary();
  const mine = new TypeError("mine");
  const rowFactory = () => {
    throw mine;
  };
  await assert.rejects(conn.execute("SELECT 1", [], { rowFactory }), mine);
  await assert.rejects(conn.iterate("SELECT 1", [], { rowFactory }).next(), mine);
});

test("a close that fails is told to every caller, and no call is taken any more", async () => {
  const { conn, read } = openDiary({
    fail: (call) => {
      if (call === "close") throw new Error("cannot close");
    },
  });
  await assert.rejects(conn.close(), { name: "SQLiteError", message: "cannot close" });
  await assert.rejects(conn.close(), { name: "SQLiteError", message: "cannot close" });
  assert.deepEqual(read(), ["close"]);
  assert.throws(() => conn.executeSync("SELECT 1"), { code: "SQLITE_MISUSE" });
});

test("every call has done its work when it returns", () => {
  const { conn, read } = openDiary();
  void conn.execute("SELECT 1");
  void conn.executeScript("SELECT 2");
  void conn.execute("BEGIN");
  void conn.rollback();
  void conn.close();
  assert.equal(read().at(-1), "close");
});

test("no call throws before it returns a promise", async () => {
  const { conn } = openDiary();
  const wrong = undefined as unknown as string;
  for (const call of [() => conn.execute(wrong), () => conn.executeScript(wrong)]) {
    await assert.rejects(call(), TypeError);
  }
  await assert.rejects(conn.iterate(wrong).next(), TypeError);
});

test("options are checked", () => {
  const open = (options: object) => () => openDiary({ options });
  assert.throws(open({ intMode: "big" }), { name: "TypeError", message: /intMode .*got big/ });
  assert.throws(open({ statementCacheSize: -1 }), { name: "RangeError", message: /got -1/ });
  assert.throws(open({ statementCacheSize: 1.5 }), RangeError);
});
