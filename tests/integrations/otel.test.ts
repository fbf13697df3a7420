/** Metrics and spans of the real SDK, beside the conventions and beside `stats`. */

import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { type Meter, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { DataPointType } from "@opentelemetry/sdk-metrics";
import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";
import type { Database, DatabaseOptions, SQLiteConnectionPool } from "../../mod.ts";
import { instrument } from "../../integrations/otel/mod.ts";
import { sanitize, summarize } from "../../integrations/otel/query_text.ts";
import { openTestDatabase } from "../helpers/databases.ts";
import { openTestPool } from "../helpers/pools.ts";
import { nameOf, pointOf, points, type Telemetry, telemetry } from "./helpers/telemetry.ts";

async function instrumented(
  t: TestContext,
  options: DatabaseOptions = {},
): Promise<Telemetry & { readonly db: Database }> {
  const to = telemetry(t);
  const { db } = await openTestDatabase(t, { name: "app", ...options });
  await db.run("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT UNIQUE)");
  instrument(db, to);
  return { ...to, db };
}

/** Name, kind of instrument, and unit, as the conventions 1.44 have them. */
const INSTRUMENTS: readonly (readonly [name: string, kind: DataPointType, unit: string])[] = [
  ["db.client.operation.duration", DataPointType.HISTOGRAM, "s"],
  ["db.client.response.returned_rows", DataPointType.HISTOGRAM, "{row}"],
  ["db.client.connection.count", DataPointType.SUM, "{connection}"],
  ["db.client.connection.idle.max", DataPointType.SUM, "{connection}"],
  ["db.client.connection.idle.min", DataPointType.SUM, "{connection}"],
  ["db.client.connection.max", DataPointType.SUM, "{connection}"],
  ["db.client.connection.pending_requests", DataPointType.SUM, "{request}"],
  ["db.client.connection.timeouts", DataPointType.SUM, "{timeout}"],
  ["db.client.connection.create_time", DataPointType.HISTOGRAM, "s"],
  ["db.client.connection.wait_time", DataPointType.HISTOGRAM, "s"],
  ["db.client.connection.use_time", DataPointType.HISTOGRAM, "s"],
];
const DURATION_BUCKETS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];

async function someWork(target: Database | SQLiteConnectionPool): Promise<void> {
  await Promise.all(
    ["a", "b", "c"].map((n) => target.run("INSERT INTO users (name) VALUES (?)", [n])),
  );
  await assert.rejects(target.run("INSERT INTO users (name) VALUES ('a')"));
  await target.all("SELECT * FROM users WHERE id > 0");
}

test("instruments have the names, kinds and units of the conventions", async (t) => {
  const { db, metrics } = await instrumented(t);
  await someWork(db);
  const found = await metrics();
  assert.deepEqual([...found.keys()].sort(), INSTRUMENTS.map(([name]) => name).sort());
  for (const [name, kind, unit] of INSTRUMENTS) {
    const { descriptor, dataPointType } = found.get(name)!;
    const { advice } = descriptor as { advice?: { explicitBucketBoundaries?: number[] } };
    assert.equal(dataPointType, kind, name);
    assert.equal(descriptor.unit, unit, name);
    assert.ok(descriptor.description.endsWith("."), name);
    if (unit === "s") {
      assert.deepEqual(advice?.explicitBucketBoundaries, DURATION_BUCKETS, name);
    }
  }
  assert.equal(
    (found.get("db.client.connection.timeouts") as { isMonotonic?: boolean }).isMonotonic,
    true,
  );
  assert.equal(
    (found.get("db.client.connection.count") as { isMonotonic?: boolean }).isMonotonic,
    false,
  );
});

interface Histogram {
  readonly count: number;
  readonly sum: number;
}

const near = (actual: number, expected: number, what: string): void => {
  assert.ok(Math.abs(actual - expected) < 1e-6, `${what}: ${actual}, not ${expected}`);
};

