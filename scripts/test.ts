// npm test: static checks, every test on every runtime, and the mutation check.
//
//   npm test                                           everything
//   npm test -- tests/pool                             files whose path begins so; no checks
//   npm test -- --runtime bun,node22 --runtime deno    some runtimes; no checks
//   npm test -- --checks tests/pool                    with the checks
//   npm test -- --output tests/pool/wait_queue            with the output of the files

import process from "node:process";
import { parseArgs } from "node:util";

import { mutationChecks, runCheck, staticChecks } from "./lib/checks.ts";
import { lanes, mapLimited, testLanes } from "./lib/concurrency.ts";
import { runsOn, selectFiles, testFiles } from "./lib/files.ts";
import { runMatrix } from "./lib/matrix.ts";
import { findMissingTests } from "./lib/parity.ts";
import {
  countRuntime,
  printCheck,
  printElsewhere,
  printRuntime,
  printSkipped,
  printSlowest,
  printTable,
  printTotals,
  showProgress,
} from "./lib/report.ts";
import { type Runtime, selectRuntimes } from "./lib/runtimes.ts";

const { values: options, positionals: paths } = parseArgs({
  allowPositionals: true,
  options: {
    runtime: { type: "string", multiple: true, default: [] },
    checks: { type: "boolean", default: false },
    output: { type: "boolean", default: false },
  },
});
const runtimes = selectRuntimes(options.runtime);
const files = selectFiles(testFiles(), paths);
const withChecks = options.checks || (options.runtime.length === 0 && paths.length === 0);
const totals = { passed: 0, failed: 0, skipped: 0 };

function count({ problem }: { problem: string | undefined }): void {
  if (problem === undefined) totals.passed++;
  else totals.failed++;
}

if (withChecks) {
  for (const result of await mapLimited(lanes, staticChecks, runCheck)) {
    printCheck(result);
    count(result);
  }
}

const all = options.runtime.length === 0;
const filesOf = (runtime: Runtime) => files.filter((file) => runsOn(runtime, file, all));
/** Together they take about half of the run's time. */
const slowestFiles = 25;
let done = 0;
const planned = runtimes.reduce((sum, runtime) => sum + filesOf(runtime).length, 0);
const reports = await runMatrix(runtimes, filesOf, testLanes, {
  onFile: ({ name }, { file }) => showProgress(`${++done}/${planned} ${name} ${file}`),
  onRuntime: (report) => printRuntime(report, options.output),
});
for (const report of reports) {
  const { passed, failed, skipped } = countRuntime(report);
  totals.passed += passed;
  totals.failed += failed;
  totals.skipped += skipped;
}

if (runtimes.length > 1) {
  const missing = findMissingTests(reports);
  const problem = missing.length === 0 ? undefined : "some runtimes lack tests that others have";
  const output = missing.join("\n");
  const result = { name: "same tests on every runtime", problem, output, ms: 0 };
  printCheck(result);
  count(result);
}

if (withChecks) {
  for (const check of mutationChecks()) {
    const result = await runCheck(check);
    printCheck(result);
    count(result);
  }
}

printSkipped(reports);
printElsewhere(runtimes, files, filesOf);
printSlowest(reports, slowestFiles);
printTable(reports);
printTotals(totals);
process.exitCode = totals.failed === 0 && totals.passed > 0 ? 0 : 1;
