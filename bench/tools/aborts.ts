/**
 * What happens after a caller gives up on a statement that would run for minutes in a process: when
 * the caller is told, when the process is gone, when another writer succeeds, and what is left of
 * them after many rounds.
 *
 *   node bench/tools/aborts.ts, bun bench/tools/aborts.ts, deno run -A bench/tools/aborts.ts
 */

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { openDatabase } from "../../mod.ts";
import { childProcesses, isRunning } from "../../tests/process/processes.ts";
import { describeRuntime } from "./rounds.ts";

/** Of each kind of statement. */
const ROUNDS = Number(process.env.ROUNDS ?? 25);
const RUNS_BEFORE_ABORT_MS = 100;
/** In which everything but the caller's answer has to have happened. */
const LIMIT_MS = 100;
/** In which the caller has to be told. */
const ANSWER_LIMIT_MS = 20;
/** How often it is looked at what is left; that takes half a second. */
const CENSUS_EVERY = 50;
/** Processes of earlier rounds, and the memory of the runtime itself, come and go at first. */
const SETTLED_AFTER = Math.min(100, ROUNDS / 4);

const ENDLESS = "WITH RECURSIVE c(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM c) SELECT n FROM c";
const STATEMENTS = {
  aggregate: { call: "get", sql: `SELECT count(*) FROM (${ENDLESS})` },
  insert: { call: "run", sql: `INSERT INTO t (n) ${ENDLESS}` },
} as const;

interface Census {
  readonly memoryMb: number;
  readonly descriptors: number;
  readonly processes: number;
  /** Processor time of this process and its children, of the time that passed. */
  readonly busy: number;
}

/** Processor time in seconds; a hundredth is what the kernel counts in. */
function processorTime(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function takeCensus(): Promise<Census> {
  // The spare process starts meanwhile.
  await delay(500);
  const children = await childProcesses();
  const used = (): number =>
    [process.pid, ...children].reduce((sum, pid) => sum + processorTime(pid), 0);
  const [before, startedAt] = [used(), performance.now()];
  await delay(300);
  return {
    memoryMb: Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))![1]) /
      1_024,
    descriptors: readdirSync("/proc/self/fd").length,
    processes: children.length,
    busy: 1_000 * (used() - before) / (performance.now() - startedAt),
  };
}

function describe(times: readonly number[], limit: number): string {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): string =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))].toFixed(1);
  const late = sorted.filter((ms) => ms > limit).length;
  return `${at(0.5)} ms, 99 % ${at(0.99)}, most ${at(1)}; ${late} of ${times.length} over ${limit}`;
}

const folder = mkdtempSync(join(tmpdir(), "sqlitepool-bench-"));
const path = join(folder, "bench.db");
const db = await openDatabase(path, { execution: "process", readers: 1 });
const other = await openDatabase(path, { readers: 1, onWarning: () => {} });
await db.run("CREATE TABLE t (n)");
console.log(describeRuntime());

for (const [name, { call, sql }] of Object.entries(STATEMENTS)) {
  const [settled, gone, written]: [number[], number[], number[]] = [[], [], []];
  const censuses: Census[] = [];
  let stuckLogs = 0;
  for (let round = 0; round < ROUNDS; round++) {
    await Promise.all([db.get("SELECT 1"), db.run("DELETE FROM t WHERE n < 0")]);
    const before = await childProcesses();
    const controller = new AbortController();
    let failure: unknown;
    const ended = db[call](sql, [], { signal: controller.signal }).catch((error) => {
      failure = error;
    });
    await delay(RUNS_BEFORE_ABORT_MS);
    const abortedAt = performance.now();
    const sinceAbort = (): number => performance.now() - abortedAt;
    const reason = new RangeError("enough");
    controller.abort(reason);
    await Promise.all([
      ended.then(() => settled.push(sinceAbort())),
      other.run("INSERT INTO t VALUES (?)", [round]).then(() => written.push(sinceAbort())),
      (async () => {
        while (before.every(isRunning)) await delay(1);
        gone.push(sinceAbort());
      })(),
    ]);
    if (failure !== reason) throw new Error(`The caller was told ${failure}`);
    while ((await other.checkpoint("truncate")).busy && sinceAbort() < LIMIT_MS) await delay(1);
    if ((await other.checkpoint("truncate")).busy) stuckLogs++;
    if ((round + 1) % CENSUS_EVERY === 0) censuses.push(await takeCensus());
  }
  console.log(`${name}, aborted ${ROUNDS} times after ${RUNS_BEFORE_ABORT_MS} ms`);
  console.log(`  caller told after ${describe(settled, ANSWER_LIMIT_MS)}`);
  console.log(`  process gone after ${describe(gone, LIMIT_MS)}`);
  console.log(`  another writer's row committed after ${describe(written, LIMIT_MS)}`);
  console.log(`  log that could not be truncated in ${LIMIT_MS} ms: ${stuckLogs} times`);
  const settledAt = Math.floor(SETTLED_AFTER / CENSUS_EVERY);
  for (const [index, census] of censuses.entries()) {
    if (index < settledAt || index % 4 !== 3) continue;
    const { memoryMb, descriptors, processes, busy } = census;
    console.log(
      `  after ${(index + 1) * CENSUS_EVERY}: ${memoryMb.toFixed(0)} MB, ${descriptors} ` +
        `descriptors, ${processes} processes, ${(100 * busy).toFixed(1)} % of a core`,
    );
  }
  const [{ n }] = await db.all<{ n: number }>("SELECT count(*) AS n FROM t");
  console.log(`  rows: ${n}`);
  await db.run("DELETE FROM t");
}
await Promise.all([db.close(), other.close()]);
rmSync(folder, { recursive: true });
