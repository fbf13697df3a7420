/** A primary with replicas: who sees what, and what happens when servers come and go. */

import assert from "node:assert/strict";
import process from "node:process";
import { test, type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import {
  openDatabase,
  OutcomeUnknownError,
  PoolConnectionOpenError,
  type RemoteDatabase,
  type RemoteOptions,
} from "../../mod.ts";
import { runScript } from "../helpers/runtime.ts";
import { skipFor } from "../helpers/skip_reasons.ts";
import { noServers, startCluster, type TestCluster } from "./helpers/sqld.ts";

type Run = (t: TestContext, cluster: TestCluster) => Promise<void>;

function onCluster(name: string, replicas: number, run: Run): void {
  test(name, skipFor(name, noServers), async (t) => {
    const cluster = await startCluster(replicas);
    t.after(() => cluster.remove());
    await run(t, cluster);
  });
}

async function open(
  t: TestContext,
  { primary, replicas }: TestCluster,
  options: RemoteOptions = {},
): Promise<RemoteDatabase> {
  const location = { primary: primary.url, replicas: replicas.map(({ url }) => url) };
  const db = await openDatabase(location, options);
  t.after(() => db.close({ timeoutMs: 0 }));
  return db;
}

const CREATE = "CREATE TABLE log (id INTEGER PRIMARY KEY, line TEXT)";
const INSERT = "INSERT INTO log (line) VALUES (?)";
const COUNT = "SELECT count(*) AS count FROM log";

/** How many reads a server has been sent since. */
function requestsOf(db: RemoteDatabase, index: number): number {
  return db.stats.servers[index].requests;
}

/** Asks until the answer is what is waited for. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; i < 2_000; i++) {
    if (await holds()) return;
    await delay(10);
  }
  assert.fail("it never came to that");
}

/** The nightly run does as many as the measurements of the client were made with. */
const PAIRS = process.env.CLUSTER_OPERATIONS === undefined ? 100 : 500;

onCluster(
  "a session sees its writes on a replica, where eventual reads are stale",
  1,
  async (t, cluster) => {
    const db = await open(t, cluster);
    await db.run(CREATE);
    const newest = "SELECT max(id) FROM log";
    // From here on the replica has the table.
    await db.value(newest);
    const before = requestsOf(db, 1);
    let missed = 0;
    let stale = 0;
    for (let i = 1; i <= PAIRS; i++) {
      const { lastInsertRowid } = await db.run(INSERT, ["x"]);
      // Beside each other, so that neither of them gives the replica more time.
      const [plain, own] = await Promise.all([
        db.value(newest, [], { consistency: "eventual" }),
        db.value(newest),
      ]);
      if (plain !== lastInsertRowid) stale += 1;
      if (own !== lastInsertRowid) missed += 1;
    }
    t.diagnostic(`${PAIRS} pairs: ${missed} missed, ${stale} of the eventual reads stale`);
    assert.equal(missed, 0);
    assert.ok(requestsOf(db, 1) - before >= 1.6 * PAIRS, "the replica was hardly asked");
  },
);

onCluster("a bookmark carries a session to another process", 1, async (t, cluster) => {
  const db = await open(t, cluster);
  await db.run(CREATE);
  for (let i = 0; i < 5; i++) {
    const session = db.session();
    const { lastInsertRowid } = await session.run(INSERT, ["x"]);
    const [{ url }] = cluster.replicas;
    const args = [cluster.primary.url, url, session.bookmark];
    const { stdout, stderr } = await runScript("tests/remote/bookmark_child.ts", args);
    assert.deepEqual([stdout.trim(), stderr], [`${lastInsertRowid}`, ""]);
  }
});

onCluster("sessions are apart: one waits for its own writes only", 1, async (t, cluster) => {
  const db = await open(t, cluster);
  await db.run(CREATE);
  const [one, two] = [db.session(), db.session()];
  assert.equal(one.bookmark, "sp1.0");
  await one.run(INSERT, ["x"]);
  assert.equal(two.bookmark, "sp1.0");
  assert.notEqual(one.bookmark, "sp1.0");
  const third = db.session({ after: one.bookmark });
  assert.deepEqual(await third.get(COUNT), { count: 1 });
  for (const after of ["nonsense", 5, "sp1.", "sp1.-1", "sp1.99999999999999999"]) {
    assert.throws(() => db.session({ after: after as string }), {
      name: "TypeError",
      message: /after must be a bookmark/,
    });
  }
});

onCluster(
  "a bookmark from another log is not waited for again and again",
  1,
  async (t, cluster) => {
    const db = await open(t, cluster);
    await db.run(CREATE);
    const session = db.session({ after: "sp1.999999" });
    assert.deepEqual(await session.get(COUNT), { count: 0 });
    assert.notEqual(session.bookmark, "sp1.999999");
  },
);

onCluster("reads go to replicas, strong reads and writes to the primary", 2, async (t, cluster) => {
  const db = await open(t, cluster);
  await db.run(CREATE);
  await db.get(COUNT);
  const before = db.stats.servers.map(({ requests }) => requests);
  for (let i = 0; i < 20; i++) await db.get(COUNT, [], { consistency: "eventual" });
  assert.equal(requestsOf(db, 0), before[0]);
  for (let i = 0; i < 20; i++) await db.get(COUNT, [], { consistency: "strong" });
  assert.equal(requestsOf(db, 0), before[0] + 20);
  await assert.rejects(db.get(COUNT, [], { consistency: "maybe" as "strong" }), TypeError);
});

onCluster(
  "a replica that dies is left out, and taken in again when it is back",
  1,
  async (t, cluster) => {
    const db = await open(t, cluster);
    await db.run(CREATE);
    await db.run(INSERT, ["x"]);
    const [replica] = cluster.replicas;
    await replica.kill();
    for (let i = 0; i < 20; i++) assert.deepEqual(await db.get(COUNT), { count: 1 });
    assert.equal(db.stats.servers[1].up, false);
    await replica.start();
    await until(async () => {
      const before = requestsOf(db, 1);
      await db.get(COUNT);
      return db.stats.servers[1].up && requestsOf(db, 1) > before;
    });
  },
);

onCluster(
  "a replica that hangs costs a moment, and answers again when it goes on",
  1,
  async (t, cluster) => {
    const db = await open(t, cluster, { replicaWaitMs: 50 });
    await db.run(CREATE);
    const [replica] = cluster.replicas;
    replica.pause();
    t.after(() => replica.resume());
    await db.run(INSERT, ["x"]);
    assert.deepEqual(await Promise.all([db.get(COUNT), db.get(COUNT)]), [{ count: 1 }, {
      count: 1,
    }]);
    assert.ok(db.stats.fallbacks > 0);
    replica.resume();
    await until(async () => {
      const before = requestsOf(db, 1);
      await db.get(COUNT);
      return requestsOf(db, 1) > before && db.stats.servers[1].inFlight === 0;
    });
  },
);

onCluster(
  "without the primary reads go on, and writes fail fast and typed",
  1,
  async (t, cluster) => {
    const db = await open(t, cluster);
    await db.run(CREATE);
    await db.run(INSERT, ["x"]);
    assert.deepEqual(await db.get(COUNT), { count: 1 });
    await cluster.primary.kill();
    for (let i = 0; i < 10; i++) assert.deepEqual(await db.get(COUNT), { count: 1 });
    await assert.rejects(db.run(INSERT, ["y"]), PoolConnectionOpenError);
    const fast = performance.now();
    await assert.rejects(db.run(INSERT, ["y"]), PoolConnectionOpenError);
    await assert.rejects(db.write((tx) => tx.run(INSERT, ["y"])), PoolConnectionOpenError);
    await assert.rejects(db.get(COUNT, [], { consistency: "strong" }), PoolConnectionOpenError);
    assert.ok(performance.now() - fast < 10_000);
    assert.deepEqual(await db.get(COUNT), { count: 1 });
    await cluster.primary.start();
    await until(() => db.run(INSERT, ["z"]).then(() => true, () => false));
    assert.deepEqual(await db.get(COUNT), { count: 2 });
  },
);

onCluster(
  "a write whose answer is lost says so, and runs again only where that is allowed",
  0,
  async (t, cluster) => {
    let lose = 0;
    const lossy: RemoteOptions["fetch"] = async (url, init) => {
      const response = await fetch(url, init);
      if (lose === 0 || !String(init.body).includes("INSERT")) return response;
      lose -= 1;
      await response.text();
      throw new TypeError("fetch failed", { cause: { code: "ECONNRESET" } });
    };
    const db = await open(t, cluster, { fetch: lossy });
    await db.run("CREATE TABLE once (id INTEGER PRIMARY KEY)");
    lose = 1;
    await assert.rejects(db.run("INSERT INTO once VALUES (1)"), OutcomeUnknownError);
    assert.deepEqual(await db.values("SELECT id FROM once"), [[1]]);
    lose = 1;
    const again = "INSERT INTO once VALUES (2) ON CONFLICT DO NOTHING";
    assert.equal((await db.run(again, [], { retry: true })).rowsAffected, 0);
    lose = 1;
    await assert.rejects(
      db.batch([{ sql: "INSERT INTO once VALUES (3)" }]),
      OutcomeUnknownError,
    );
    assert.deepEqual(await db.values("SELECT id FROM once"), [[1], [2], [3]]);
  },
);

onCluster(
  "a commit whose answer is lost says so; a transaction lost before keeps nothing",
  0,
  async (t, cluster) => {
    let losing: string | undefined;
    const lossy: RemoteOptions["fetch"] = async (url, init) => {
      const response = await fetch(url, init);
      if (losing === undefined || !String(init.body).includes(losing)) return response;
      losing = undefined;
      await response.text();
      throw new TypeError("fetch failed", { cause: { code: "ECONNRESET" } });
    };
    const db = await open(t, cluster, { fetch: lossy });
    await db.run(CREATE);
    losing = "COMMIT";
    await assert.rejects(db.write((tx) => tx.run(INSERT, ["a"])), OutcomeUnknownError);
    assert.deepEqual(await db.get(COUNT, [], { consistency: "strong" }), { count: 1 });
    losing = "INSERT";
    await assert.rejects(db.write((tx) => tx.run(INSERT, ["b"])), {
      name: "ConnectionLostError",
      message: /Nothing of it is kept/,
    });
    assert.deepEqual(await db.get(COUNT, [], { consistency: "strong" }), { count: 1 });
  },
);

onCluster(
  "a log that begins anew is noticed: sessions see their writes, and replicas come back",
  1,
  async (t, cluster) => {
    const db = await open(t, cluster);
    await db.run(CREATE);
    for (let i = 0; i < 50; i++) await db.run(INSERT, ["x"]);
    assert.deepEqual(await db.get(COUNT), { count: 50 });
    const before = Number(db.bookmark.slice(4));
    await cluster.primary.kill();
    await cluster.primary.start();
    await until(() => db.run(INSERT, ["y"]).then(() => true, () => false));
    for (let count = 52; count < 72; count++) {
      await db.run(INSERT, ["z"]);
      assert.deepEqual(await db.get(COUNT), { count });
    }
    assert.ok(Number(db.bookmark.slice(4)) < before, "the log did not begin anew");
    await until(async () => {
      const requests = requestsOf(db, 1);
      await Promise.all([db.get(COUNT), db.get(COUNT)]);
      return requestsOf(db, 1) > requests && requestsOf(db, 0) > 0;
    });
  },
);