for (const execution of ["inline", "worker", "auto"] as const) {
  test(`${execution}: metrics of connections are those of stats`, async (t) => {
    const to = telemetry(t);
    const { db } = await openTestDatabase(t, { name: "app", execution, readers: 1 });
    await db.run("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT UNIQUE)");
    const before = db.stats;
    instrument(db, to);
    await someWork(db);
    const held = await db.connection();
    await assert.rejects(db.connection({ timeoutMs: 1 }));
    const found = await to.metrics();
    const { writer, readers } = db.stats;
    const parts = { writer: [writer!, before.writer!], reader: [readers, before.readers] } as const;
    for (const [part, [now, then]] of Object.entries(parts)) {
      const pool = { "db.client.connection.pool.name": `app.${part}` };
      const read = (name: string, more = {}): number =>
        pointOf(found, `db.client.connection.${name}`, { ...pool, ...more }) as number;
      const times = (name: string): Histogram =>
        (points(found, `db.client.connection.${name}`).find(({ attributes }) =>
          attributes["db.client.connection.pool.name"] === `app.${part}`
        )?.value ?? { count: 0, sum: 0 }) as Histogram;
      assert.equal(read("count", { "db.client.connection.state": "idle" }), now.idle, part);
      assert.equal(read("count", { "db.client.connection.state": "used" }), now.inUse, part);
      assert.equal(read("idle.max"), now.poolSize, part);
      assert.equal(read("idle.min"), 0, part);
      assert.equal(read("max"), now.poolSize, part);
      assert.equal(read("pending_requests"), now.waiting, part);
      assert.equal(read("timeouts"), now.timeouts, part);
      assert.equal(times("create_time").count, now.opened - then.opened, part);
      near(times("create_time").sum, (now.openMs - then.openMs) / 1_000, part);
      near(times("wait_time").sum, (now.waitMs - then.waitMs) / 1_000, part);
      near(times("use_time").sum, (now.usedMs - then.usedMs) / 1_000, part);
      const released = now.acquired - now.inUse - (then.acquired - then.inUse);
      assert.equal(times("use_time").count, released, part);
    }
    assert.equal(readers.timeouts, 1);
    await held.release();
  });

  test(`${execution}: metrics of statements say what, how long, how many rows, and how it failed`, async (t) => {
    const { db, metrics } = await instrumented(t, { execution });
    await someWork(db);
    const found = await metrics();
    const of = (summary: string, more = {}): Record<string, unknown> => ({
      "db.system.name": "sqlite",
      "db.namespace": "app",
      "db.query.summary": summary,
      "error.type": undefined,
      ...more,
    });
    const duration = (attributes: Record<string, unknown>): Histogram =>
      pointOf(found, "db.client.operation.duration", attributes) as Histogram;
    assert.equal(duration(of("INSERT users")).count, 3);
    assert.equal(duration(of("SELECT users")).count, 1);
    const failed = of("INSERT users", {
      "error.type": "SQLITE_CONSTRAINT",
      "db.response.status_code": "SQLITE_CONSTRAINT",
    });
    assert.equal(duration(failed).count, 1);
    const rows = pointOf(
      found,
      "db.client.response.returned_rows",
      of("SELECT users"),
    ) as Histogram;
    assert.deepEqual([rows.count, rows.sum], [1, 3]);
  });

  test(`${execution}: spans have the names, kinds and attributes of the conventions`, async (t) => {
    const { db, spans } = await instrumented(t, { execution });
    await db.get("SELECT name FROM users WHERE name = 'a secret' AND id = ?", [1]);
    const [span] = spans();
    assert.equal(span.name, "SELECT users");
    assert.equal(span.kind, SpanKind.CLIENT);
    assert.equal(span.status.code, SpanStatusCode.UNSET);
    assert.equal(span.instrumentationScope.name, "@sqlitepool/pool");
    assert.deepEqual(span.attributes, {
      "db.system.name": "sqlite",
      "db.namespace": "app",
      "db.query.text": "SELECT name FROM users WHERE name = ? AND id = ?",
      "db.query.summary": "SELECT users",
      "db.response.returned_rows": 0,
      "sqlitepool.role": "reader",
      "sqlitepool.place": execution === "inline" ? "inline" : "worker",
    });
    await assert.rejects(db.get("SELECT missing FROM users"));
    const failed = spans()[1];
    assert.equal(failed.status.code, SpanStatusCode.ERROR);
    assert.match(failed.status.message!, /no such column/);
    assert.equal(failed.attributes["error.type"], "SQLITE_ERROR");
    assert.equal(failed.attributes["db.response.status_code"], "SQLITE_ERROR");
  });

  test(`${execution}: a span is a child of what its caller is in`, async (t) => {
    const { db, spans, tracerProvider } = await instrumented(t, { execution });
    const tracer = tracerProvider.getTracer("caller");
    const inSpan = (name: string, call: () => Promise<unknown>): Promise<unknown> =>
      tracer.startActiveSpan(name, (span) => call().finally(() => span.end()));
    await Promise.all(
      ["one", "two"].map((name) =>
        inSpan(name, () => db.run("INSERT INTO users (name) VALUES (?)", [name]))
      ),
    );
    await inSpan("three", () => db.write((tx) => tx.get("SELECT 1")));
    await inSpan(
      "four",
      () => db.batch([{ sql: "DELETE FROM users" }, { sql: "DELETE FROM users" }]),
    );
    const all = spans();
    const parentOf = (span: ReadableSpan): string | undefined =>
      all.find((other) => other.spanContext().spanId === span.parentSpanContext?.spanId)?.name;
    const pairs = (name: string): (string | undefined)[] =>
      all.filter((span) => span.name === name).map(parentOf).sort();
    assert.deepEqual(pairs("INSERT users"), ["one", "two"]);
    assert.deepEqual(pairs("TRANSACTION"), ["four", "three"]);
    assert.deepEqual(pairs("SELECT"), ["TRANSACTION"]);
    assert.equal(all.filter(({ name }) => name === "DELETE users").length, 2);
    assert.equal(trace.getActiveSpan(), undefined);
  });
}

