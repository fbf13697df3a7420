/** What openDatabase promises holds on a libSQL server too. */

import assert from "node:assert/strict";
import { after, test, type TestContext } from "node:test";
import { inspect } from "node:util";

import {
  openDatabase,
  OutcomeUnknownError,
  PoolClosedError,
  PoolConnectionAcquireTimeoutError,
  QueryTimeoutError,
  type RemoteDatabase,
  type RemoteOptions,
  sql,
  SQLiteError,
  SQLiteIntegerRangeError,
} from "../../mod.ts";
import { skipFor } from "../helpers/skip_reasons.ts";
import { SharedServer } from "./helpers/databases.ts";
import { noServers } from "./helpers/sqld.ts";

const shared = new SharedServer();
after(() => shared.remove());

const CREATE = "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT UNIQUE)";
const INSERT = "INSERT INTO users (name) VALUES (?)";
const COUNT = "SELECT count(*) FROM users";
/** Long enough that what is tested happens before, whatever else the machine does. */
const SLOW =
  "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000000) " +
  "SELECT count(*) FROM n";

type Run = (t: TestContext, db: RemoteDatabase) => Promise<void>;

function onServer(name: string, run: Run, options: RemoteOptions = {}): void {
  test(name, skipFor(name, noServers), async (t) => run(t, await shared.open(t, options)));
}

onServer("reads, writes, batches and scripts", async (_, db) => {
  await db.executeScript(`${CREATE}; CREATE TABLE log (line TEXT);`);
  assert.deepEqual(await db.run("INSERT INTO users (name) VALUES (?) RETURNING id", ["Alice"]), {
    columns: ["id"],
    rows: [{ id: 1 }],
    rowsAffected: 1,
    lastInsertRowid: 1,
  });
  const results = await db.batch([
    { sql: "INSERT INTO users (name) VALUES (:name)", params: { name: "Bob" } },
    { sql: sql`INSERT INTO log VALUES (${"added Bob"})` },
  ]);
  assert.deepEqual(results.map(({ rowsAffected }) => rowsAffected), [1, 1]);
  assert.deepEqual(await db.get("SELECT name FROM users WHERE id = ?", [2]), { name: "Bob" });
  assert.equal(await db.get("SELECT name FROM users WHERE id = 3"), undefined);
  assert.equal((await db.all("SELECT * FROM users")).length, 2);
  assert.deepEqual(await db.values("SELECT line FROM log"), [["added Bob"]]);
  const names: unknown[] = [];
  for await (const { name } of db.iterate("SELECT name FROM users ORDER BY id")) names.push(name);
  assert.deepEqual(names, ["Alice", "Bob"]);
  assert.deepEqual(await db.batch([]), []);
});

onServer("iterate takes its parameters and options when it is called", async (_, db) => {
  const bytes = Uint8Array.of(1);
  const params = [1, bytes];
  const options = { rowFactory: (row: readonly unknown[]): unknown => [...row] };
  const cursor = db.iterate("SELECT ?, hex(?)", params, options);
  bytes[0] = 9;
  params[0] = 9;
  options.rowFactory = () => "another";
  assert.deepEqual((await cursor.next()).value, [1, "01"]);
});

onServer("execute sends statements where they belong", async (_, db) => {
  await db.execute(CREATE);
  const { rowsAffected } = await db.execute(INSERT, ["Alice"]);
  assert.equal(rowsAffected, 1);
  const { columns, rows } = await db.execute("SELECT name FROM users WHERE id = ?", [1]);
  assert.deepEqual({ columns, rows }, { columns: ["name"], rows: [{ name: "Alice" }] });
  const returned = await db.execute(INSERT + " RETURNING id", ["Bob"], {
    rowFactory: ([id]) => id,
  });
  assert.deepEqual(returned.rows, [2]);
  await assert.rejects(db.execute("BEGIN"), /takes no BEGIN/);
});

