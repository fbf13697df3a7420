// How threads begin and end, and whether the process waits for them.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { inspect } from "node:util";
import { Worker } from "node:worker_threads";
import {
  ConnectionLostError,
  openDatabase,
  PoolClosedError,
  PoolConnectionOpenError,
  SQLiteError,
  workerConnection,
  type WorkerLike,
} from "../../mod.ts";
import { spawnWorker } from "../../src/worker/thread.ts";
import { nativeDriver } from "../helpers/drivers.ts";
import { runScript, temporaryDirectory } from "../helpers/runtime.ts";
import { counting, openWorkerPool } from "../helpers/workers.ts";
import type { Doom } from "./doom.ts";

const SCENES: Readonly<Record<string, { readonly title: string; readonly lines: string[] }>> = {
  "idle": { title: "an idle thread does not keep the process alive", lines: ["1 running"] },
  "busy": { title: "a busy thread keeps the process alive", lines: ["1000000"] },
  "opening": { title: "so does one that opens its database", lines: ["1"] },
  "bad parameters": { title: "one that got no work does not", lines: ["RangeError"] },
  "cursor left open": {
    title: "nor one that waits for the next row to be asked for",
    lines: ["1"],
  },
};

for (const [scene, { title, lines }] of Object.entries(SCENES)) {
  test(title, async (t) => {
    const path = join(temporaryDirectory(t), "test.db");
    const { code, stdout, stderr } = await runScript("tests/worker/exit_run.ts", [scene, path]);
    assert.deepEqual(stdout.trimEnd().split("\n"), [...lines, "exit with 0 abandoned"], stderr);
    assert.equal(code, 0);
  });
}

test("close waits for the statements under way, and refuses others", async (t) => {
  const { pool, factory } = openWorkerPool(t, { poolSize: 2 });
  const underWay = [pool.get(counting(300_000)), pool.get("SELECT 1 AS n")];
  await pool.get("SELECT 1");
  const closed = pool.close();
  await assert.rejects(pool.get("SELECT 1"), PoolClosedError);
  assert.deepEqual(await Promise.all(underWay), [{ n: 300_000 }, { n: 1 }]);
  await closed;
  assert.equal(factory.threads.running, 0);
});

test("close by force does not wait, and calls are answered later", async (t) => {
  const { pool } = openWorkerPool(t, { poolSize: 1 });
  await pool.get("SELECT 1");
  const slow = pool.get(counting(1_000_000));
  slow.catch(() => {});
  let settled = "no" as "no" | "yes";
  const done = slow.then(() => settled = "yes", () => settled = "yes");
  // Such a thread does not keep the process alive.
  const alive = setInterval(() => {}, 1_000);
  await pool.close({ timeoutMs: 0 });
  assert.equal(settled, "no");
  await done;
  clearInterval(alive);
});

test("a file in a directory that is missing cannot be opened", async (t) => {
  const path = join(temporaryDirectory(t), "missing", "test.db");
  const isMissing = (error: unknown): boolean => {
    assert.ok(error instanceof SQLiteError);
    assert.equal(error.code, "SQLITE_CANTOPEN");
    assert.ok(error.cause instanceof Error);
    return true;
  };
  const factory = workerConnection(path);
  await assert.rejects(factory(), isMissing);
  await assert.rejects(openDatabase(path, { execution: "worker" }), isMissing);
});

