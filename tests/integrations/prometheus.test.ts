/** Statistics in the text format of Prometheus. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { formatPrometheus } from "../../integrations/prometheus/mod.ts";
import { openTestDatabase } from "../helpers/databases.ts";
import { openTestPool } from "../helpers/pools.ts";

/** The samples of a text, by name and labels. */
function samples(text: string): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const line of text.trimEnd().split("\n")) {
    if (line.startsWith("#")) continue;
    const [, series, value] = /^(sqlitepool_\w+\{.*\}) (\S+)$/.exec(line) ?? [];
    assert.ok(series !== undefined, line);
    assert.ok(!found.has(series), `${series} is there twice`);
    found.set(series, Number(value));
  }
  return found;
}

test("samples are those of stats, in seconds where they are times", async (t) => {
  const { pool } = openTestPool(t, { poolSize: 3 });
  await Promise.all([pool.get("SELECT 1"), pool.get("SELECT 1")]);
  const held = await pool.connection();
  const { stats } = pool;
  const found = samples(formatPrometheus({ jobs: stats }));
  const read = (name: string, more = ""): number =>
    found.get(`sqlitepool_${name}{pool="jobs"${more}}`)!;
  assert.equal(read("connections", ',state="idle"'), stats.idle);
  assert.equal(read("connections", ',state="used"'), 1);
  assert.equal(read("connections_max"), 3);
  assert.equal(read("waiting"), 0);
  assert.equal(read("acquired_total"), stats.acquired);
  assert.equal(read("queued_total"), stats.queued);
  assert.equal(read("wait_seconds_total"), stats.waitMs / 1_000);
  assert.equal(read("open_seconds_total"), stats.openMs / 1_000);
  assert.equal(read("use_seconds_total"), stats.usedMs / 1_000);
  assert.equal(read("opened_total"), stats.opened);
  assert.equal(read("destroyed_total", ',reason="idle"'), 0);
  assert.equal(read("busy_retries_total"), 0);
  await held.release();
});

test("each metric is described once, whatever number of pools there is", async (t) => {
  const { db } = await openTestDatabase(t);
  const { pool } = openTestPool(t);
  const text = formatPrometheus({ app: db.stats, jobs: pool.stats });
  const described = text.match(/^# TYPE \S+/gm)!;
  assert.equal(new Set(described).size, described.length);
  assert.equal(described.length, text.match(/^# HELP \S+ \S/gm)!.length);
  const found = samples(text);
  assert.ok(found.has('sqlitepool_waiting{pool="app",part="writer"}'));
  assert.ok(found.has('sqlitepool_waiting{pool="app",part="reader"}'));
  assert.ok(found.has('sqlitepool_waiting{pool="jobs"}'));
  assert.ok(text.endsWith("\n"));
});

test("a database in memory is one connection, that of the writer", async (t) => {
  const { db } = await openTestDatabase(t, {}, ":memory:");
  const found = samples(formatPrometheus({ app: db.stats }));
  assert.equal(found.get('sqlitepool_connections_max{pool="app",part="writer"}'), 1);
  assert.ok(!found.has('sqlitepool_connections_max{pool="app",part="reader"}'));
});

test("names are escaped", async (t) => {
  const { pool } = openTestPool(t);
  const text = formatPrometheus({ 'a "b" \\ \n': pool.stats });
  assert.ok(text.includes('{pool="a \\"b\\" \\\\ \\n"}'));
});