onServer("values come back as they were passed", async (_, db) => {
  await db.run("CREATE TABLE v (a, type AS (typeof(a)))");
  const bytes = new Uint8Array([0, 1, 255]);
  const values = [1, -0, 1.5, 2 ** 60, 5e-324, "a\0b", "", null, bytes, 9007199254740993n, true];
  for (const value of values) await db.run("INSERT INTO v VALUES (?)", [value]);
  await assert.rejects(db.values("SELECT a FROM v"), SQLiteIntegerRangeError);
  await db.run("DELETE FROM v WHERE a = 9007199254740993");
  const [one, zero, ...rest] = await db.values("SELECT a, type FROM v ORDER BY rowid");
  assert.deepEqual(one, [1, "integer"]);
  assert.ok(Object.is(zero[0], -0), "-0 is kept");
  assert.deepEqual(rest, [
    [1.5, "real"],
    [2 ** 60, "real"],
    [5e-324, "real"],
    ["a\0b", "text"],
    ["", "text"],
    [null, "null"],
    [bytes, "blob"],
    [1, "integer"],
  ]);
  await assert.rejects(db.run("INSERT INTO v VALUES (?)", [Infinity]), {
    name: "RangeError",
    message: /infinite/,
  });
  await assert.rejects(db.values("SELECT 9e999 AS big"), { message: /column "big".*infinite/ });
});

onServer("bigints where asked for", async (_, db) => {
  assert.deepEqual(await db.values("SELECT 9007199254740993, 1, 1.0"), [[
    9007199254740993n,
    1n,
    1,
  ]]);
}, { intMode: "bigint" });

onServer("row factories of the database and of a call", async (_, db) => {
  assert.deepEqual(await db.get("SELECT 1 AS a, 2 AS b"), ["1,2"] as unknown);
  const rowFactory = (values: unknown[]) => values.length;
  assert.deepEqual(await db.all("SELECT 1, 2, 3", [], { rowFactory }), [3]);
  assert.deepEqual(await db.values("SELECT 1, 2"), [[1, 2]]);
}, { rowFactory: (values) => [String(values)] as never });

onServer("a buffer that changes after the call is stored as it was", async (_, db) => {
  await db.run("CREATE TABLE b (x)");
  const buffer = new Uint8Array([1, 2, 3]);
  const stored = db.run("INSERT INTO b VALUES (?)", [buffer]);
  buffer.fill(9);
  await stored;
  assert.deepEqual(await db.values("SELECT x FROM b"), [[new Uint8Array([1, 2, 3])]]);
});

onServer("a batch is all or nothing, and names the statement's own error", async (_, db) => {
  await db.run(CREATE);
  const batch = ["a", "b", "a"].map((name) => ({ sql: INSERT, params: [name] }));
  await assert.rejects(db.batch(batch), { extendedCode: "SQLITE_CONSTRAINT_UNIQUE" });
  assert.deepEqual(await db.values(COUNT), [[0]]);
  const ended = [{ sql: INSERT, params: ["a"] }, {
    sql: "INSERT OR ROLLBACK INTO users (name) VALUES ('a')",
  }, { sql: INSERT, params: ["b"] }];
  await assert.rejects(db.batch(ended), { extendedCode: "SQLITE_CONSTRAINT_UNIQUE" });
  assert.deepEqual(await db.values(COUNT), [[0]]);
});

