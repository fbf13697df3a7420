// What the test runner prints.

import process from "node:process";

import type { CheckResult } from "./checks.ts";
import type { FileReport, RuntimeReport } from "./matrix.ts";
import type { Runtime } from "./runtimes.ts";

export interface Totals {
  passed: number;
  failed: number;
  skipped: number;
}

export function countRuntime({ files }: RuntimeReport): Totals {
  const totals = { passed: 0, failed: 0, skipped: 0 };
  for (const { results, problem } of files) {
    for (const { status } of results) totals[status]++;
    if (problem !== undefined) totals.failed++;
  }
  return totals;
}

export function printCheck({ name, problem, output, ms }: CheckResult): void {
  console.log(`${problem === undefined ? "ok    " : "FAILED"} ${name} (${seconds(ms)} s)`);
  if (problem !== undefined) console.log(indent(`${problem}\n${lastLines(output, 80)}`));
}

/** A line that replaces itself, for a person watching a terminal. */
export function showProgress(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
}

export function printRuntime(report: RuntimeReport, showOutput: boolean): void {
  const { passed, failed, skipped } = countRuntime(report);
  const { runtime, version, files, ms } = report;
  showProgress("");
  console.log(
    `${failed === 0 ? "ok    " : "FAILED"} ${runtime} ${version}: ${passed} passed, ` +
      `${failed} failed, ${skipped} skipped (${seconds(ms)} s)`,
  );
  for (const file of files) printFile(runtime, file, showOutput);
}

function printFile(
  runtime: string,
  { file, results, problem, output }: FileReport,
  showOutput: boolean,
): void {
  for (const { name, status, message } of results) {
    if (status !== "failed") continue;
    console.log(`\nFAILED ${runtime} ${file} > ${name}`);
    console.log(indent(firstLines(message, 40)));
  }
  if (problem !== undefined) console.log(`\nFAILED ${runtime} ${file}: ${problem}`);
  if (showOutput) console.log(indent(output));
  else if (problem !== undefined) console.log(indent(lastLines(output, 60)));
}

/** Skipped tests by reason. Only Node reports reasons: the others borrow the reason found there. */
export function printSkipped(reports: readonly RuntimeReport[]): void {
  const tests = reports.flatMap(({ runtime, files }) =>
    files.flatMap(({ file, results }) =>
      results.filter(({ status }) => status === "skipped").map(({ name, message }) => ({
        runtime,
        test: `${file} > ${name}`,
        reason: message,
      }))
    )
  );
  if (tests.length === 0) return;

  const known = new Map(
    tests.filter(({ reason }) => reason).map(({ test, reason }) => [test, reason]),
  );
  const reasonOf = ({ reason, test }: { reason: string; test: string }) =>
    reason || known.get(test) || `no reason reported: ${test}`;
  console.log("\nSkipped:");
  for (const [reason, group] of Map.groupBy(tests, reasonOf)) {
    const perRuntime = Map.groupBy(group, ({ runtime }) => runtime);
    const counts = [...perRuntime].map(([runtime, { length }]) => `${length} on ${runtime}`);
    console.log(`  ${reason} (${counts.join(", ")})`);
  }
}

/** Test files that are left to other runtimes, whether those were selected or not. */
export function printElsewhere(
  runtimes: readonly Runtime[],
  files: readonly string[],
  filesOf: (runtime: Runtime) => readonly string[],
): void {
  const left = (runtime: Runtime) => files.length - filesOf(runtime).length;
  const counts = runtimes.filter(left).map((runtime) => `${left(runtime)} on ${runtime.name}`);
  if (counts.length > 0) console.log(`\nFiles left to other runtimes: ${counts.join(", ")}`);
}

/** The files that took longest, over all runtimes: where to look when the run takes too long. */
export function printSlowest(reports: readonly RuntimeReport[], count: number): void {
  const runs = reports.flatMap(({ runtime, files }) =>
    files.map(({ file, ms }) => ({ runtime, file, ms }))
  );
  const files = [...Map.groupBy(runs, ({ file }) => file)].map(([file, group]) => ({
    file,
    ms: group.reduce((sum, { ms }) => sum + ms, 0),
    each: group.map(({ runtime, ms }) => `${runtime} ${seconds(ms)}`).join(", "),
  }));
  console.log("\nSlowest files:");
  for (const { file, ms, each } of files.sort((a, b) => b.ms - a.ms).slice(0, count)) {
    console.log(`  ${seconds(ms)} s  ${file} (${each})`);
  }
}

export function printTable(reports: readonly RuntimeReport[]): void {
  const rows = reports.map((report) => {
    const { passed, failed, skipped } = countRuntime(report);
    const { runtime, version, files, ms } = report;
    return [runtime, version, files.length, passed, failed, skipped, seconds(ms)].map(String);
  });
  const table = [
    ["runtime", "version", "files", "passed", "failed", "skipped", "seconds"],
    ...rows,
  ];
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
  console.log();
  for (const row of table) {
    const cells = row.map((cell, column) =>
      column < 2 ? cell.padEnd(widths[column]) : cell.padStart(widths[column])
    );
    console.log(cells.join("  "));
  }
}

/** The last line. Tools read it, so nothing may follow it. */
export function printTotals({ passed, failed, skipped }: Totals): void {
  console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
}

const seconds = (ms: number) => (ms / 1000).toFixed(1);
const indent = (text: string) => text.replace(/^(?=.)/gm, "  ");
const firstLines = (text: string, count: number) => text.split("\n").slice(0, count).join("\n");
const lastLines = (text: string, count: number) =>
  text.trimEnd().split("\n").slice(-count).join("\n");
