/** `openDurableObject` inside workerd: transactions, cursors, limits, and what the platform breaks on. */

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { skipFor } from "../helpers/skip_reasons.ts";
import { noWorkerd, type StartedWorker, startWorker } from "./harness/workerd.ts";

/** Each scenario runs in an object of its own, and gives what it saw as JSON. */
const source = `
import { SQLiteError, SQLiteIntegerRangeError, sql } from "./mod.ts";
import { openDurableObject } from "./src/edge/durable_object.ts";

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const told = (promise) => promise.then(
  (value) => ({ value }),
  ({ name, code, extendedCode, message, index, sql }) => ({ name, code, extendedCode, message, index, sql }),
);
const names = (db) => db.values("SELECT name FROM t ORDER BY rowid").then((rows) => rows.flat().join(" "));

const scenarios = {
  async observed(_, ctx) {
    const events = [];
    const operations = [];
    const warnings = [];
    const db = openDurableObject(ctx.storage, {
      name: "cart",
      onStatement: ({ sql, rows, place, error }) => events.push([sql, rows, place, ...(error ? [error.code] : [])]),
      slowStatementMs: 0,
      onWarning: ({ message }) => warnings.push(message),
    });
    for (const watch of db.watched.watches) {
      watch.add({
        kinds: ["query", "transaction"],
        ended: ({ kind, context: { sql, name, role } }) => operations.push([kind, sql, name, role].join(" ")),
      });
    }
    await db.run("INSERT INTO t (name) VALUES (?)", ["secret"]);
    await db.get("SELECT name FROM t");
    await db.run("INSERT INTO t VALUES (1, 'x')").catch(() => {});
    await db.write(async (tx) => {
      await tx.run("INSERT INTO t (name) VALUES ('a')");
      await tx.transaction((inner) => inner.value("SELECT 1"));
    });
    await db.batch([{ sql: "SELECT 2" }, { sql: "SELECT nothing" }, { sql: "SELECT 3" }]).catch(() => {});
    await db.batch([{ sql: "SELECT 4" }]);
    for await (const row of db.iterate("SELECT id FROM t")) break;
    await db.executeScript("SELECT 5; SELECT 6");
    await db.close();
    return { events, operations, warnings: warnings.length, closed: (await told(db.get("SELECT 1"))).message };
  },
  async committed(db) {
    const value = await db.write(async (tx) => {
      await tx.run("INSERT INTO t (name) VALUES (?)", ["one"]);
      await tx.run("INSERT INTO t (name) VALUES (?)", ["two"]);
      return tx.value("SELECT count(*) FROM t");
    });
    return [value, await names(db)];
  },
  async thrown(db) {
    const failed = await told(db.write(async (tx) => {
      await tx.run("INSERT INTO t (name) VALUES ('gone')");
      throw new TypeError("no");
    }));
    return [failed.name, await names(db)];
  },
  async twoAtOnce(db) {
    const order = [];
    const one = db.write(async (tx) => {
      order.push("one begins");
      await tx.run("INSERT INTO t (name) VALUES ('one')");
      await tx.get("SELECT 1");
      order.push("one throws");
      throw new Error("no");
    });
    const two = db.write(async (tx) => {
      order.push("two begins");
      await tx.run("INSERT INTO t (name) VALUES ('two')");
      await tx.get("SELECT 1");
      order.push("two ends");
    });
    const plain = Promise.all([1, 2, 3].map((n) => db.run("INSERT INTO t (name) VALUES (?)", ["plain" + n])));
    const settled = await Promise.allSettled([one, two, plain]);
    return [settled.map(({ status }) => status), order, await names(db)];
  },
  // What is written beside an open transaction must not be undone with it.
  async plainBeside(db) {
    let begun;
    const isBegun = new Promise((resolve) => { begun = resolve; });
    const seen = [];
    const tx = told(db.write(async (tx) => {
      await tx.run("INSERT INTO t (name) VALUES ('gone')");
      begun();
      for (let i = 0; i < 20; i++) await tx.get("SELECT 1");
      throw new Error("no");
    }));
    await isBegun;
    const read = names(db).then((value) => seen.push("read: " + value));
    const wrote = db.run("INSERT INTO t (name) VALUES ('kept')").then(() => seen.push("wrote"));
    const batched = db.batch([{ sql: "INSERT INTO t (name) VALUES ('batched')" }]).then(() => seen.push("batched"));
    await Promise.all([tx, read, wrote, batched]);
    return [seen, await names(db), db.stats.writer.waiting, db.stats.writer.queued];
  },
  async sleeps(db) {
    const slow = await told(db.write(async (tx) => {
      await tx.run("INSERT INTO t (name) VALUES ('gone')");
      await sleep(1);
      await tx.run("INSERT INTO t (name) VALUES ('late')");
    }));
    await sleep(5);
    return [slow.name, slow.message, await names(db)];
  },
  // A timer of other code used to keep such a transaction until the platform reset the object.
  async waitsForATimerOutside(db) {
    const outside = sleep(1);
    const slow = await told(db.write(async (tx) => {
      await tx.run("INSERT INTO t (name) VALUES ('gone')");
      await tx.value("WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 300000) SELECT max(n) FROM c");
      await outside;
    }));
    await outside;
    await db.run("INSERT INTO t (name) VALUES ('after')");
    return [slow.name, await names(db)];
  },
  async outerInside(db) {
    const used = await told(db.write(async (tx) => {
      await tx.run("INSERT INTO t (name) VALUES ('gone')");
      await db.run("INSERT INTO t (name) VALUES ('deadlock')");
    }));
    return [used.name, await names(db)];
  },
  async writeInsideWrite(db) {
    const used = await told(db.write(async () => {
      await db.write((tx) => tx.run("INSERT INTO t (name) VALUES ('inner')"));
    }));
    await sleep(5);
    return [used.name, await names(db)];
  },
  async nested(db) {
    await db.write(async (tx) => {
      await tx.run("INSERT INTO t (name) VALUES ('outer')");
      await tx.transaction(async (inner) => {
        await inner.run("INSERT INTO t (name) VALUES ('gone')");
        throw new Error("no");
      }).catch(() => {});
      await tx.transaction((inner) => inner.run("INSERT INTO t (name) VALUES ('inner')"));
      await tx.transaction((inner) => inner.transaction((third) => third.run("INSERT INTO t (name) VALUES ('third')")));
    });
    return names(db);
  },
  async nestedAtOnce(db) {
    await db.write(async (tx) => {
      const settled = await Promise.allSettled([
        tx.transaction(async (inner) => {
          await inner.run("INSERT INTO t (name) VALUES ('gone')");
          await inner.get("SELECT 1");
          throw new Error("no");
        }),
        tx.transaction((inner) => inner.run("INSERT INTO t (name) VALUES ('kept')")),
        tx.run("INSERT INTO t (name) VALUES ('beside')"),
      ]);
      return settled;
    });
    return (await names(db)).split(" ").sort();
  },
  async nestedAndLeft(db) {
    await db.write(async (tx) => {
      tx.transaction((inner) => inner.run("INSERT INTO t (name) VALUES ('not awaited')"));
    });
    return names(db);
  },
  async rollback(db) {
    const ended = await told(db.write(async (tx) => {
      await tx.run("INSERT INTO t (name) VALUES ('gone')");
      await tx.rollback();
      const state = tx.inTransaction;
      const late = await told(tx.run("INSERT INTO t (name) VALUES ('outside')"));
      if (state !== false || late.name !== "TransactionEndedError") throw new Error("it went on");
    }));
    const nested = await told(db.write(async (tx) => {
      await tx.run("INSERT INTO t (name) VALUES ('gone')");
      await tx.transaction((inner) => inner.rollback()).catch(() => {});
    }));
    return [ended.name, nested.name, await names(db)];
  },
  async keptConnection(db) {
    let kept;
    await db.write(async (tx) => { kept = tx; });
    let cursor;
    await db.write(async (tx) => {
      await tx.run("INSERT INTO t (name) VALUES ('a'), ('b')");
      cursor = tx.iterate("SELECT name FROM t");
      await cursor.next();
    });
    return [(await told(kept.run("INSERT INTO t (name) VALUES ('late')"))).name, (await told(cursor.next())).name, await names(db)];
  },
  async snapshot(db) {
    const write = await told(db.read((snapshot) => snapshot.run("INSERT INTO t (name) VALUES ('no')")));
    const nested = await told(db.read((snapshot) => snapshot.transaction((tx) => tx.run("DELETE FROM t"))));
    const sum = await db.read(async (snapshot) => {
      const first = await snapshot.value("SELECT count(*) FROM t");
      const beside = db.run("INSERT INTO t (name) VALUES ('beside')");
      return [first, await snapshot.value("SELECT count(*) FROM t"), beside];
    });
    await sum[2];
    return [write.code, nested.code, sum[0], sum[1], await names(db)];
  },
  async readsRefuseWrites(db) {
    const codes = [];
    for (const method of ["get", "all", "value", "values"]) {
      codes.push((await told(db[method]("INSERT INTO t (name) VALUES ('no') RETURNING name"))).code);
    }
    codes.push((await told(db.iterate("DELETE FROM t RETURNING name").next())).code);
    return [codes, await names(db)];
  },
  async batch(db) {
    const [inserted, read] = await db.batch([
      { sql: "INSERT INTO t (name) VALUES (?)", params: ["a"] },
      { sql: sql\`SELECT name FROM t WHERE name = \${"a"}\` },
    ]);
    const failed = await told(db.batch([
      { sql: "INSERT INTO t (name) VALUES ('gone')" },
      { sql: "INSERT INTO t (id) VALUES (1)" },
    ]));
    const control = await told(db.batch([{ sql: "BEGIN" }]));
    return [inserted.rowsAffected, read.rows, failed.extendedCode, failed.index, failed.sql, control.code, await db.batch([]), await names(db)];
  },
  async failingPart(db) {
    const fail = await told(db.run("INSERT OR FAIL INTO t (id, name) VALUES (1, 'gone'), (1, 'twice')"));
    const rows = await told(db.run("INSERT INTO t (name) VALUES ('gone') RETURNING 9007199254740993 AS big"));
    const factory = await told(db.run("INSERT INTO t (name) VALUES ('gone') RETURNING name", [], {
      rowFactory() { throw new RangeError("mine"); },
    }));
    return [fail.extendedCode, rows.name, factory.name, await names(db)];
  },
  async rollbackClauses(db) {
    const texts = [
      "INSERT OR ROLLBACK INTO t (id) VALUES (1)",
      "UPDATE OR ROLLBACK t SET id = 1",
      "CREATE TABLE u (a UNIQUE ON CONFLICT ROLLBACK)",
      "CREATE TRIGGER r BEFORE INSERT ON t BEGIN SELECT RAISE(ROLLBACK, 'no'); END",
    ];
    const codes = [];
    for (const text of texts) codes.push((await told(db.run(text))).code);
    codes.push((await told(db.executeScript("SELECT 1; " + texts[0]))).code);
    await db.run("INSERT INTO t (name) VALUES ('rollback') /* ROLLBACK */");
    await db.run('CREATE TABLE "rollback" (a)');
    return [codes, await names(db)];
  },
  async control(db) {
    const found = [];
    for (const text of ["BEGIN", "COMMIT", "SAVEPOINT a", "ROLLBACK", "RELEASE a"]) {
      found.push((await told(db.run(text))).code, (await told(db.write((tx) => tx.run(text)))).code);
    }
    const tx = await db.write(async (tx) => [(await told(tx.begin())).code, (await told(tx.commit())).code]);
    return [[...new Set(found)], tx, (await told(db.run("BEGIN"))).message.includes("write(async (tx)")];
  },
  async cursors(db) {
    await db.executeScript("INSERT INTO t (name) VALUES ('a'), ('b'), ('c'), ('d')");
    const seen = [];
    for await (const { name } of db.iterate("SELECT name FROM t ORDER BY rowid")) {
      seen.push(name);
      if (name === "a") {
        await db.write(async (tx) => {
          await tx.get("SELECT 1");
          throw 0;
        }).catch(() => {});
        await db.batch([{ sql: "SELECT 1" }, { sql: "SELECT abs(-9223372036854775808)" }])
          .catch(() => {});
      }
      if (name === "b") {
        await db.run("INSERT INTO t (name) VALUES ('e')");
        await db.run("DELETE FROM t WHERE name = 'c'");
        await db.write((tx) => tx.run("INSERT INTO t (name) VALUES ('x')").then(() => { throw 0; })).catch(() => {});
      }
    }
    // The cursors that are left, and the one that is open, must not keep the table.
    for await (const _ of db.iterate("SELECT name FROM t")) break;
    await db.get("SELECT name FROM t");
    const open = db.iterate("SELECT name FROM t");
    await open.next();
    await db.run("DROP TABLE t");
    return [seen, (await open.next()).value];
  },
  async cursorInTransaction(db) {
    await db.run("INSERT INTO t (name) VALUES ('a'), ('b'), ('c')");
    const outer = db.iterate("SELECT name FROM t ORDER BY rowid");
    await outer.next();
    return db.write(async (tx) => {
      const seen = [];
      for await (const { name } of tx.iterate("SELECT name FROM t")) {
        await tx.run("UPDATE t SET name = name || '!' WHERE name = ?", [name]);
        seen.push(name);
      }
      for await (const { name } of outer) seen.push("outer " + name);
      return seen;
    });
  },
  async endlessCursor(db) {
    const endless = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n FROM c";
    for await (const { n } of db.iterate(endless)) if (n === 5) break;
    return (await db.get(endless)).n;
  },
  async types(db) {
    const row = await db.get(
      "SELECT typeof(?1) a, typeof(?2) b, typeof(?3) c, typeof(?4) d, typeof(?5) e, typeof(?6) f, 7 / ?1 g, '1' = ?1 h, CAST(?4 AS TEXT) i",
      [2, 2.5, true, 2n ** 63n - 1n, -0, 2 ** 53],
    );
    const names = (await db.run("SELECT ?, 1 + :a", [1, 2])).columns;
    const mixed = await db.values("SELECT ?3, :a, ?, '?' || ?1 -- ?", [1, 2, 3, "x", 5n].slice(0, 5));
    const big = await told(db.get("SELECT 9007199254740993 AS big"));
    const rowid = await db.run("INSERT INTO t (id) VALUES (?)", [2n ** 62n]);
    return [row, names, mixed, big.name, String(rowid.lastInsertRowid)];
  },
  async misuse(db) {
    const messages = [];
    const calls = [
      () => openDurableObject({}), () => openDurableObject(), () => openDurableObject(db.raw, 1),
    ];
    for (const call of calls) {
      try { call(); } catch (error) { messages.push(error.name); }
    }
    const promises = [
      db.get(), db.get("SELECT ?"), db.get("SELECT 1", [], { timeout: 1 }), db.get("SELECT 1; SELECT 2"),
      db.get("SELECT ?", [undefined]), db.get("SELECT ?", [new Date()]), db.get("SELECT ?", [NaN]),
      db.get("SELECT 1", [], { timeoutMs: -1 }), db.get("SELECT 1", [], { signal: AbortSignal.abort("mine") }),
      db.run("SELECT 1", [], 5), db.batch("x"), db.batch([{ sql: 1 }]), db.batch([null]), db.batch([{ sql: "SELECT 1", args: [] }]), db.executeScript(5),
      db.write(), db.write(() => {}, { mode: "x" }), db.read(5), db.connection(), db.checkpoint(), db.backup("x"),
      db.iterate("SELECT 1", [], { rowFactry: 1 }).next(), db.close({ timeout: 5 }),
      db.write(() => {}, { retries: "x" }), db.batch([{ sql: "SELECT 1", rowFactory: 5 }]),
    ];
    for (const promise of promises) {
      messages.push(await promise.then(() => "accepted", (error) => error?.name ?? error));
    }
    return messages;
  },
  async signalInside(db) {
    const abort = new AbortController();
    const { message } = await told(db.write(async (tx) => {
      await tx.run("INSERT INTO t (name) VALUES ('undone')");
      abort.abort(new Error("gone"));
    }, { signal: abort.signal }));
    return [message, await names(db)];
  },
  async closing(db) {
    const late = db.write(async (tx) => { await tx.run("INSERT INTO t (name) VALUES ('in time')"); });
    const closed = db.close();
    const refused = await told(db.get("SELECT 1"));
    await Promise.all([late, closed]);
    return [refused.name, db.closed, db.close() === closed, db.stats.writer.size];
  },
  async sessions(db) {
    const session = db.session({ after: "anything" });
    await session.run("INSERT INTO t (name) VALUES ('a')");
    return [await session.value("SELECT name FROM t"), typeof session.bookmark];
  },
  async paramsTaken(db) {
    const bytes = Uint8Array.of(1, 2);
    const params = ["kept"];
    let begun;
    const isBegun = new Promise((resolve) => { begun = resolve; });
    const tx = db.write(async (tx) => { begun(); for (let i = 0; i < 9; i++) await tx.get("SELECT 1"); });
    await isBegun;
    const call = db.run("INSERT INTO t (name) VALUES (?)", params);
    const blob = db.value("SELECT hex(?)", [bytes]);
    params[0] = "changed";
    bytes.fill(9);
    await Promise.all([tx, call]);
    return [await names(db), await blob];
  },
  // Where migrations run: the platform lets nothing else in meanwhile, the first write included.
  async insideAnotherSection(db, ctx) {
    const before = db.write((tx) => tx.run("INSERT INTO t (name) VALUES ('first')"));
    const inside = await ctx.blockConcurrencyWhile(async () => {
      await db.executeScript("CREATE TABLE migrated (a); INSERT INTO t (name) VALUES ('script')");
      await db.write((tx) => tx.run("INSERT INTO t (name) VALUES ('inside')"));
      return await names(db);
    });
    await before;
    return [inside.includes("script inside"), (await names(db)).split(" ").sort()];
  },
  // Each request, or a helper, may open one of its own.
  async twoDatabases(db, ctx) {
    const other = openDurableObject(ctx.storage);
    let begun;
    const isBegun = new Promise((resolve) => { begun = resolve; });
    const tx = told(db.write(async (tx) => {
      await tx.run("INSERT INTO t (name) VALUES ('gone')");
      begun();
      for (let i = 0; i < 20; i++) await tx.get("SELECT 1");
      throw new Error("no");
    }));
    await isBegun;
    await other.run("INSERT INTO t (name) VALUES ('kept')");
    await tx;
    await other.close();
    return [(await told(other.get("SELECT 1"))).name, await names(db)];
  },
  // A statement that writes and has not ended keeps the platform from beginning a transaction.
  async unreadRows(db) {
    await db.run("INSERT INTO t (name) VALUES ('a'), ('b'), ('c')");
    const big = "9007199254740993 AS big";
    const failed = [];
    for (const text of ["UPDATE t SET name = 'gone' RETURNING " + big, "SELECT " + big + " FROM t"]) {
      failed.push((await told(db.run(text))).name);
    }
    failed.push((await told(db.get("SELECT " + big + " FROM t"))).name);
    const cursor = db.iterate("SELECT CASE WHEN id > 1 THEN 9007199254740993 END AS big FROM t");
    await cursor.next();
    await db.write((tx) => tx.run("INSERT INTO t (name) VALUES ('d')"));
    failed.push((await told(cursor.next())).name);
    const seen = await names(db);
    await db.run("DROP TABLE t");
    return [failed, seen];
  },
  async columnTypes(db) {
    const refused = await told(db.run("SELECT 1", [], { columnTypes: true }));
    const inside = await db.write((tx) => told(tx.execute("SELECT 1", [], { columnTypes: true })));
    const declined = await db.execute("SELECT 1 AS a", [], { columnTypes: false });
    return [refused.code, refused.message.includes("columnTypes"), inside.code, declined.rows];
  },
  async crash(db, ctx) {
    await db.run("INSERT INTO t (name) VALUES ('before')");
    await ctx.storage.sync();
    await db.write(async (tx) => {
      await tx.run("INSERT INTO t (name) VALUES ('gone')");
      ctx.abort("crash");
      await tx.run("INSERT INTO t (name) VALUES ('gone too')");
    });
  },
  names,
};

export class Scenarios {
  constructor(ctx) {
    this.ctx = ctx;
    this.db = openDurableObject(ctx.storage);
  }
  async fetch(request) {
    const { db, ctx } = this;
    await db.run("CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY, name TEXT)");
    const name = new URL(request.url).pathname.slice(1);
    if (name === "hold") {
      await db.write(async (tx) => { for (let i = 0; i < 50; i++) await tx.run("INSERT INTO t (name) VALUES ('x')"); });
      return Response.json(await db.value("SELECT count(*) FROM t"));
    }
    const result = await scenarios[name](db, ctx);
    return Response.json(result, { headers: {} });
  }
}

export default {
  fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url);
    const id = env.SCENARIOS.idFromName(searchParams.get("object") ?? pathname);
    return env.SCENARIOS.get(id).fetch(request).catch((error) => new Response(String(error), { status: 500 }));
  },
};
`;

