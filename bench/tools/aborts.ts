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
import { median, quantile } from "../report/statistics.ts";
import { describeRuntime } from "./rounds.ts";

/** Of each kind of statement. */
const ROUNDS = Number(process.env.ROUNDS ?? 25);
const RUNS_BEFORE_ABORT_MS = 100;
/** In which everything but the caller's answer has to have happened. */
const LIMIT_MS = 100;
/** In which the caller has to be told. */
const ANSWER_LIMIT_MS = 20;
/** How often what is left is counted. */
const CENSUSES = 5;

const ENDLESS = "WITH RECURSIVE c(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM c) SELECT n FROM c";
const STATEMENTS = {
  aggregate: { call: "get", sql: `SELECT count(*) FROM (${ENDLESS})` },
  insert: { call: "run", sql: `INSERT INTO t (n) ${ENDLESS}` },
} as const;

type Statement = (typeof STATEMENTS)[keyof typeof STATEMENTS];

/** Processor time of a process in seconds; a hundredth is what the kernel counts in. */
function processorTime(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** What this process has, and how busy it and its children are. */
async function takeCensus(): Promise<string> {
  // The replacement and the spare process start meanwhile.
  await delay(1_500);
  const children = await childProcesses();
  const used = (): number =>
    [process.pid, ...children].reduce((sum, pid) => sum + processorTime(pid), 0);
  const [before, startedAt] = [used(), performance.now()];
  await delay(300);
  const busy = 1_000 * (used() - before) / (performance.now() - startedAt);
  return `${(process.memoryUsage().rss / 2 ** 20).toFixed(0)} MiB, ` +
    `${readdirSync("/proc/self/fd").length} descriptors, ${children.length} processes, ` +
    `${(100 * busy).toFixed(1)} % of a core`;
}

function describe(times: readonly number[], limit: number): string {
  const [half, most, worst] = [median(times), quantile(times, 0.99), Math.max(...times)]
    .map((ms) => ms.toFixed(1));
  const late = times.filter((ms) => ms > limit).length;
  return `${half} ms, 99 % ${most}, worst ${worst}; ${late} of ${times.length} over ${limit}`;
}

const folder = mkdtempSync(join(tmpdir(), "sqlitepool-bench-"));
const path = join(folder, "bench.db");
const db = await openDatabase(path, { execution: "process", readers: 1 });
const other = await openDatabase(path, { readers: 1, onWarning: () => {} });
await db.run("CREATE TABLE t (n)");
console.log(describeRuntime());

/** After how many milliseconds it had happened. */
interface Times {
  readonly told: number;
  readonly gone: number;
  readonly written: number;
  readonly truncated: number;
}

async function abort({ call, sql }: Statement): Promise<Times> {
  await Promise.all([db.get("SELECT 1"), db.run("DELETE FROM t WHERE n < 0")]);
  const before = await childProcesses();
  const controller = new AbortController();
  const reason = new RangeError("enough");
  const outcome = db[call](sql, [], { signal: controller.signal }).catch((error) => error);
  await delay(RUNS_BEFORE_ABORT_MS);
  const abortedAt = performance.now();
  const sinceAbort = (): number => performance.now() - abortedAt;
  controller.abort(reason);
  const death = async (): Promise<void> => {
    while (before.every(isRunning)) await delay(1);
  };
  const [told, gone, written] = await Promise.all([
    outcome.then(sinceAbort),
    death().then(sinceAbort),
    other.run("INSERT INTO t VALUES (1)").then(sinceAbort),
  ]);
  const error = await outcome;
  if (error !== reason) throw new Error(`The caller was told: ${error}`);
  while ((await other.checkpoint("truncate")).busy) await delay(1);
  return { told, gone, written, truncated: sinceAbort() };
}

for (const [name, statement] of Object.entries(STATEMENTS)) {
  const times: Times[] = [];
  const censuses: string[] = [];
  while (times.length < ROUNDS) {
    times.push(await abort(statement));
    const isDue = times.length * CENSUSES % ROUNDS < CENSUSES;
    if (isDue) censuses.push(`after ${times.length}: ${await takeCensus()}`);
  }
  const tell = (key: keyof Times, limit: number): string =>
    describe(times.map((each) => each[key]), limit);
  console.log(`${name}, aborted ${ROUNDS} times after ${RUNS_BEFORE_ABORT_MS} ms`);
  console.log(`  caller told after ${tell("told", ANSWER_LIMIT_MS)}`);
  console.log(`  process gone after ${tell("gone", LIMIT_MS)}`);
  console.log(`  another writer's row committed after ${tell("written", LIMIT_MS)}`);
  console.log(`  log truncated after ${tell("truncated", LIMIT_MS)}`);
  for (const census of censuses) console.log(`  ${census}`);
  console.log(
    `  rows, of ${ROUNDS} of the other writer: ${await db.value("SELECT count(*) FROM t")}`,
  );
  await db.run("DELETE FROM t");
}
await Promise.all([db.close(), other.close()]);
rmSync(folder, { recursive: true });
