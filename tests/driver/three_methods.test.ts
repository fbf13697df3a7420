import assert from "node:assert/strict";
import { test } from "node:test";

import type { BindParams, Row } from "../../src/sqlite/types.ts";
import { nativeDriver } from "../helpers/drivers.ts";
import { ThreeMethodConnection } from "../../src/driver/three_methods.ts";

interface Made {
  readonly conn: ThreeMethodConnection;
  /** The calls that arrived, in order. */
  readonly calls: unknown[][];
}

interface Plan {
  readonly result?: unknown;
  fails?(sql: string): boolean;
}

/** A connection over an object with three methods, and what else is wanted. */
function wrap({ result, fails }: Plan = {}, extras: object = {}): Made {
  const calls: unknown[][] = [];
  const raw = {
    execute: async (sql: string, params?: BindParams) => {
      calls.push(params === undefined ? ["execute", sql] : ["execute", sql, params]);
      if (fails?.(sql) === true) throw new Error("refused");
      return result as never;
    },
    rollback: async () => {
      calls.push(["rollback"]);
    },
    close: async () => {
      calls.push(["close"]);
    },
  };
  Object.defineProperties(raw, Object.getOwnPropertyDescriptors(extras));
  return { conn: new ThreeMethodConnection(raw), calls };
}

async function collect<R>(rows: AsyncIterable<R>): Promise<R[]> {
  const all: R[] = [];
  for await (const row of rows) all.push(row);
  return all;
}

/** Results that leave something out, and what is made of them. */
const results: readonly (readonly [what: string, given: unknown, expected: object])[] = [
  ["nothing", undefined, {}],
  ["null", null, {}],
  ["an empty object", {}, {}],
  ["rows that are no array", { rows: 3 }, {}],
  ["rows alone", { rows: [{ a: 1, b: 2 }] }, { rows: [{ a: 1, b: 2 }], columns: ["a", "b"] }],
  ["columns alone", { columns: ["a"] }, { columns: ["a"] }],
  ["what it changed", { rowsAffected: 2, lastInsertRowid: 7n }, {
    rowsAffected: 2,
    lastInsertRowid: 7n,
  }],
];

for (const [what, given, expected] of results) {
  test(`a result with ${what} is filled in`, async () => {
    const { conn } = wrap({ result: given });
    const empty = { columns: [], rows: [], rowsAffected: 0, lastInsertRowid: undefined };
    assert.deepEqual(await conn.execute("x"), { ...empty, ...expected });
  });
}

test("execute hands text and parameters on as they are", async () => {
  const { conn, calls } = wrap();
  const params = { a: 1 };
  await conn.execute("SELECT :a", params);
  await conn.execute("SELECT 1");
  assert.deepEqual(calls, [["execute", "SELECT :a", params], ["execute", "SELECT 1"]]);
  assert.equal(calls[0][2], params);
});

test("rows are made by the factory, and only the first where that is wanted", async () => {
  const { conn } = wrap({
    result: { rows: [{ a: 1, b: 2 }, { a: 3, b: 4 }], columns: ["b", "a"] },
  });
  const rowFactory = (values: unknown[], columns: readonly string[]) => `${columns}=${values}`;
  assert.deepEqual((await conn.execute("x", [], { rowFactory })).rows, ["b,a=2,1", "b,a=4,3"]);
  const first = await conn.execute("x", [], { firstRowOnly: true });
  assert.deepEqual(first.rows, [{ a: 1, b: 2 }]);
});

/** Statements, and whether a transaction is open after each of them. */
const histories: readonly (readonly (readonly [sql: string, open: boolean])[])[] = [
  [["SELECT 1", false], ["BEGIN", true], ["INSERT INTO t VALUES (1)", true], ["COMMIT", false]],
  [["-- c\n begin immediate", true], ["/* c */ END", false]],
  [["BEGIN", true], ["ROLLBACK", false]],
  [["BEGIN", true], ["SAVEPOINT s", true], ["ROLLBACK TO s", true], ["RELEASE s", true]],
  [["SAVEPOINT s", true], ["COMMIT", false]],
  [["SAVEPOINT s", true], ["RELEASE s", false]],
  [["SAVEPOINT a", true], ["SAVEPOINT b", true], ["RELEASE SAVEPOINT b", true], [
    'RELEASE "A"',
    false,
  ]],
  [["SAVEPOINT a", true], ["SAVEPOINT [b c]", true], ["RELEASE a", false]],
  [["SAVEPOINT a", true], ["SAVEPOINT a", true], ["RELEASE a", true], ["RELEASE a", false]],
  [["SAVEPOINT a", true], ["SAVEPOINT b", true], ["ROLLBACK TO a", true], ["RELEASE 'a'", false]],
  [["SELECT 'BEGIN'", false], ["EXPLAIN BEGIN", false], ["", false]],
];

