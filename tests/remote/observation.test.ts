/** Who is told of what is done on a libSQL server: hooks, tracing channels, and OpenTelemetry. */

import assert from "node:assert/strict";
import { tracingChannel } from "node:diagnostics_channel";
import { after, test, type TestContext } from "node:test";

import type { RemoteDatabase, RemoteOptions } from "../../mod.ts";
import { systemEnvironment } from "../../src/platform/clock.ts";
import { Counters } from "../../src/pool/stats.ts";
import { Calls, Flight } from "../../src/remote/call.ts";
import type { OperationContext } from "../../src/connections/observation/operation.ts";
import {
  BAD,
  CREATE,
  databaseSteps,
  failing,
  INSERT,
  recorder,
  SECRET,
  SELECT,
  type Step,
  told,
} from "../helpers/observed.ts";
import { instrument } from "../../integrations/otel/mod.ts";
import { pointOf, telemetry } from "../integrations/helpers/telemetry.ts";
import { skipFor } from "../helpers/skip_reasons.ts";
import { SharedServer } from "./helpers/databases.ts";
import { noServers } from "./helpers/sqld.ts";

const shared = new SharedServer();
after(() => shared.remove());

type Run = (t: TestContext, open: (options?: RemoteOptions) => Promise<RemoteDatabase>) => unknown;

function onServer(title: string, run: Run): void {
  test(title, skipFor(title, noServers), async (t) => {
    await run(t, (options) => shared.open(t, options));
  });
}

const SCRIPT = `${CREATE}; ${CREATE.replace("t (", "u (")};`;

/** What a server tells otherwise. */
const onServers: Readonly<Record<string, Step<RemoteDatabase>>> = {
  // It is sent as a whole.
  executeScript: [(db) => db.executeScript(SCRIPT), [SCRIPT, 0]],
  // All rows come with the first.
  "iterate that is left": [databaseSteps["iterate that is left"][0] as never, [SELECT, 10]],
  checkpoint: [(db) => failing(db.checkpoint())],
  "batch whose second statement fails": [
    (db) => failing(db.batch([{ sql: SELECT }, { sql: INSERT, params: [null] }, { sql: SELECT }])),
    [SELECT, 0],
    [INSERT, 0, "SQLITE_CONSTRAINT"],
  ],
  // The server refuses all of them, and does not tell because of which.
  "batch with a syntax error": [
    (db) => failing(db.batch([{ sql: SELECT }, { sql: BAD }])),
    [SELECT, 0, "SQLITE_ERROR"],
    [BAD, 0, "SQLITE_ERROR"],
  ],
};

onServer("onStatement is told of each statement of a caller once", async (_, open) => {
  const { events, options } = recorder();
  const db = await open(options);
  for (const [name, [ask, ...expected]] of Object.entries({ ...databaseSteps, ...onServers })) {
    events.length = 0;
    await ask(db);
    assert.deepEqual(events.map(told), expected, name);
    assert.ok(events.every(({ ms, place }) => ms >= 0 && ms < 60_000 && place === "server"), name);
    assert.ok(!JSON.stringify(events).includes(SECRET), name);
  }
});

onServer("slow statements are reported with the name of the database", async (_, open) => {
  const warnings: string[] = [];
  const onWarning = ({ message }: { message: string }) => warnings.push(message);
  const db = await open({ name: "shop", slowStatementMs: 0, onWarning });
  await db.get("SELECT ? AS a", [SECRET]);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0], /^A statement of "shop" took \d+ ms.*: SELECT \? AS a$/);
  await db.close();
  await assert.rejects(db.get("SELECT 1"), { message: /^"shop": The database is closed/ });
});

test("the time of a statement begins when it is sent, and again when it is sent again", () => {
  const { clock } = systemEnvironment;
  let sent = 0;
  const call = new Calls(clock, new Counters()).begin(
    true,
    { timeoutMs: Infinity },
    () => sent += 1,
  );
  assert.equal(sent, 0);
  new Flight([call]);
  new Flight([call]);
  assert.equal(sent, 2);
  call.accept(undefined);
});