test("a pool is instrumented as a database is", async (t) => {
  const to = telemetry(t);
  const { pool } = openTestPool(t, { name: "jobs", poolSize: 2, minIdle: 1 });
  await pool.run("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT UNIQUE)");
  instrument(pool, to);
  await someWork(pool);
  const found = await to.metrics();
  const attributes = { "db.client.connection.pool.name": "jobs" };
  assert.equal(pointOf(found, "db.client.connection.max", attributes), 2);
  assert.equal(pointOf(found, "db.client.connection.idle.max", attributes), 2);
  assert.equal(pointOf(found, "db.client.connection.idle.min", attributes), 1);
  assert.equal(to.spans().length, 5);
  assert.deepEqual(to.spans().map(nameOf).filter((name) => name === "SELECT users"), [
    "SELECT users",
  ]);
  assert.equal(to.spans()[0].attributes["sqlitepool.role"], undefined);
});

test("hooks of the user and of the metrics are both called", async (t) => {
  const to = telemetry(t);
  const released: number[] = [];
  const { pool } = openTestPool(t, { onRelease: ({ usedMs }) => released.push(usedMs) });
  instrument(pool, to);
  await pool.get("SELECT 1");
  const attributes = { "db.client.connection.pool.name": "sqlitepool" };
  const use = pointOf(await to.metrics(), "db.client.connection.use_time", attributes) as Histogram;
  assert.deepEqual([released.length, use.count], [1, 1]);
  assert.ok(!("onServed" in { ...pool.stats }));
});

test("a provider that throws costs its telemetry, and nothing else", async (t) => {
  const fail = (): never => {
    throw new Error("from the provider");
  };
  const to = telemetry(t);
  const tracer = { startSpan: fail, startActiveSpan: fail };
  const { pool } = openTestPool(t);
  instrument(pool, { ...to, tracerProvider: { getTracer: () => tracer } });
  assert.deepEqual(await pool.get("SELECT 1 AS one"), { one: 1 });
});

test("instrument refuses what it cannot measure, and what it measures already", async (t) => {
  const to = telemetry(t);
  const { pool } = openTestPool(t);
  instrument(pool, to);
  assert.throws(() => instrument(pool, to), { name: "TypeError", message: /instrumented already/ });
  for (const value of [undefined, null, {}, "app.db"]) {
    const expected = { name: "TypeError", message: /^instrument takes a SQLiteConnectionPool/ };
    assert.throws(() => instrument(value as never, to), expected);
  }
});

test("a closed pool is observed for the last time", async (t) => {
  const to = telemetry(t);
  let removed = 0;
  const meterProvider = {
    getMeter(name: string): Meter {
      const meter = to.meterProvider.getMeter(name);
      const remove = meter.removeBatchObservableCallback.bind(meter);
      meter.removeBatchObservableCallback = (...args) => {
        removed += 1;
        remove(...args);
      };
      return meter;
    },
  };
  const { pool } = openTestPool(t);
  instrument(pool, { ...to, meterProvider });
  await to.metrics();
  await pool.close();
  assert.equal(removed, 0);
  await to.metrics();
  await to.metrics();
  assert.equal(removed, 1);
});

