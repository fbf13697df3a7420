// Rows one after the other from a thread or a process. The nightly run sets ROWS=10000000.
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import process from "node:process";
import { test } from "node:test";
import { type Execution, workerConnection } from "../../mod.ts";
import { request } from "../../src/worker/wire/wire.ts";
import { spawnWorker } from "../../src/worker/thread.ts";
import type { WorkerLike } from "../../src/worker/transport.ts";
import { runScript } from "../helpers/runtime.ts";
import { openWorkerPool } from "../helpers/workers.ts";

const ROWS = Number(process.env.ROWS ?? 2_000_000);
const MOST_GROWTH = 64 * 2 ** 20;

const ENDLESS = `
  WITH RECURSIVE c(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM c) SELECT n FROM c
`;

/**
 * V8 makes room for up to 64 MiB of young objects and more, as it likes, and keeps it: on Node 24
 * that alone would be most of what is allowed here.
 */
const SMALL_YOUNG_GENERATION = {
  NODE_OPTIONS: "--max-semi-space-size=16",
  DENO_V8_FLAGS: "--max-semi-space-size=16",
};

test("many rows take no more memory than few", () => readMany(ROWS, "worker"));

// A quarter of the rows is enough: only the transport differs.
test("many rows of a process take no more memory than few", () => readMany(ROWS / 4, "process"));

async function readMany(rows: number, execution: Execution): Promise<void> {
  const { code, stdout, stderr } = await runScript(
    "tests/worker/iterate_run.ts",
    [String(rows), execution],
    SMALL_YOUNG_GENERATION,
  );
  assert.equal(code, 0, stdout + stderr);
  const { count, sum, growth } = JSON.parse(stdout);
  assert.deepEqual({ count, sum }, { count: rows, sum: rows * (rows + 1) / 2 });
  assert.ok(growth < MOST_GROWTH, `it grew by ${growth} bytes`);
}

test("a cursor takes its parameters in the call that makes it", async (t) => {
  const connection = await workerConnection(":memory:")();
  t.after(() => connection.close());
  const bytes = Buffer.from([1]);
  const params = [1, bytes];
  const named = { a: 2 };
  const cursors = [
    connection.iterate("SELECT ? AS n, hex(?) AS bytes", params),
    connection.iterate("SELECT :a AS n", named),
  ];
  params[0] = 9;
  bytes[0] = 9;
  named.a = 9;
  const rows: unknown[] = [];
  for (const cursor of cursors) {
    for await (const row of cursor) rows.push(row);
  }
  assert.deepEqual(rows, [{ n: 1, bytes: "01" }, { n: 2 }]);
});

/** Starts threads, and counts the requests for rows that go to them. */
class Counter {
  fetches = 0;
  closes = 0;

  readonly spawn = (): WorkerLike => {
    const worker = spawnWorker();
    const post = worker.postMessage.bind(worker);
    worker.postMessage = (message) => {
      if (Array.isArray(message)) {
        if (message[0] === request.fetch) this.fetches += 1;
        if (message.at(-2) === request.closeCursor) this.closes += 1;
      }
      post(message);
    };
    return worker;
  };
}

test("a loop that is left ends the statement, which would have had no end", async (t) => {
  const counter = new Counter();
  const { pool } = openWorkerPool(t, { poolSize: 1 }, { worker: counter.spawn });
  await pool.withConnection(async (conn) => {
    let rows = 0;
    for await (const _ of conn.iterate(ENDLESS)) if (++rows === 100) break;
    assert.equal(counter.closes, 1);
    // The lock is free, and the connection of use.
    await conn.run("CREATE TABLE t (n)");
  });
});

test("a slow reader holds the statement back: one chunk is fetched ahead", async (t) => {
  const counter = new Counter();
  const { pool } = openWorkerPool(t, { poolSize: 1 }, { worker: counter.spawn });
  await pool.withConnection(async (conn) => {
    const rows = conn.iterate<{ n: number }>(ENDLESS);
    await rows.next();
    // Each is answered after all requests before it.
    for (let call = 0; call < 5; call++) await conn.get("SELECT 1");
    assert.equal(counter.fetches, 1);
    for (let read = 1; read < 32; read++) await rows.next();
    assert.equal(counter.fetches, 1);
    await rows.next();
    for (let call = 0; call < 5; call++) await conn.get("SELECT 1");
    assert.equal(counter.fetches, 2);
    await rows.return?.();
  });
});

test("chunks end early when their rows are long", async (t) => {
  const { pool } = openWorkerPool(t, { poolSize: 1 });
  const sql = `
    WITH RECURSIVE c(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM c LIMIT 30)
    SELECT n, printf('%.*c', 300000, 'x') AS text, zeroblob(300000) AS bytes FROM c
  `;
  await pool.withConnection(async (conn) => {
    let rows = 0;
    for await (const { n, text, bytes } of conn.iterate(sql)) {
      assert.equal(n, ++rows);
      assert.deepEqual([(text as string).length, (bytes as Uint8Array).length], [300_000, 300_000]);
    }
    assert.equal(rows, 30);
  });
});

test("a cursor keeps its columns when a thousand other statements come between", async (t) => {
  const { pool } = openWorkerPool(t, { poolSize: 1 });
  await pool.withConnection(async (conn) => {
    const sql = `
      WITH RECURSIVE c(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM c LIMIT 300)
      SELECT n, n * n AS square FROM c
    `;
    let n = 0;
    for await (const row of conn.iterate(sql)) {
      n += 1;
      assert.deepEqual(row, { n, square: n * n });
      if (n > 1) continue;
      await Promise.all(Array.from({ length: 1_001 }, (_, i) => conn.get(`SELECT ${i}`)));
    }
    assert.equal(n, 300);
  });
});

test("an error in a later row reaches the reader after the rows before it", async (t) => {
  const { pool } = openWorkerPool(t, { poolSize: 1 });
  const sql = `
    WITH RECURSIVE c(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM c LIMIT 200)
    SELECT abs(CASE n WHEN 150 THEN -9223372036854775808 ELSE n END) AS n FROM c
  `;
  await pool.withConnection(async (conn) => {
    const seen: unknown[] = [];
    const loop = async () => {
      for await (const { n } of conn.iterate(sql)) seen.push(n);
    };
    await assert.rejects(loop, /integer overflow/);
    // Whole chunks come before it.
    assert.deepEqual(seen, Array.from({ length: seen.length }, (_, i) => i + 1));
    assert.ok(seen.length >= 32 && seen.length < 150, `${seen.length} rows`);
    assert.deepEqual(await conn.get("SELECT 1 AS one"), { one: 1 });
  });
});