onServer("a group: each caller is told its own outcome, whatever the others do", async (_, db) => {
  await db.run(CREATE);
  await db.run(
    "CREATE TABLE child (id INTEGER REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED)",
  );
  const before = db.stats.servers[0].requests;
  const outcomes = await Promise.allSettled([
    ...Array.from({ length: 100 }, (_, i) => db.run(INSERT, [`user ${i}`])),
    db.run(INSERT, ["user 7"]),
    db.run("INSERT INTO nowhere VALUES (1)"),
    db.run(INSERT, ["last"]),
  ]);
  const failed = outcomes.flatMap(({ status }, i) => status === "rejected" ? [i] : []);
  assert.deepEqual(failed, [100, 101]);
  assert.deepEqual(await db.values(COUNT), [[101]]);
  const requests = db.stats.servers[0].requests - before;
  assert.ok(requests <= 8, `103 writes took ${requests} requests`);
  const lost = await Promise.allSettled([
    db.run(INSERT, ["x"]),
    db.run("INSERT OR ROLLBACK INTO users (name) VALUES ('x')"),
    db.run("INSERT INTO child VALUES (12345)"),
    db.run(INSERT, ["y"]),
  ]);
  assert.deepEqual(lost.map(({ status }) => status), [
    "fulfilled",
    "rejected",
    "rejected",
    "fulfilled",
  ]);
  assert.deepEqual(await db.values(COUNT), [[103]]);
});

onServer("reads that meet travel together, and a bad one fails alone", async (_, db) => {
  await db.run(CREATE);
  await db.run(INSERT, ["a"]);
  const before = db.stats.servers[0].requests;
  const reads = Array.from({ length: 100 }, (_, i) => db.get("SELECT ? AS i", [i]));
  const bad = [
    db.get("SELEC 1"),
    db.get("SELECT nothing FROM users"),
    db.get("SELECT cast(x'ff41' AS TEXT) AS broken"),
    db.get("SELECT hex(zeroblob(6000000)) AS huge"),
  ];
  const outcomes = await Promise.allSettled([...reads, ...bad]);
  assert.deepEqual(
    outcomes.slice(0, 100).map((outcome) => outcome.status === "fulfilled" && outcome.value),
    Array.from({ length: 100 }, (_, i) => ({ i })),
  );
  for (const outcome of outcomes.slice(100)) {
    assert.ok(outcome.status === "rejected" && outcome.reason instanceof SQLiteError, `${outcome}`);
  }
  const [, , broken, huge] = outcomes.slice(100) as PromiseRejectedResult[];
  assert.match(String(broken.reason), /utf-8/);
  assert.equal(huge.reason.code, "SQLITE_TOOBIG");
  // From now on those two travel alone, and the others stay together.
  const again = db.stats.servers[0].requests;
  await Promise.all(Array.from({ length: 100 }, (_, i) => db.get("SELECT ? AS i", [i])));
  assert.ok(again - before < 115, `${again - before} requests`);
  assert.ok(db.stats.servers[0].requests - again <= 3);
});

onServer("a slow statement keeps nobody waiting once it is known", async (_, db) => {
  const slow =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) " +
    "SELECT count(*) AS n FROM n";
  await db.get(slow);
  await db.get("SELECT 1");
  const order: string[] = [];
  await Promise.all([
    db.get(slow).then(() => order.push("slow")),
    ...Array.from({ length: 5 }, () => db.get("SELECT 1").then(() => order.push("quick"))),
  ]);
  assert.deepEqual(order, [...Array(5).fill("quick"), "slow"]);
});

onServer("what writes is refused by methods that read", async (_, db) => {
  await db.run(CREATE);
  for (
    const text of [
      "INSERT INTO users VALUES (1, 'a')",
      "WITH x AS (SELECT 1) DELETE FROM users",
      "CREATE TABLE t (a)",
      "PRAGMA user_version = 5",
      "PRAGMA user_version(5)",
      "BEGIN",
    ]
  ) {
    for (const method of ["get", "all", "values"] as const) {
      await assert.rejects(db[method](text), { code: "SQLITE_READONLY" }, text);
    }
    const inSnapshot = db.read((snapshot) => snapshot.run(text));
    await assert.rejects(inSnapshot, SQLiteError, text);
  }
  assert.deepEqual(await db.values("PRAGMA user_version"), [[0]]);
  assert.equal((await db.values("PRAGMA table_info(users)")).length, 2);
});