test("a file that is locked while it is opened is waited for", async (t) => {
  const { pool, path } = openWorkerPool(t, { poolSize: 1 });
  const other = nativeDriver.open(path);
  other.exec("CREATE TABLE t (n); BEGIN EXCLUSIVE");
  let state = "waiting" as "waiting" | "settled";
  const read = pool.get("SELECT count(*) AS n FROM t").finally(() => state = "settled");
  while (pool.stats.busyRetries === 0 && state === "waiting") {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  other.exec("COMMIT");
  other.close();
  assert.deepEqual(await read, { n: 0 });
});

test("bytes go to a thread and come back as they are, however many", async (t) => {
  const { pool } = openWorkerPool(t, { poolSize: 1 });
  await pool.execute("CREATE TABLE t (bytes)");
  const sizes = [0, 1, 1_000, 65_536, 20_000_000];
  const blobs = sizes.map((size) => new Uint8Array(size).map((_, i) => i % 251));
  await pool.withConnection(async (conn) => {
    for (const bytes of blobs) {
      const written = conn.run("INSERT INTO t VALUES (?)", [bytes]);
      bytes.fill(255);
      await written;
    }
  });
  assert.deepEqual(blobs.map(({ length }) => length), sizes, "those of the caller stay");
  const read = await pool.all("SELECT bytes FROM t ORDER BY rowid");
  for (const [i, { bytes }] of read.entries()) {
    assert.ok(bytes instanceof Uint8Array);
    assert.equal(bytes.length, sizes[i]);
    assert.ok(bytes.every((byte, at) => byte === at % 251), `${sizes[i]} bytes`);
  }
});

test("the handle is in another thread, and says so to whoever uses it", async (t) => {
  const { pool } = openWorkerPool(t, { poolSize: 2 });
  const [one, other] = await Promise.all([pool.connection(), pool.connection()]);
  const raw = await one.raw as { function(): void; busy: boolean };
  assert.equal(one.raw, raw);
  assert.notEqual(other.raw, raw);
  assert.throws(() => raw.function(), /raw\.function .* another thread/);
  assert.throws(() => raw.busy = true, /raw\.busy .* another thread/);
  assert.match(inspect(raw), /RemoteHandle/);
  await Promise.all([one.release(), other.release()]);
});

test("a driver that no thread can load is refused at once", () => {
  const driver = "mysql" as "libsql";
  assert.throws(() => workerConnection("app.db", { driver }), /driver must be one .*"mysql"/);
  const worker = "./worker.js" as unknown as () => WorkerLike;
  assert.throws(() => workerConnection("app.db", { worker }), /worker must be a function/);
});

test("threads are started by the function that is passed as worker", async (t) => {
  let started = 0;
  const worker = (): WorkerLike => {
    started += 1;
    return spawnWorker();
  };
  const path = join(temporaryDirectory(t), "test.db");
  const options = { execution: "worker", worker, readers: 1, onWarning: () => {} } as const;
  const db = await openDatabase(path, options);
  await db.run("CREATE TABLE t (n)");
  assert.deepEqual(await db.all("SELECT * FROM t"), []);
  assert.equal(started, 2);
  assert.deepEqual(db.stats.threads, { running: 2, abandoned: 0 });
  await db.close();
  assert.deepEqual(db.stats.threads, { running: 0, abandoned: 0 });
});

test("a thread that cannot be started fails its caller, and takes no slot for good", async (t) => {
  let broken = true;
  const worker = (): WorkerLike => {
    if (broken) throw new Error("no more threads");
    return spawnWorker();
  };
  const { pool, factory } = openWorkerPool(t, { poolSize: 1 }, { worker });
  await assert.rejects(pool.get("SELECT 1"), /no more threads/);
  assert.equal(factory.threads.running, 0);
  broken = false;
  assert.deepEqual(await pool.get("SELECT 1 AS n"), { n: 1 });
});

function doomed(doom: Omit<Doom, "deaths">): WorkerLike {
  const script = new URL("./doomed_worker.ts", import.meta.url);
  const deaths = new SharedArrayBuffer(64);
  return new Worker(script, { workerData: { doom: { ...doom, deaths } } }) as WorkerLike;
}

test("a script that fails when it is loaded fails the open, with the reason", async (t) => {
  const { pool } = openWorkerPool(t, {}, {
    worker: () => doomed({ moment: "loading", way: "throw", patience: 0 }),
  });
  await assert.rejects(pool.get("SELECT 1"), (error) => {
    assert.ok(error instanceof PoolConnectionOpenError);
    assert.ok(error.cause instanceof ConnectionLostError);
    assert.match(String((error.cause.cause as Error).message), /doomed/);
    return true;
  });
});

test("a thread that died while it was idle is replaced unnoticed", async (t) => {
  const workers: WorkerLike[] = [];
  const worker = (): WorkerLike => {
    workers.push(spawnWorker());
    return workers.at(-1)!;
  };
  const { pool, factory } = openWorkerPool(t, { poolSize: 1 }, { worker });
  await pool.get("SELECT 1");
  workers[0].terminate();
  while (factory.threads.running > 0) await new Promise((resolve) => setTimeout(resolve, 1));
  assert.deepEqual(await pool.get("SELECT 2 AS n"), { n: 2 });
  assert.equal(workers.length, 2);
  assert.equal(pool.stats.destroyed.invalid, 1);
});

test("a call is told whether it had been sent to the thread that died", async (t) => {
  const worker = (): WorkerLike =>
    doomed({ moment: "before a statement", way: "exit", patience: 1 });
  const factory = workerConnection(join(temporaryDirectory(t), "test.db"), { worker });
  const connection = await factory();
  await connection.execute("SELECT 1");
  const sent = connection.execute("SELECT 2");
  await assert.rejects(sent, (error) => {
    assert.ok(error instanceof ConnectionLostError);
    assert.match(error.message, /may or may not have taken effect/);
    return error.mayHaveTakenEffect;
  });
  await assert.rejects(connection.execute("SELECT 3"), (error) => {
    assert.ok(error instanceof ConnectionLostError);
    assert.match(error.message, /has not taken effect/);
    return !error.mayHaveTakenEffect;
  });
});

test("whoever tries again at once when a thread has died gets another one", async (t) => {
  let started = 0;
  // The first message with a statement is the pool's own probe.
  const worker = (): WorkerLike =>
    started++ === 0
      ? doomed({ moment: "before a statement", way: "exit", patience: 1 })
      : spawnWorker();
  const { pool } = openWorkerPool(t, { poolSize: 1 }, { worker });
  let retried = 0;
  const read = async (n: number): Promise<unknown> => {
    try {
      return await pool.get("SELECT ? AS n", [n]);
    } catch (error) {
      assert.ok(error instanceof ConnectionLostError);
      retried += 1;
      return await pool.get("SELECT ? AS n", [n]);
    }
  };
  const rows = await Promise.all(Array.from({ length: 20 }, (_, n) => read(n)));
  assert.deepEqual(rows, Array.from({ length: 20 }, (_, n) => ({ n })));
  // How many were under way depends on how quick the first was.
  assert.ok(retried > 0, "no read was lost with the thread");
});

test("whoever had only waited for a thread that died is served by another one", async (t) => {
  let started = 0;
  // The probe, and the first read, are survived.
  const worker = (): WorkerLike =>
    started++ === 0
      ? doomed({ moment: "before a statement", way: "exit", patience: 2 })
      : spawnWorker();
  const { pool } = openWorkerPool(t, { poolSize: 1 }, { worker });
  await pool.get("SELECT 1");
  const calls = Array.from({ length: 20 }, (_, n) => pool.get("SELECT ? AS n", [n]));
  const waiting = pool.stats.waiting;
  assert.ok(waiting >= 10, `${waiting} waiting`);
  const settled = await Promise.allSettled(calls);
  const lost = settled.filter(({ status }) => status === "rejected");
  assert.equal(lost.length, 20 - waiting);
  for (const [n, result] of settled.entries()) {
    if (result.status === "fulfilled") assert.deepEqual(result.value, { n });
    else assert.ok(result.reason instanceof ConnectionLostError);
  }
});