let starting: Promise<StartedWorker> | undefined;
const start = () =>
  starting ??= startWorker({ source, durableObjects: { SCENARIOS: "Scenarios" } });
if (noWorkerd === undefined) after(() => starting?.then((worker) => worker.stop()));

async function see(scenario: string): Promise<unknown> {
  const worker = await start();
  const response = await worker.fetch(`http://x/${scenario}`);
  if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
  return await response.json();
}

const refusedByName = "SQLitePoolError";
const stalled = "The callback of a transaction waits for something else than its own connection, " +
  "while the Durable Object stands still for it: it was rolled back. Fetch, sleep and wait for " +
  "others before the transaction, and use tx in place of db inside it.";

/** Scenario, what it shows, and what it gives. */
const expected: readonly (readonly [scenario: string, name: string, gives: unknown])[] = [
  [
    "observed",
    "hooks and observers are told of each statement and transaction once",
    {
      events: [
        ["INSERT INTO t (name) VALUES (?)", 0, "edge"],
        ["SELECT name FROM t", 1, "edge"],
        ["INSERT INTO t VALUES (1, 'x')", 0, "edge", "SQLITE_CONSTRAINT"],
        ["INSERT INTO t (name) VALUES ('a')", 0, "edge"],
        ["SELECT 1", 1, "edge"],
        ["SELECT 2", 1, "edge"],
        ["SELECT nothing", 0, "edge", "SQLITE_ERROR"],
        ["SELECT 4", 1, "edge"],
        ["SELECT id FROM t", 1, "edge"],
        ["SELECT 5; SELECT 6", 0, "edge"],
      ],
      operations: [
        "query INSERT INTO t (name) VALUES (?) cart writer",
        "query SELECT name FROM t cart reader",
        "query INSERT INTO t VALUES (1, 'x') cart writer",
        "query INSERT INTO t (name) VALUES ('a') cart writer",
        "query SELECT 1 cart writer",
        "transaction SAVEPOINT cart writer",
        "transaction BEGIN IMMEDIATE cart writer",
        "query SELECT 2 cart writer",
        "query SELECT nothing cart writer",
        "transaction BEGIN IMMEDIATE cart writer",
        "query SELECT 4 cart writer",
        "transaction BEGIN IMMEDIATE cart writer",
        "query SELECT id FROM t cart reader",
        "query SELECT 5; SELECT 6 cart writer",
      ],
      warnings: 10,
      closed: '"cart": The database is closed. Open it again to go on.',
    },
  ],
  ["committed", "write commits what its callback did", [2, "one two"]],
  ["thrown", "write undoes what its callback did before it threw", ["TypeError", ""]],
  [
    "twoAtOnce",
    "two transactions at once run one after the other, and the one that fails undoes its own only",
    [
      ["rejected", "fulfilled", "fulfilled"],
      ["one begins", "one throws", "two begins", "two ends"],
      "plain1 plain2 plain3 two",
    ],
  ],
  [
    "plainBeside",
    "calls made while a transaction is open wait for it, so that its rollback leaves them alone",
    [["wrote", "batched", "read: "], "kept batched", 0, 3],
  ],
  ["sleeps", "a callback that sleeps is rolled back and told", [refusedByName, stalled, ""]],
  [
    "waitsForATimerOutside",
    "a callback that waits for a timer of others is rolled back before the platform freezes",
    [refusedByName, "after"],
  ],
  ["outerInside", "a callback that waits for the database around it is told", [
    refusedByName,
    "deadlock",
  ]],
  ["writeInsideWrite", "write inside write is told, and runs when the other is over", [
    refusedByName,
    "inner",
  ]],
  ["nested", "nested transactions are savepoints", "outer inner third"],
  ["nestedAtOnce", "two nested transactions at once do not mix", ["beside", "kept"]],
  ["nestedAndLeft", "a nested transaction that nobody awaits is waited for", "not awaited"],
  ["rollback", "rollback inside a callback ends the transaction, from a nested one too", [
    "TransactionEndedError",
    "TransactionEndedError",
    "",
  ]],
  ["keptConnection", "a connection and its cursors are dead when the callback is over", [
    "ConnectionReleasedError",
    "ConnectionReleasedError",
    "a b",
  ]],
  ["snapshot", "read gives one snapshot, and refuses to write", [
    ...["SQLITE_READONLY", "SQLITE_READONLY"],
    ...[0, 0, "beside"],
  ]],
  ["readsRefuseWrites", "methods that read refuse statements that write", [
    Array(5).fill("SQLITE_READONLY"),
    "",
  ]],
  ["batch", "batch is all or nothing, and its error names the statement", [
    ...[1, [{ name: "a" }], "SQLITE_CONSTRAINT_PRIMARYKEY", 1, "INSERT INTO t (id) VALUES (1)"],
    ...["SQLITE_MISUSE", [], "a"],
  ]],
  ["failingPart", "a write that fails in part leaves nothing", [
    ...["SQLITE_CONSTRAINT_PRIMARYKEY", "SQLiteIntegerRangeError", "RangeError", ""],
  ]],
  ["rollbackClauses", "a ROLLBACK clause, which would reset the object, never reaches it", [
    Array(5).fill("SQLITE_MISUSE"),
    "rollback",
  ]],
  ["control", "transactions in SQL are refused with what to use instead", [
    ["SQLITE_MISUSE"],
    ["SQLITE_MISUSE", "SQLITE_MISUSE"],
    true,
  ]],
  ["cursors", "a cursor keeps its snapshot beside writes, and never keeps a table from its end", [
    ["a", "b", "c", "d"],
    { name: "b" },
  ]],
  ["cursorInTransaction", "cursors of a transaction and around it read on beside its writes", [
    ...["a", "b", "c", "outer b", "outer c"],
  ]],
  ["endlessCursor", "an endless statement gives its first rows", 1],
  ["types", "whole numbers are INTEGERs without affinity, large ones exact or refused", [
    {
      ...{ a: "integer", b: "real", c: "integer", d: "integer", e: "real", f: "real" },
      ...{ g: 3, h: 0, i: "9223372036854775807" },
    },
    ["?", "1 + :a"],
    [[3, "x", 5, "?1"]],
    "SQLiteIntegerRangeError",
    "4611686018427387904",
  ]],
  ["misuse", "what is passed wrongly is refused by name", [
    ...["TypeError", "TypeError", "TypeError"],
    ...["TypeError", "RangeError", "TypeError", "SQLiteError"],
    ...["TypeError", "TypeError", "RangeError"],
    ...["RangeError", "mine", "TypeError"],
    ...["TypeError", "TypeError", "TypeError", "TypeError", "TypeError"],
    ...["TypeError", "TypeError", "TypeError", refusedByName, refusedByName, refusedByName],
    ...["TypeError", "TypeError"],
    ...["RangeError", "TypeError"],
  ]],
  ["signalInside", "a signal that aborts in a transaction rolls it back", ["gone", ""]],
  ["closing", "close waits for transactions, and refuses new calls", [
    ...["PoolClosedError", true, true, 0],
  ]],
  ["sessions", "a session takes any bookmark", ["a", "string"]],
  ["insideAnotherSection", "write works inside blockConcurrencyWhile, where migrations run", [
    true,
    ["first", "inside", "script"],
  ]],
  ["twoDatabases", "two databases on one storage wait for each other, and close alone", [
    "PoolClosedError",
    "kept",
  ]],
  ["unreadRows", "a row that cannot be given leaves no statement open", [
    Array(4).fill("SQLiteIntegerRangeError"),
    "a b c d",
  ]],
  ["columnTypes", "the declared types of columns are refused by name", [
    ...["SQLITE_MISUSE", true, "SQLITE_MISUSE", [{ a: 1 }]],
  ]],
  ["paramsTaken", "parameters are taken at the call, also of calls that wait", ["kept", "0102"]],
];