onServer("transaction control as text belongs to a transaction", async (_, db) => {
  await assert.rejects(db.run("BEGIN"), /db\.write/);
  await assert.rejects(db.batch([{ sql: "COMMIT" }]), /db\.write/);
  await db.run(CREATE);
  const script = "INSERT INTO users VALUES (1, 'a'); BEGIN; INSERT INTO users VALUES (2, 'b');";
  await assert.rejects(db.executeScript(script), /left a transaction open/);
  assert.deepEqual(await db.values(COUNT), [[1]]);
});

onServer("a transaction commits what its callback did, or nothing", async (_, db) => {
  await db.run(CREATE);
  const returned = await db.write(async (tx) => {
    await tx.run(INSERT, ["a"]);
    await tx.transaction(async (inner) => {
      await inner.run(INSERT, ["b"]);
      throw new Error("inner");
    }).catch(() => {});
    return await tx.values(COUNT);
  });
  assert.deepEqual(returned, [[1]]);
  const failure = new Error("outer");
  const failed = db.write(async (tx) => {
    await tx.run(INSERT, ["c"]);
    throw failure;
  });
  await assert.rejects(failed, failure);
  assert.deepEqual(await db.values("SELECT name FROM users"), [["a"]]);
});

onServer("a transaction that a statement has ended keeps nothing", async (_, db) => {
  await db.run(CREATE);
  const ended = db.write(async (tx) => {
    await tx.run(INSERT, ["a"]);
    await tx.run("INSERT OR ROLLBACK INTO users (name) VALUES ('a')").catch(() => {});
    await tx.run(INSERT, ["b"]).catch(() => {});
  });
  await assert.rejects(ended, { extendedCode: "SQLITE_ABORT_ROLLBACK" });
  assert.deepEqual(await db.values(COUNT), [[0]]);
});

onServer("a snapshot does not see what is committed meanwhile", async (_, db) => {
  await db.run(CREATE);
  await db.read(async (snapshot) => {
    await db.run(INSERT, ["a"]);
    assert.deepEqual(await snapshot.values(COUNT), [[0]]);
    assert.deepEqual(await db.values(COUNT), [[1]]);
  });
});

onServer("a write inside a write is refused instead of waiting for itself", async (_, db) => {
  await db.run(CREATE);
  for (const inner of [() => db.run(INSERT, ["a"]), () => db.write(() => {}), () => db.batch([])]) {
    await assert.rejects(db.write<unknown>(inner), /inside the callback of db.write/);
  }
});

onServer(
  "the server ends a transaction that keeps others waiting, and nothing of it stays",
  async (t, db) => {
    await db.run(CREATE);
    const rivalDatabase = await openDatabase(shared.server.url as `http://${string}`);
    t.after(() => rivalDatabase.close());
    const rival = Promise.withResolvers<void>();
    const stalled = db.write(async (tx) => {
      await tx.run(INSERT, ["stalled"]);
      // Answered when the server has ended this transaction.
      await rivalDatabase.run(INSERT, ["rival"]);
      rival.resolve();
      await tx.run(INSERT, ["too late"]).catch(() => {});
      await tx.run(INSERT, ["far too late"]).catch(() => {});
    });
    await assert.rejects(stalled, { extendedCode: "SQLITE_ABORT_ROLLBACK" });
    await rival.promise;
    assert.deepEqual(await db.values("SELECT name FROM users"), [["rival"]]);
  },
);

onServer("deadlines: reads, writes, transactions and the wait for a stream", async (_, db) => {
  await db.run(CREATE);
  // The stream is there from now on.
  await db.write((tx) => tx.run(INSERT, ["first"]));
  const hanging = db.write(async (tx) => {
    await tx.run(INSERT, ["hanging"]);
    await tx.values(SLOW);
  }, { timeoutMs: 500 });
  await assert.rejects(hanging, { name: "QueryTimeoutError", message: /rolled back/ });
  const holding = Promise.withResolvers<void>();
  const held = db.write(() => holding.promise);
  await assert.rejects(db.write(() => {}, { timeoutMs: 50 }), PoolConnectionAcquireTimeoutError);
  holding.resolve();
  await held;
  assert.deepEqual(await db.values("SELECT * FROM users WHERE name = 'hanging'"), []);
  await assert.rejects(db.get(SLOW, [], { timeoutMs: 50 }), QueryTimeoutError);
  await assert.rejects(
    db.run(`INSERT INTO users (name) ${SLOW}`, [], { timeoutMs: 50 }),
    OutcomeUnknownError,
  );
}, { maxTransactions: 1 });

