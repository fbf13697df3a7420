// How processes that write to one file share it. Run it on each runtime. After the script's name:
// seconds a row (10), numbers of processes (1,2,8), durability (normal), execution (inline).
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import type { Durability, Execution } from "../../mod.ts";
import { type Contest, fairnessIndex, holdContest } from "../../tests/database/fairness_contest.ts";

const CALLERS = 16;
const durationMs = Number(process.argv[2] ?? 10) * 1_000;
const durability = (process.argv[4] ?? "normal") as Durability;
const execution = (process.argv[5] ?? "inline") as Execution;
const counts = (process.argv[3] ?? "1,2,8").split(",").map(Number);

console.log("writes processes    per s  of one  Jain  longest ms  failures  retries  CPU each");
for (const kind of ["run", "mix"] as const) {
  let alone = 0;
  for (const processes of counts) {
    const contest: Contest = {
      processes,
      durationMs,
      callers: CALLERS,
      kind,
      durability,
      execution,
    };
    const directory = mkdtempSync(join(tmpdir(), "sqlitepool-bench-"));
    const { reports } = await holdContest(directory, contest);
    rmSync(directory, { recursive: true });
    const shares = reports.map(({ acknowledged }) => acknowledged);
    const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);
    const rate = sum(shares) / durationMs * 1_000;
    if (processes === 1) alone = rate;
    const cells = [
      kind.padEnd(6),
      String(processes).padStart(9),
      rate.toFixed(0).padStart(8),
      (rate / alone).toFixed(2).padStart(7),
      fairnessIndex(shares).toFixed(2).padStart(5),
      Math.max(...reports.map(({ longestMs }) => longestMs)).toFixed(0).padStart(11),
      String(sum(reports.map(({ failures }) => failures))).padStart(9),
      String(sum(reports.map(({ busyRetries }) => busyRetries))).padStart(8),
      (sum(reports.map(({ cpuShare }) => cpuShare)) / processes).toFixed(2).padStart(9),
    ];
    console.log(cells.join(" "));
    const firstFailure = reports.find((report) => report.firstFailure !== "")?.firstFailure;
    if (firstFailure !== undefined) console.log(firstFailure);
  }
}