for (const [scenario, name, gives] of expected) {
  test(name, skipFor(name, noWorkerd), async () => {
    assert.deepEqual(await see(scenario), gives);
  });
}

const crash = "a crash in a transaction leaves what was committed before, and nothing of it";
test(crash, skipFor(crash, noWorkerd), async () => {
  const worker = await start();
  const crashed = await worker.fetch("http://x/crash?object=crash");
  assert.equal(crashed.status, 500);
  const left = await worker.fetch("http://x/names?object=crash");
  assert.equal(await left.json(), "before");
});

const aborted = "requests that meet, half of them aborted, each leave all of their rows or none";
test(aborted, skipFor(aborted, noWorkerd), async () => {
  const worker = await start();
  const requests = Array.from({ length: 40 }, (_, index) => {
    const controller = new AbortController();
    const request = worker.fetch("http://x/hold?object=shared", { signal: controller.signal })
      .then((response) => response.json());
    if (index % 2 === 1) setTimeout(() => controller.abort(), index);
    return request;
  });
  const settled = await Promise.allSettled(requests);
  const counts = settled.flatMap((one) => one.status === "fulfilled" ? [one.value] : []);
  assert.ok(counts.length >= 20, `${counts.length} were answered`);
  assert.ok(counts.every((count) => Number(count) % 50 === 0), String(counts));
  const last = await (await worker.fetch("http://x/hold?object=shared")).json() as number;
  assert.equal(last % 50, 0);
  assert.ok(last >= (counts.length + 1) * 50, String(last));
});
