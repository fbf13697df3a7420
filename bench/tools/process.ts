/**
 * Statements in processes beside statements in threads and inline: the start of a connection, its
 * memory, a round trip, point reads of 100 callers, and aggregates. What an abort costs is measured
 * by aborts.ts.
 *
 *   node bench/tools/process.ts, bun bench/tools/process.ts, deno run -A bench/tools/process.ts
 */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { type Database, type Execution, openDatabase } from "../../mod.ts";
import { bestTimes, describeRuntime } from "./rounds.ts";
import { childProcesses } from "../../tests/process/processes.ts";

const ROUNDS = Number(process.env.ROUNDS ?? 5);
const ROWS = 100_000;
const CALLERS = 100;
const READS = 20_000;
const HOPS = 2_000;
const AGGREGATES = 40;
const AGGREGATE = "SELECT count(*) AS n FROM t WHERE text LIKE '%99%'";
const EXECUTIONS: readonly Execution[] = ["inline", "worker", "process"];

const folder = mkdtempSync(join(tmpdir(), "sqlitepool-bench-"));
const path = join(folder, "bench.db");
const open = (execution: Execution, readers: number): Promise<Database> =>
  openDatabase(path, { execution, readers, onWarning: () => {}, operationTimeoutMs: 60_000 });

async function fill(): Promise<void> {
  const db = await open("inline", 1);
  await db.run("CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT)");
  await db.run(
    `INSERT INTO t WITH RECURSIVE c(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM c LIMIT ${ROWS})
     SELECT n, 'row number ' || n FROM c`,
  );
  await db.close();
}

async function pointReads(db: Database): Promise<void> {
  let id = 0;
  const caller = async (): Promise<void> => {
    while (id < READS) await db.get("SELECT text FROM t WHERE id = ?", [1 + id++ * 7 % ROWS]);
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
}

async function hops(db: Database): Promise<void> {
  for (let n = 0; n < HOPS; n++) await db.get("SELECT 1");
}

async function aggregates(db: Database, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, () => db.get(AGGREGATE)));
}

/** The memory that a process shares with nobody, in MiB. */
function privateMemory(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  return Number(/^Private_Dirty:\s+(\d+) kB$/m.exec(rollup)![1]) / 1_024;
}

await fill();
console.log(describeRuntime());
const startedAt = performance.now();
await (await open("process", 1)).close();
console.log(`first process: ${(performance.now() - startedAt).toFixed(0)} ms`);

const one = await Promise.all(EXECUTIONS.map((execution) => open(execution, 1)));
for (const [name, task] of Object.entries({ pointReads, hops })) {
  const count = name === "hops" ? HOPS : READS;
  const best = await bestTimes(ROUNDS, one.map((db) => () => task(db)));
  const rates = best.map((ms, i) => `${EXECUTIONS[i]} ${(1_000 * ms / count).toFixed(1)} us`);
  console.log(`${name}: ${rates.join(", ")}`);
}
const [pid] = await childProcesses();
console.log(`private memory of a process: ${privateMemory(pid).toFixed(1)} MiB`);
await Promise.all(one.map((db) => db.close()));

const [inline, two] = [await open("inline", 1), await open("process", 2)];
await aggregates(two, 4);
const [alone, both] = await bestTimes(ROUNDS, [
  () => aggregates(inline, AGGREGATES),
  () => aggregates(two, AGGREGATES),
]);
console.log(
  `${AGGREGATES} aggregates: inline ${alone.toFixed(0)} ms, two processes ${both.toFixed(0)} ms`,
);
await Promise.all([inline.close(), two.close()]);

rmSync(folder, { recursive: true });