onServer("tracing channels have the name, the role and the place", async (t, open) => {
  const db = await open({ name: "shop" });
  await db.run(CREATE);
  const seen: [string, string, string | undefined][] = [];
  for (const kind of ["query", "transaction"]) {
    const tracing = tracingChannel(`sqlitepool:${kind}`);
    const note = (event: string) => (message: unknown): void => {
      const { sql, name, role, place } = message as OperationContext;
      assert.deepEqual([name, place], ["shop", "server"]);
      seen.push([event, sql!, role]);
    };
    const subscribers = { start: note("start"), asyncEnd: note("asyncEnd"), error: note("error") };
    tracing.subscribe(subscribers as never);
    t.after(() => tracing.unsubscribe(subscribers as never));
  }
  const during = async (call: () => Promise<unknown>): Promise<typeof seen> => {
    seen.length = 0;
    await call();
    return [...seen];
  };
  const whole = (sql: string, role: string) => [["start", sql, role], ["asyncEnd", sql, role]];
  assert.deepEqual(await during(() => db.all(SELECT)), whole(SELECT, "reader"));
  assert.deepEqual(await during(() => db.run(INSERT, ["x"])), whole(INSERT, "writer"));
  assert.deepEqual(await during(() => db.write((tx) => tx.run(INSERT, ["y"]))), [
    ["start", "BEGIN IMMEDIATE", "writer"],
    ...whole(INSERT, "writer"),
    ["asyncEnd", "BEGIN IMMEDIATE", "writer"],
  ]);
  assert.deepEqual(await during(() => db.read((tx) => tx.all(SELECT))), [
    ["start", "BEGIN DEFERRED", "reader"],
    ...whole(SELECT, "reader"),
    ["asyncEnd", "BEGIN DEFERRED", "reader"],
  ]);
  // What has begun ends, also what has not run in the end.
  const failed = await during(() => failing(db.batch([{ sql: BAD }, { sql: SELECT }])));
  const count = (event: string): number => failed.filter(([name]) => name === event).length;
  assert.deepEqual([count("start"), count("error"), count("asyncEnd")], [3, 3, 3]);
});

onServer("the failed statement of a batch is told by its place", async (_, open) => {
  const db = await open();
  await db.run(CREATE);
  const failing = db.batch([{ sql: INSERT, params: ["a"] }, { sql: INSERT, params: [null] }]);
  await assert.rejects(failing, { code: "SQLITE_CONSTRAINT", sql: INSERT, index: 1 });
});

onServer(
  "spans and metrics of a server are those of the conventions, and of stats",
  async (t, open) => {
    const to = telemetry(t);
    const db = await open({ name: "shop", maxTransactions: 2 });
    await db.run(CREATE);
    instrument(db, to);
    assert.throws(() => instrument(db, to), /instrumented already/);
    await db.all("SELECT name FROM t WHERE name = 'a secret'");
    const url = new URL(db.path);
    const server = { "server.address": "127.0.0.1", "server.port": Number(url.port) };
    const [span] = to.spans();
    assert.equal(span.name, "SELECT t");
    assert.deepEqual(span.attributes, {
      ...server,
      "db.system.name": "sqlite",
      "db.namespace": "shop",
      "db.query.text": "SELECT name FROM t WHERE name = ?",
      "db.query.summary": "SELECT t",
      "db.response.returned_rows": 0,
      "sqlitepool.role": "reader",
      "sqlitepool.place": "server",
    });
    await db.write((tx) => tx.run(INSERT, ["x"]));
    const held = await db.connection();
    const found = await to.metrics();
    const pool = { "db.client.connection.pool.name": "shop.streams" };
    const read = (name: string, more = {}): unknown =>
      pointOf(found, `db.client.connection.${name}`, { ...pool, ...more });
    const { writer } = db.stats;
    const used = { "db.client.connection.state": "used" };
    assert.deepEqual([read("count", used), read("max"), read("idle.max")], [1, 2, 2]);
    assert.deepEqual([writer!.inUse, writer!.poolSize], [1, 2]);
    const uses = read("use_time") as { count: number; sum: number };
    assert.equal(uses.count, 1);
    assert.ok(Math.abs(uses.sum - writer!.usedMs / 1_000) < 1e-6);
    const duration = pointOf(found, "db.client.operation.duration", {
      ...server,
      "db.query.summary": "INSERT t",
    });
    assert.equal((duration as { count: number }).count, 1);
    await held.release();
    assert.deepEqual(to.spans().map(({ name }) => name), ["SELECT t", "INSERT t", "TRANSACTION"]);
  },
);
