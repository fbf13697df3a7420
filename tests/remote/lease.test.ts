/** Connections that a database on a server lends, and what it tells of statements. */

import assert from "node:assert/strict";
import { after, test, type TestContext } from "node:test";

import { openDatabase, type RemoteDatabase, type RemoteOptions } from "../../mod.ts";
import { systemEnvironment } from "../../src/platform/clock.ts";
import { Cluster } from "../../src/remote/cluster.ts";
import { Stream } from "../../src/remote/stream.ts";
import { soleStatement } from "../../src/sqlite/scan.ts";
import { FakeClock } from "../helpers/fake_clock.ts";
import { collectGarbage } from "../helpers/runtime.ts";
import { skipFor } from "../helpers/skip_reasons.ts";
import { SharedServer } from "./helpers/databases.ts";
import { noServers, Sqld } from "./helpers/sqld.ts";

const shared = new SharedServer();
after(() => shared.remove());

type Run = (t: TestContext, db: RemoteDatabase) => Promise<void>;

function onServer(name: string, run: Run, options: RemoteOptions = {}): void {
  test(name, skipFor(name, noServers), async (t) => run(t, await shared.open(t, options)));
}

const CREATE = "CREATE TABLE t (n INTEGER PRIMARY KEY)";
const INSERT = "INSERT INTO t VALUES (?)";
const COUNT = "SELECT count(*) FROM t";

onServer("a connection begins, commits and rolls back", async (_, db) => {
  await db.run(CREATE);
  const conn = await db.connection({ write: true });
  await conn.begin();
  assert.equal(conn.inTransaction, true);
  await conn.run(INSERT, [1]);
  await conn.commit();
  await conn.begin("deferred");
  await conn.run(INSERT, [2]);
  await conn.rollback();
  await conn.execute("SAVEPOINT mine");
  await conn.run(INSERT, [3]);
  await conn.execute("RELEASE mine");
  await conn.transaction(async (tx) => {
    await tx.run(INSERT, [4]);
    await tx.transaction((inner) => inner.run(INSERT, [5]));
    await tx.transaction(async (inner) => {
      await inner.run(INSERT, [6]);
      throw new Error("no");
    }).catch(() => {});
  });
  await conn.run(INSERT, [7]);
  // What others do then sees all of it.
  assert.deepEqual(await db.values("SELECT n FROM t"), [[1], [3], [4], [5], [7]]);
  await conn.release();
  await assert.rejects(conn.run(INSERT, [8]), { name: "ConnectionReleasedError" });
  assert.equal(db.stats.writer!.inUse, 0);
});

onServer(
  "a connection is one connection of the server, and nobody gets its settings",
  async (_, db) => {
    await db.executeScript(
      "CREATE TABLE parent (id INTEGER PRIMARY KEY);" +
        "CREATE TABLE child (parent INTEGER REFERENCES parent(id))",
    );
    const conn = await db.connection({ write: true });
    await conn.execute("PRAGMA foreign_keys = OFF");
    await conn.run("INSERT INTO child VALUES (7)");
    assert.equal(await conn.value("SELECT changes()"), 1);
    await conn.run("INSERT INTO child VALUES (8)");
    assert.equal(await conn.value("SELECT last_insert_rowid()"), 2);
    await conn.transaction((tx) => tx.run("INSERT INTO child VALUES (9)"));
    assert.equal(await conn.value("PRAGMA foreign_keys"), 0);
    await conn.release();
    const next = await db.connection({ write: true });
    assert.equal(await next.value("PRAGMA foreign_keys"), 1);
    await assert.rejects(next.run("INSERT INTO child VALUES (10)"), { code: "SQLITE_CONSTRAINT" });
    await next.discard();
  },
);

onServer("what is left open is rolled back at the release", async (_, db) => {
  await db.run(CREATE);
  for (const end of ["release", "discard"] as const) {
    const conn = await db.connection({ write: true });
    await conn.begin();
    await conn.run(INSERT, [1]);
    await conn[end]();
    assert.equal(await db.value(COUNT), 0);
    // Nobody waits for a lock that is held by nobody.
    await db.run("DELETE FROM t", [], { timeoutMs: 10_000 });
  }
});

