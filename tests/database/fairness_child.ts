// Writes from many callers at once for a while, beside other processes that do the same.
// Arguments: path, processes, milliseconds, callers, "run" or "mix", durability, execution. One line
// of JSON at the end.
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { type Durability, type Execution, openDatabase } from "../../mod.ts";
import type { Report } from "./fairness_contest.ts";

const INSERT = "INSERT INTO entries (pid, caller) VALUES (?, ?)";
const ROLL_CALL_MS = 5;

const [path, processes, durationMs, callers, kind, durability, execution] = process.argv.slice(2);
const db = await openDatabase(path, {
  readers: 1,
  durability: durability as Durability,
  execution: execution as Execution,
  onWarning: () => {},
});
let acknowledged = 0;
let longestMs = 0;
let failures = 0;
let firstFailure = "";

async function write(caller: number): Promise<void> {
  const params = [process.pid, caller];
  if (kind === "run" || caller % 2 === 0) await db.run(INSERT, params);
  else await db.write((tx) => tx.run(INSERT, params));
}

async function call(caller: number, until: number): Promise<void> {
  while (performance.now() < until) {
    const calledAt = performance.now();
    try {
      await write(caller);
      acknowledged += 1;
    } catch (error) {
      failures += 1;
      firstFailure ||= String(error);
    }
    longestMs = Math.max(longestMs, performance.now() - calledAt);
  }
}

// Nobody starts before all are there: some runtimes take longer to load.
await db.run("INSERT INTO present (pid) VALUES (?)", [process.pid]);
const everybody = async (): Promise<boolean> => {
  const row = await db.get<{ count: number }>("SELECT count(*) AS count FROM present");
  return row!.count >= Number(processes);
};
while (!await everybody()) await delay(ROLL_CALL_MS);

const startedAt = performance.now();
const cpuAtStart = process.cpuUsage();
const until = startedAt + Number(durationMs);
await Promise.all(Array.from({ length: Number(callers) }, (_, caller) => call(caller, until)));
const tookMs = performance.now() - startedAt;
const { user, system } = process.cpuUsage(cpuAtStart);
const { busyRetries = 0 } = db.stats.writer ?? {};
const report: Report = {
  acknowledged,
  longestMs,
  failures,
  firstFailure,
  busyRetries,
  cpuShare: (user + system) / 1_000 / tookMs,
};
console.log(JSON.stringify(report));
await db.close();