for (const history of histories) {
  const title = history.map(([sql]) => JSON.stringify(sql)).join(", ");
  test(`inTransaction is told from the verbs: ${title}`, async () => {
    const { conn } = wrap();
    assert.equal(conn.inTransactionIsCertain, false);
    assert.equal(conn.inTransaction, false);
    for (const [sql, expected] of history) {
      await conn.execute(sql);
      assert.equal(conn.inTransaction, expected, sql);
    }
  });
}

test("a statement that failed changes nothing", async () => {
  let open = false;
  const fails = (sql: string): boolean => {
    if (sql !== "BEGIN" || open) return true;
    open = true;
    return false;
  };
  const { conn } = wrap({ fails });
  await assert.rejects(conn.execute("BEGIN IMMEDIATE"), { message: "refused" });
  assert.equal(conn.inTransaction, false);
  await conn.execute("BEGIN");
  await assert.rejects(conn.execute("COMMIT"), { message: "refused" });
  assert.equal(conn.inTransaction, true);
});

test("rollback ends the transaction unless it fails", async () => {
  const { conn, calls } = wrap();
  await conn.execute("BEGIN");
  await conn.rollback();
  assert.equal(conn.inTransaction, false);
  assert.deepEqual(calls.at(-1), ["rollback"]);
  const broken = wrap({}, { rollback: () => Promise.reject(new Error("broken")) }).conn;
  await broken.execute("BEGIN");
  await assert.rejects(broken.rollback(), { message: "broken" });
  assert.equal(broken.inTransaction, true);
});

test("a flag of its own counts more than the verbs", async () => {
  let flag = true;
  const { conn } = wrap({}, {
    get inTransaction() {
      return flag;
    },
  });
  assert.equal(conn.inTransactionIsCertain, true);
  assert.equal(conn.inTransaction, true);
  await conn.execute("COMMIT");
  assert.equal(conn.inTransaction, true);
  flag = false;
  await conn.execute("BEGIN");
  assert.equal(conn.inTransaction, false);
});

test("a flag that is no boolean is none", () => {
  for (const inTransaction of [1, "yes", () => true, undefined]) {
    const { conn } = wrap({}, { inTransaction });
    assert.deepEqual([conn.inTransactionIsCertain, conn.inTransaction], [false, false]);
  }
});

test("iterate without one of its own runs execute, when the first row is asked for", async () => {
  const { conn, calls } = wrap({ result: { rows: [{ a: 1 }, { a: 2 }] } });
  const rows = conn.iterate("SELECT ?", [1]);
  assert.deepEqual(calls, []);
  assert.deepEqual(await collect(rows), [{ a: 1 }, { a: 2 }]);
  assert.deepEqual(calls, [["execute", "SELECT ?", [1]]]);
  assert.deepEqual(await collect(conn.iterate("x", [], { firstRowOnly: true })), [{ a: 1 }]);
  const rowFactory = ([a]: unknown[]) => a;
  assert.deepEqual(await collect(conn.iterate("x", [], { rowFactory })), [1, 2]);
});

test("its own iterate is used, and ended with the loop", async () => {
  const ended: string[] = [];
  const given: unknown[] = [];
  const { conn, calls } = wrap({}, {
    async *iterate(sql: string, params: BindParams): AsyncIterableIterator<Row> {
      given.push([sql, params]);
      try {
        for (let n = 1;; n++) yield { n, text: "x" };
      } finally {
        ended.push(sql);
      }
    },
  });
  for await (const { n } of conn.iterate("a", [7])) if (n === 3) break;
  assert.deepEqual(await collect(conn.iterate("b", [], { firstRowOnly: true })), [
    { n: 1, text: "x" },
  ]);
  const rowFactory = (values: unknown[], columns: readonly string[]) => [columns, values];
  const shaped = conn.iterate("c", [], { rowFactory });
  assert.deepEqual((await shaped.next()).value, [["n", "text"], [1, "x"]]);
  await shaped.return!();
  assert.deepEqual(ended, ["a", "b", "c"]);
  assert.deepEqual(given, [["a", [7]], ["b", []], ["c", []]]);
  assert.deepEqual(calls, []);
});