onServer("a signal ends the wait with its reason", async (_, db) => {
  const reason = new Error("enough");
  const aborted = AbortSignal.abort(reason);
  await assert.rejects(db.get("SELECT 1", [], { signal: aborted }), reason);
  await assert.rejects(db.run("CREATE TABLE t (a)", [], { signal: aborted }), reason);
  await assert.rejects(db.write(() => {}, { signal: aborted }), reason);
  const control = new AbortController();
  const reading = db.get(SLOW, [], { signal: control.signal });
  // In another request, when the first one is under way.
  await db.get("SELECT 1", [], { consistency: "strong" });
  control.abort(reason);
  await assert.rejects(reading, reason);
  assert.equal(db.stats.calls, 0);
});

onServer("close waits for what is under way, and refuses what comes after", async (_, db) => {
  const under = db.get("SELECT 1 AS one");
  const closed = db.close();
  assert.equal(closed, db.close());
  assert.deepEqual(await under, { one: 1 });
  await closed;
  const calls = [
    () => db.get("SELECT 1"),
    () => db.run("SELECT 1"),
    () => db.write(() => {}),
    () => db.read(() => {}),
    () => db.session().get("SELECT 1"),
  ];
  for (const call of calls) await assert.rejects(call(), PoolClosedError);
});

onServer("close does not wait for longer than it is told to", async (_, db) => {
  const reading = db.get(SLOW);
  const writing = db.run(`CREATE TABLE slow AS ${SLOW}`);
  await db.get("SELECT 1", [], { consistency: "strong" });
  const outcomes = Promise.allSettled([reading, writing]);
  await db.close({ timeoutMs: 20 });
  const [read, write] = await outcomes as PromiseRejectedResult[];
  assert.ok(read.reason instanceof PoolClosedError, String(read.reason));
  assert.ok(write.reason instanceof OutcomeUnknownError, String(write.reason));
});

onServer("what only files have is refused by name", async (_, db) => {
  await assert.rejects(db.checkpoint(), /db\.checkpoint\(\) works on files only/);
  await assert.rejects(db.backup(), /db\.backup\(\) works on files only/);
});

onServer("errors lead to the line of the caller, and hide the parameters", async (_, db) => {
  async function callerOfThis(): Promise<void> {
    await db.run("INSERT INTO missing VALUES (?)", ["secret value"]);
  }
  await assert.rejects(callerOfThis(), (error: Error) => {
    assert.match(error.stack ?? "", /callerOfThis/);
    assert.equal((error as SQLiteError).sql, "INSERT INTO missing VALUES (?)");
    assert.ok(!JSON.stringify([error.message, error.stack]).includes("secret value"));
    return true;
  });
});

onServer(
  "path is the URL without credentials, closed tells whether close was called, and the console shows both",
  async (_, db) => {
    const [{ origin }] = db.stats.servers;
    assert.equal(db.path, origin);
    assert.equal(db.closed, false);
    assert.match(inspect(db), /^RemoteDatabase {\s+path: 'http.*state: 'open'.*up'\s\]\s}$/s);
    await db.close();
    assert.equal(db.closed, true);
    assert.match(inspect(db), /state: 'closed'/);
  },
);

onServer("neither the path nor the console shows the token", async (t, { path }) => {
  const authToken = "a-token-that-nobody-may-see";
  const db = await openDatabase(`${path}/?authToken=${authToken}` as `http://${string}`);
  t.after(() => db.close());
  assert.equal(db.path, path);
  assert.ok(!inspect(db, { depth: Infinity, showHidden: true }).includes(authToken));
});
