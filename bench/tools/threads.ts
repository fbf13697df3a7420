// Costs and benefits of statements in threads, compared with the same statements on the main
// thread. Each line ends with a ratio and its target. Contenders alternate in many short rounds,
// and the best of each counts, so a busy machine does little harm.
//
//   node bench/tools/threads.ts [points|rows|aggregates|delay|auto|abort ...]
//   bun bench/tools/threads.ts
//   deno run -A bench/tools/threads.ts

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { Worker } from "node:worker_threads";

import { type Database, type Execution, openDatabase } from "../../mod.ts";
import { nativeDriver } from "../../tests/helpers/drivers.ts";
import { runtimeName } from "../../tests/helpers/runtime.ts";
import { bestTimes, describeRuntime } from "./rounds.ts";

const ITEMS = 100_000;
const BIG = 2_000_000;
const POINT = "SELECT id, name FROM items WHERE id = ?";
const HUNDRED = "SELECT id, name, note, price, stock FROM items WHERE id >= ? LIMIT 100";
const AGGREGATE = "SELECT count(*), sum(stock), avg(price), max(length(note)) FROM items";
const BIG_AGGREGATE = "SELECT count(*), sum(value), max(value) FROM big";

const runtime = runtimeName();
const directory = mkdtempSync(join(tmpdir(), "sqlitepool-bench-"));
const path = join(directory, "bench.db");

function seed(): void {
  const raw = nativeDriver.open(path);
  raw.exec("PRAGMA journal_mode = WAL");
  raw.exec(`
    CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT, note TEXT, price REAL, stock INTEGER);
    WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < ${ITEMS})
    INSERT INTO items SELECT n, 'item ' || n, 'a note about ' || n, n * 0.37, n % 1000 FROM c;
    CREATE TABLE big (id INTEGER PRIMARY KEY, value INTEGER);
    WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < ${BIG})
    INSERT INTO big SELECT n, n % 9973 FROM c`);
  raw.close();
}

const open = (execution: Execution, readers: number): Promise<Database> =>
  openDatabase(path, { execution, readers, onWarning: () => {} });

const idOf = (i: number): number => (i * 7919) % (ITEMS - 100) + 1;