const TEXTS: readonly (readonly [sql: string, sanitized: string, summary: string | undefined])[] = [
  ["SELECT 1", "SELECT ?", "SELECT"],
  ["select * from users where id = 42", "select * from users where id = ?", "SELECT users"],
  ["SELECT 'it''s' FROM t", "SELECT ? FROM t", "SELECT t"],
  ["SELECT x'00ff', X'aa' FROM t1", "SELECT ?, ? FROM t1", "SELECT t1"],
  ["SELECT 1.5, .5, 1e9, 0xFF, 1_000", "SELECT ?, ?, ?, ?, ?", "SELECT"],
  ["SELECT a1, b_2 FROM main.t3", "SELECT a1, b_2 FROM main.t3", "SELECT main.t3"],
  ["SELECT -- a 'comment'\n 1 /* 2 */", "SELECT ?", "SELECT"],
  ["SELECT 'not closed", "SELECT ?", "SELECT"],
  ["SELECT /* not closed", "SELECT", "SELECT"],
  ["SELECT ?, ?1, :name, @a, $b", "SELECT ?, ?1, :name, @a, $b", "SELECT"],
  ['SELECT "my column" FROM "my table"', 'SELECT "my column" FROM "my table"', "SELECT my table"],
  ["SELECT * FROM [t 1]", "SELECT * FROM [t 1]", "SELECT t 1"],
  ["SELECT * FROM a JOIN b ON a.id = b.id", "SELECT * FROM a JOIN b ON a.id = b.id", "SELECT a b"],
  ["SELECT * FROM (SELECT 1 FROM t)", "SELECT * FROM (SELECT ? FROM t)", "SELECT SELECT t"],
  [
    "WITH c AS (SELECT 1) SELECT * FROM c",
    "WITH c AS (SELECT ?) SELECT * FROM c",
    "SELECT SELECT c",
  ],
  ["INSERT INTO t VALUES (1, 'a')", "INSERT INTO t VALUES (?, ?)", "INSERT t"],
  ["INSERT OR IGNORE INTO t VALUES (1)", "INSERT OR IGNORE INTO t VALUES (?)", "INSERT t"],
  ["REPLACE INTO t VALUES (1)", "REPLACE INTO t VALUES (?)", "REPLACE t"],
  [
    "INSERT INTO t VALUES (1) ON CONFLICT DO UPDATE SET a = 2",
    "INSERT INTO t VALUES (?) ON CONFLICT DO UPDATE SET a = ?",
    "INSERT t UPDATE",
  ],
  ["INSERT INTO a SELECT * FROM b", "INSERT INTO a SELECT * FROM b", "INSERT a SELECT b"],
  ["UPDATE t SET a = 1", "UPDATE t SET a = ?", "UPDATE t"],
  ["UPDATE OR FAIL t SET a = 1", "UPDATE OR FAIL t SET a = ?", "UPDATE t"],
  ["DELETE FROM t WHERE a IN (1, 2)", "DELETE FROM t WHERE a IN (?, ?)", "DELETE t"],
  ["CREATE TABLE IF NOT EXISTS t (a)", "CREATE TABLE IF NOT EXISTS t (a)", "CREATE TABLE t"],
  ["CREATE UNIQUE INDEX i ON t (a)", "CREATE UNIQUE INDEX i ON t (a)", "CREATE INDEX i"],
  ["CREATE VIEW v AS SELECT 1 FROM t", "CREATE VIEW v AS SELECT ? FROM t", "CREATE VIEW v"],
  ["DROP TABLE IF EXISTS t", "DROP TABLE IF EXISTS t", "DROP TABLE t"],
  ["PRAGMA user_version = 7", "PRAGMA user_version = ?", "PRAGMA user_version"],
  ["VACUUM", "VACUUM", "VACUUM"],
  ["COMMIT", "COMMIT", "COMMIT"],
  ["", "", undefined],
  ["  -- nothing", "", undefined],
];

for (const [sql, sanitized, summary] of TEXTS) {
  test(`what is told of ${JSON.stringify(sql)}`, () => {
    assert.equal(sanitize(sql), sanitized);
    assert.equal(summarize(sql), summary);
  });
}

test("a summary is never longer than the conventions allow", () => {
  const tables = Array.from({ length: 100 }, (_, n) => `a_table_${n}`);
  const summary = summarize(`SELECT * FROM ${tables.join(" JOIN ")}`)!;
  assert.ok(summary.length <= 255);
  assert.match(summary, /a_table_\d+$/);
  assert.equal(summarize("x".repeat(1_000))!.length, 255);
});