onServer("a connection that was released holds none of the server's", async (_, db) => {
  for (const end of ["release", "discard"] as const) {
    const conn = await db.connection({ write: true });
    await conn.execute("SELECT 1");
    const { requests } = db.stats.servers[0];
    await conn[end]();
    assert.equal(db.stats.servers[0].requests, requests + 1, "its stream was closed");
  }
});

onServer("a connection that is not asked for to write cannot", async (_, db) => {
  await db.run(CREATE);
  const conn = await db.connection();
  await assert.rejects(conn.run(INSERT, [1]), { code: "SQLITE_READONLY" });
  await conn.begin();
  assert.equal(await conn.value(COUNT), 0);
  await db.run(INSERT, [1]);
  assert.equal(await conn.value(COUNT), 0, "one snapshot");
  await conn.transaction(async (inner) => assert.equal(await inner.value(COUNT), 0));
  await assert.rejects(conn.run(INSERT, [2]), { code: "SQLITE_READONLY" });
  await conn.rollback();
  assert.equal(await conn.value(COUNT), 1);
  await conn.release();
});

onServer("there are as many connections as transactions, and waits end", async (_, db) => {
  const conn = await db.connection({ write: true });
  await assert.rejects(db.connection({ timeoutMs: 1 }), {
    name: "PoolConnectionAcquireTimeoutError",
  });
  const control = new AbortController();
  const aborted = assert.rejects(db.connection({ signal: control.signal }), /enough/);
  control.abort(new Error("enough"));
  await aborted;
  const next = db.connection({ rowFactory: ([value]) => value });
  await conn.release();
  const again = await next;
  assert.equal(await again.get("SELECT 5"), 5);
  await again.release();
  await db.close();
  await assert.rejects(db.connection(), { name: "PoolClosedError" });
}, { maxTransactions: 1 });

onServer("a write that waits for its own transaction is refused", async (_, db) => {
  await db.run(CREATE);
  const conn = await db.connection({ write: true });
  await assert.rejects(
    conn.transaction(() => db.run(INSERT, [1])),
    { message: /would wait for the transaction it is in/ },
  );
  await conn.release();
});

onServer("bad options of a connection are refused by name", async (_, db) => {
  for (const options of [{ write: 1 }, { reed: true }, { timeoutMs: "1" }, { rowFactory: 1 }]) {
    await assert.rejects(db.connection(options as never), {
      name: "TypeError",
      message: new RegExp(Object.keys(options)[0]),
    });
  }
  assert.equal(db.stats.writer!.acquired, 0);
});

onServer("a transaction that the server ends leaves the connection usable", async (_, db) => {
  await db.run(CREATE);
  const conn = await db.connection({ write: true });
  await conn.begin();
  await conn.run(INSERT, [1]);
  await assert.rejects(conn.run("INSERT OR ROLLBACK INTO t VALUES (1)"), {
    code: "SQLITE_CONSTRAINT",
  });
  await assert.rejects(conn.run(INSERT, [2]), { extendedCode: "SQLITE_ABORT_ROLLBACK" });
  await conn.rollback();
  await conn.run(INSERT, [3]);
  await conn.release();
  assert.deepEqual(await db.values("SELECT n FROM t"), [[3]]);
});

onServer("a connection that nobody refers to any longer is taken back", async (_, db) => {
  await (async () => {
    const conn = await db.connection({ write: true });
    await conn.begin();
  })();
  while (db.stats.writer!.inUse > 0) {
    await collectGarbage();
  }
  const conn = await db.connection({ write: true, timeoutMs: 10_000 });
  await conn.begin();
  await conn.release();
}, { maxTransactions: 1, trackLeases: true });

const kept =
  "the stream of a connection is kept from expiring as long as it is leased, and no longer";
test(kept, skipFor(kept, noServers), async (t) => {
  const server = await shared.start();
  const clock = new FakeClock();
  const cluster = new Cluster(
    { primary: new URL(server.url), replicas: [] },
    { environment: systemEnvironment, fetch, authToken: undefined, probeMs: 1_000 },
    250,
  );
  t.after(() => cluster.close());
  const stream = new Stream(cluster, {
    intMode: "number",
    timeoutMs: 10_000,
    busyTimeoutMs: 5_000,
    clock,
  });
  let leased = true;
  const position = { generation: 0, index: 0 };
  stream.lend({ position, access: "write", isLeased: () => leased });
  const run = (sql: string) => stream.run(soleStatement(sql), []);
  await run("PRAGMA foreign_keys = OFF");
  const { primary } = cluster;
  const before = primary.requests;
  await clock.advance(5_000);
  assert.equal(primary.requests, before + 1);
  // It waits for the answer to that, since a stream takes one request at a time.
  assert.deepEqual((await run("PRAGMA foreign_keys")).rows, [[0]]);
  await run("BEGIN");
  leased = false;
  await clock.advance(5_000);
  assert.equal(stream.inTransaction, false);
  assert.equal(clock.pending, 0);
});