test("an iterate that is not async will do", async () => {
  const { conn } = wrap({}, { iterate: () => [{ a: 1 }, { a: 2 }] });
  assert.deepEqual(await collect(conn.iterate("x")), [{ a: 1 }, { a: 2 }]);
});

test("executeScript without one of its own runs the statements up to one that fails", async () => {
  const { conn, calls } = wrap({ fails: (sql) => sql === "bad" });
  await conn.executeScript("BEGIN; -- c\n SELECT ';' ;");
  assert.deepEqual(calls, [["execute", "BEGIN"], ["execute", "SELECT ';'"]]);
  assert.equal(conn.inTransaction, true);
  await assert.rejects(conn.executeScript("COMMIT; bad; BEGIN"), { message: "refused" });
  assert.deepEqual(calls.slice(2), [["execute", "COMMIT"], ["execute", "bad"]]);
  assert.equal(conn.inTransaction, false);
});

test("its own executeScript is used, and its transactions are seen", async () => {
  const scripts: string[] = [];
  const { conn, calls } = wrap({}, {
    executeScript: async (sql: string) => {
      scripts.push(sql);
    },
  });
  await conn.executeScript("SELECT 1; BEGIN; SELECT 2");
  assert.equal(conn.inTransaction, true);
  await conn.executeScript("COMMIT; BEGIN; ROLLBACK");
  assert.equal(conn.inTransaction, false);
  assert.deepEqual(scripts, ["SELECT 1; BEGIN; SELECT 2", "COMMIT; BEGIN; ROLLBACK"]);
  assert.deepEqual(calls, []);
});

test("close happens once, and every call hears of its failure", async () => {
  const { conn, calls } = wrap();
  await Promise.all([conn.close(), conn.close()]);
  await conn.close();
  assert.deepEqual(calls, [["close"]]);
  const broken = wrap({}, { close: () => Promise.reject(new Error("broken")) }).conn;
  await assert.rejects(broken.close(), { message: "broken" });
  await assert.rejects(broken.close(), { message: "broken" });
});

test("methods are called on the object they belong to", async () => {
  class Own {
    readonly #calls: string[] = [];
    async execute(): Promise<never> {
      this.#calls.push("execute");
      return undefined as never;
    }
    async rollback(): Promise<void> {
      this.#calls.push("rollback");
    }
    async close(): Promise<void> {
      this.#calls.push("close");
    }
    get calls(): string[] {
      return this.#calls;
    }
  }
  const raw = new Own();
  const conn = new ThreeMethodConnection(raw);
  await conn.execute("x");
  await conn.rollback();
  await conn.close();
  assert.deepEqual(raw.calls, ["execute", "rollback", "close"]);
  assert.equal(conn.raw, raw);
});

/** Failures of SQLite, and whether the transaction goes on after them. */
const failures: readonly (readonly [sql: string, goesOn: boolean])[] = [
  ["INSERT INTO t VALUES (1)", true],
  ["INSERT OR ROLLBACK INTO t VALUES (1)", false],
  ["INSERT INTO t VALUES (7)", false],
  ["SELECT nothing", true],
];

for (const [sql, goesOn] of failures) {
  test(`after ${sql} the transaction ${goesOn ? "goes on" : "has ended"}`, async (t) => {
    const handle = nativeDriver.open(":memory:");
    t.after(() => handle.close());
    handle.exec(
      "CREATE TABLE t (a UNIQUE); INSERT INTO t VALUES (1); CREATE TRIGGER no BEFORE INSERT ON t " +
        "WHEN new.a = 7 BEGIN SELECT raise(ROLLBACK, 'no'); END",
    );
    const conn = new ThreeMethodConnection({
      execute: async (text: string) => ({ rows: handle.prepare(text).all() }) as never,
      rollback: async () => void handle.exec("ROLLBACK"),
      close: async () => {},
    });
    for (const begin of ["BEGIN", "SAVEPOINT s"]) {
      await conn.execute(begin);
      await conn.execute("INSERT INTO t VALUES (2)");
      await assert.rejects(conn.execute(sql));
      assert.equal(conn.inTransaction, goesOn);
      const { rows } = await conn.execute("SELECT a FROM t");
      assert.equal(rows.length, goesOn ? 2 : 1);
      if (goesOn) await conn.rollback();
    }
  });
}