/** Makes `total` calls from `callers` loops, each of which awaits its call before the next. */
async function callAll(
  callers: number,
  total: number,
  call: (i: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  await Promise.all(Array.from({ length: callers }, async () => {
    while (next < total) await call(next++);
  }));
}

function report(what: string, ratio: number, wanted: string): void {
  console.log(`  ${what.padEnd(58)} ${ratio.toFixed(2).padStart(6)}   (wanted: ${wanted})`);
}

const perSecond = (calls: number, ms: number): string =>
  `${Math.round(calls / ms * 1_000).toLocaleString("en")}/s`;

async function pointReads(): Promise<void> {
  const callers = 100;
  const reads = 3_000;
  const raw = nativeDriver.open(path);
  const statement = raw.prepare(POINT);
  const db = await open("worker", 1);
  const tasks = [
    async () => {
      for (let i = 0; i < reads; i++) statement.get(idOf(i));
    },
    () => callAll(callers, reads, (i) => db.get(POINT, [idOf(i)])),
  ];
  const [inline, worker] = await bestTimes(80, tasks);
  console.log(`Point reads, ${callers} callers, one worker`);
  report(
    `worker ${perSecond(reads, worker)}, raw statement ${perSecond(reads, inline)}`,
    inline / worker,
    runtime === "bun" ? "0.4" : "0.5",
  );
  await db.close();
  raw.close();
}

const cell = new Int32Array(new SharedArrayBuffer(4));

/** CPU time of this thread so far, in milliseconds. */
function threadCpuMs(): number {
  if (process.platform === "linux") {
    // Exact to the nanosecond, but updated only when the thread is scheduled out.
    Atomics.wait(cell, 0, 0, 0.1);
    return Number(readFileSync("/proc/thread-self/schedstat", "utf8").split(" ")[0]) / 1e6;
  }
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

async function hundredRows(): Promise<void> {
  const callers = 20;
  const queries = 200;
  const inline = await open("inline", 2);
  const workers = await open("worker", 2);
  const tasks = [inline, workers].map((db) => () =>
    callAll(callers, queries, (i) => db.all(HUNDRED, [idOf(i)]))
  );
  const [inlineMs, workersMs] = await bestTimes(150, tasks);
  const [inlineCpu, workersCpu] = await bestTimes(40, tasks, threadCpuMs);
  const micros = (ms: number): string => `${(ms / queries * 1_000).toFixed(1)} us`;
  console.log(`100 rows of 5 columns, ${callers} callers, two workers`);
  report(
    `caller's CPU per query: worker ${micros(workersCpu)}, inline ${micros(inlineCpu)}`,
    workersCpu / inlineCpu,
    "at most 0.35",
  );
  report(
    `worker ${perSecond(queries, workersMs)}, inline ${perSecond(queries, inlineMs)}`,
    inlineMs / workersMs,
    runtime === "node" ? "1.2" : "1.0",
  );
  await inline.close();
  await workers.close();
}

/** Runs a statement over and over with the bare driver in a bare thread. */
class RawThread {
  readonly #worker: Worker;

  constructor(sql: string) {
    const [module, handle] = runtime === "bun"
      ? ["bun:sqlite", "Database"]
      : ["node:sqlite", "DatabaseSync"];
    const script = `
      const { ${handle}: Database } = process.getBuiltinModule(${JSON.stringify(module)});
      const { parentPort } = process.getBuiltinModule("node:worker_threads");
      const db = new Database(${JSON.stringify(path)});
      db.exec("PRAGMA cache_size = -16000; PRAGMA mmap_size = 268435456");
      const statement = db.prepare(${JSON.stringify(sql)});
      parentPort.on("message", (times) => {
        for (let i = 0; i < times; i++) statement.get();
        parentPort.postMessage("done");
      });`;
    this.#worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(script)}`));
  }

  run(times: number): Promise<void> {
    return new Promise((resolve) => {
      this.#worker.once("message", () => resolve());
      this.#worker.postMessage(times);
    });
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}

async function aggregates(): Promise<void> {
  const callers = 8;
  const queries = 8;
  const inline = await open("inline", 1);
  const workers = await open("worker", 2);
  const tasks = [inline, workers].map((db) => () =>
    callAll(callers, queries, () => db.get(AGGREGATE))
  );
  const threads = [new RawThread(AGGREGATE), new RawThread(AGGREGATE)];
  tasks.push(async () => {
    await Promise.all(threads.map((thread) => thread.run(queries / threads.length)));
  });
  const [inlineMs, workersMs, rawMs] = await bestTimes(30, tasks);
  console.log(
    `Aggregates over ${ITEMS.toLocaleString("en")} rows, ${callers} callers, two workers`,
  );
  report(
    `worker ${perSecond(queries, workersMs)}, inline ${perSecond(queries, inlineMs)}`,
    inlineMs / workersMs,
    "1.7",
  );
  report("what this machine gives to bare drivers in two threads", inlineMs / rawMs, "a ceiling");
  await Promise.all(threads.map((thread) => thread.end()));
  await inline.close();
  await workers.close();
}

/** How late a 1 ms ticker fires while a task runs, in milliseconds: the 99th percentile. */
async function delayDuring(task: () => Promise<void>): Promise<number> {
  const delays: number[] = [];
  let due = performance.now() + 1;
  const ticker = setInterval(() => {
    const now = performance.now();
    delays.push(Math.max(0, now - due));
    due = now + 1;
  }, 1);
  await task();
  clearInterval(ticker);
  // If the loop was blocked to the end, the ticker has waited until now.
  delays.push(Math.max(0, performance.now() - due));
  delays.sort((a, b) => a - b);
  return delays[Math.ceil(delays.length * 0.99) - 1];
}

async function delay(): Promise<void> {
  const callers = 8;
  const queries = 8;
  const least = async (task: () => Promise<void>): Promise<number> => {
    let ms = Infinity;
    for (let round = 0; round < 4; round++) ms = Math.min(ms, await delayDuring(task));
    return ms;
  };
  const idle = await least(() => new Promise((resolve) => setTimeout(resolve, 1_000)));
  const delays: number[] = [];
  for (const execution of ["inline", "worker"] as const) {
    const db = await open(execution, 2);
    delays.push(await least(() => callAll(callers, queries, () => db.get(BIG_AGGREGATE))));
    await db.close();
  }
  const [inline, workers] = delays;
  console.log(`Event-loop delay, aggregates over ${BIG.toLocaleString("en")} rows, two workers`);
  report(
    `p99 in ms: idle ${idle.toFixed(2)}, inline ${inline.toFixed(2)}, worker:`,
    workers,
    "at most 5",
  );
}

/** Runs loops of both kinds of statements for a while. */
async function mixedLoad(db: Database, ms: number): Promise<void> {
  let isOver = false;
  let next = 0;
  const loop = async (call: () => Promise<unknown>): Promise<void> => {
    while (!isOver) await call();
  };
  const loops = [
    ...Array.from({ length: 16 }, () => loop(() => db.get(POINT, [idOf(next++)]))),
    ...Array.from({ length: 4 }, () => loop(() => db.get(AGGREGATE))),
  ];
  await new Promise((resolve) => setTimeout(resolve, ms));
  isOver = true;
  await Promise.all(loops);
}

async function auto(): Promise<void> {
  const callers = 100;
  const reads = 3_000;
  const inline = await open("inline", 2);
  const chosen = await open("auto", 2);
  const tasks = [inline, chosen].map((db) => () =>
    callAll(callers, reads, (i) => db.get(POINT, [idOf(i)]))
  );
  const [inlineMs, autoMs] = await bestTimes(80, tasks);
  console.log(`auto: point reads, ${callers} callers`);
  report(
    `auto ${perSecond(reads, autoMs)}, inline ${perSecond(reads, inlineMs)}`,
    inlineMs / autoMs,
    "0.8",
  );
  const delays: number[] = [];
  for (const db of [inline, chosen]) delays.push(await delayDuring(() => mixedLoad(db, 4_000)));
  console.log("auto: event-loop delay, 16 loops of point reads beside 4 of aggregates");
  report(`p99 in ms: inline ${delays[0].toFixed(2)}, auto:`, delays[1], "at most 10");
  await inline.close();
  await chosen.close();
}

/** Takes about five seconds. */
const FIVE_SECONDS = `
  WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 50000000)
  SELECT count(*) FROM c`;

async function abort(): Promise<void> {
  const db = await open("worker", 2);
  const startedAt = performance.now();
  await db.get(FIVE_SECONDS);
  const wholeMs = performance.now() - startedAt;
  const latest: number[] = [];
  for (let round = 0; round < 2; round++) {
    const controller = new AbortController();
    const slow = db.get(FIVE_SECONDS, [], { signal: controller.signal });
    // A third reader thread would be one too many for a machine with two cores.
    await db.get(POINT, [1]);
    setTimeout(() => {
      latest.push(performance.now());
      controller.abort();
    }, 200);
    await slow.catch(() => {});
    latest.push(performance.now() - latest.pop()!);
    for (let i = 0; i < 100; i++) await db.get(POINT, [idOf(i)]);
  }
  console.log(`Abort of a statement of ${(wholeMs / 1_000).toFixed(1)} s in a thread`);
  report("ms until its caller was released, the later of two", Math.max(...latest), "at most 20");
  const closedAt = performance.now();
  await db.close();
  console.log(`  close() waited ${(performance.now() - closedAt).toFixed(0)} ms`);
}

const figures: Readonly<Record<string, () => Promise<void>>> = {
  points: pointReads,
  rows: hundredRows,
  aggregates,
  delay,
  auto,
  abort,
};
const wanted = process.argv.slice(2);

console.log(describeRuntime());
seed();
try {
  for (const [name, measure] of Object.entries(figures)) {
    if (wanted.length === 0 || wanted.includes(name)) await measure();
  }
} finally {
  rmSync(directory, { recursive: true });
}
