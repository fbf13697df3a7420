// Runs the quickstart example as a child process, and summarizes several runs.

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { Runtime } from "./runtimes.ts";

/** The example's own report. */
export interface Measurement {
  readonly workload: string;
  readonly side: string;
  readonly perSecond: number;
}

export interface QuickstartRun {
  /** Why it failed; undefined if it did not. */
  readonly problem: string | undefined;
  readonly measurements: Measurement[];
}

const TIMEOUT_MS = 300_000;

/** Runs the example with its output shown as it comes. */
export async function runQuickstart(
  { kind, binary }: Runtime,
  args: readonly string[],
): Promise<QuickstartRun> {
  const directory = mkdtempSync(join(tmpdir(), "sqlitepool-report-"));
  const report = join(directory, "report.json");
  const permissions = kind === "deno" ? ["run", "--allow-all", "--no-check"] : [];
  try {
    const problem = await watch(binary, [
      ...permissions,
      "examples/quickstart.ts",
      ...args,
      "--report",
      report,
    ]);
    if (problem !== undefined) return { problem, measurements: [] };
    return { problem, measurements: JSON.parse(readFileSync(report, "utf8")) };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function watch(binary: string, args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn(binary, args, { stdio: "inherit", timeout: TIMEOUT_MS });
    child.on("error", (error) => resolve(error.message));
    child.on("exit", (code, signal) => {
      if (code === 0) resolve(undefined);
      else resolve(signal === null ? `exit code ${code}` : `ended by ${signal}`);
    });
  });
}

/** Requests per second by runtime, and the factor by which the first side is faster. */
export function printComparison(reports: ReadonlyMap<string, readonly Measurement[]>): void {
  const measurements = [...reports.values()].flat();
  for (const workload of new Set(measurements.map((measurement) => measurement.workload))) {
    const [pooled, ...others] = new Set(
      measurements.filter((found) => found.workload === workload).map(({ side }) => side),
    );
    console.log(`\n${row(workload, ["pooled/s", ...others.map((side) => `${side}/s`)])}`);
    for (const [runtime, all] of reports) {
      const rate = (wanted: string): number =>
        all.find((found) => found.workload === workload && found.side === wanted)!.perSecond;
      const best = rate(pooled);
      const compared = others.map((side) => {
        const perSecond = rate(side);
        return `${count(perSecond)} (${(best / perSecond).toFixed(1)} x)`;
      });
      console.log(row(runtime, [count(best), ...compared]));
    }
  }
}

const count = (value: number): string => Math.round(value).toLocaleString("en");

function row(title: string, cells: readonly string[]): string {
  return title.padEnd(14) + cells.map((cell) => cell.padStart(28)).join("");
}