const lost = "a server that is started again loses the settings of connections, and says so";
test(lost, skipFor(lost, noServers), async (t) => {
  const server = await Sqld.start();
  t.after(() => server.remove());
  const db = await openDatabase(server.url as `http://${string}`);
  t.after(() => db.close({ timeoutMs: 0 }));
  await db.run(CREATE);
  const conn = await db.connection({ write: true });
  await conn.execute("PRAGMA foreign_keys = OFF");
  await server.kill();
  await server.start();
  for (let i = 0; i < 2; i++) {
    await assert.rejects(conn.value("PRAGMA foreign_keys"), { name: "ConnectionLostError" });
  }
  await conn.release();
  const next = await db.connection({ write: true });
  await next.run(INSERT, [1]);
  await next.release();
  assert.equal(await db.value(COUNT), 1);
});

const TYPED = "CREATE TABLE typed (id INTEGER PRIMARY KEY, name VARCHAR(20) NOT NULL, any)";

onServer("a statement is described without being run", async (_, db) => {
  await db.run(TYPED);
  const column = (name: string, declaredType?: string) => ({
    name,
    declaredType,
    table: undefined,
    origin: undefined,
  });
  const query = "SELECT id, name AS n, any, count(*) FROM typed WHERE id > ? AND name = :n";
  assert.deepEqual(await db.describe(query), {
    readonly: true,
    columns: [
      column("id", "INTEGER"),
      column("n", "VARCHAR(20)"),
      column("any"),
      column("count(*)"),
    ],
    parameters: ["?", ":n"],
  });
  assert.deepEqual(await db.describe("INSERT INTO typed (name) VALUES ('never')"), {
    readonly: false,
    columns: [],
    parameters: [],
  });
  assert.equal(await db.value("SELECT count(*) FROM typed"), 0);
  await assert.rejects(db.describe("PRAGMA foreign_keys = off"), /takes effect while it is/);
  await assert.rejects(db.describe("SELECT x FROM nowhere"), { code: "SQLITE_ERROR" });
  await assert.rejects(db.describe("SELECT 1; SELECT 2"), /one statement/);
  await db.write(async (tx) => {
    await tx.run("ALTER TABLE typed ADD COLUMN late TEXT");
    assert.equal((await tx.describe("SELECT * FROM typed")).columns.at(-1)!.name, "late");
  });
  assert.equal((await db.describe("SELECT * FROM typed")).columns.length, 4);
});

onServer("results tell the declared types of their columns when asked to", async (_, db) => {
  await db.run(TYPED);
  const types = { columnTypes: true };
  const select = "SELECT id, name, any, 1 + 1 FROM typed";
  const expected = ["INTEGER", "VARCHAR(20)", undefined, undefined];
  const insert = "INSERT INTO typed (name) VALUES ('a') RETURNING name";
  assert.deepEqual((await db.execute(select, [], types)).columnTypes, expected);
  assert.deepEqual((await db.run(insert, [], types)).columnTypes, ["VARCHAR(20)"]);
  assert.deepEqual((await db.execute(insert, [], types)).columnTypes, ["VARCHAR(20)"]);
  assert.ok(!("columnTypes" in await db.execute(select)));
  assert.ok(!("columnTypes" in await db.execute(select, [], { columnTypes: false })));
  await db.write(async (tx) => {
    assert.deepEqual((await tx.execute(select, [], types)).columnTypes, expected);
  });
  const conn = await db.connection();
  assert.deepEqual((await conn.execute(select, [], types)).columnTypes, expected);
  await conn.release();
  await assert.rejects(db.execute(select, [], { columnTypes: 1 } as never), {
    name: "TypeError",
    message: /columnTypes/,
  });
});
