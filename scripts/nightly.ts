// npm run nightly: the long versions of tests that `npm test` cuts short, and the projects that have
// packages of their own.
//
//   npm run nightly                      all of them, on Node 26, Bun and Deno
//   npm run nightly -- --runtime bun     on one runtime

import { spawnSync } from "node:child_process";
import process from "node:process";

const LONG_RUNS: Readonly<Record<string, string>> = {
  CRASHES: "10000",
  TRACED: "20000",
  TRANSFERS: "500000",
  ROUND_TRIPS: "1000000",
  MODEL_SCHEDULES: "1000000",
  OUTCOME_PROGRAMS: "2000000",
  CALLBACK_PROGRAMS: "50000",
  DEATHS: "1000",
  ABORTS: "1000",
  HOSTS: "100",
  HOSTILE_FILES: "2000",
  INTERRUPTS: "1000",
  ROWS: "10000000",
  CLUSTER_OPERATIONS: "50000",
  FAIRNESS_MS: "10000",
  FAIRNESS_PROCESSES: "2,8",
  TEST_FILE_TIMEOUT_MS: String(6 * 60 * 60 * 1_000),
};

const FILES = [
  "tests/database/crash.test.ts",
  "tests/database/sync_trace.test.ts",
  "tests/database/bank.test.ts",
  "tests/database/fairness.test.ts",
  "tests/conformance",
  "tests/pool/model.test.ts",
  "tests/adapters/interrupts.test.ts",
  "tests/hostile",
  "tests/model",
  "tests/remote/chaos.test.ts",
  "tests/remote/cluster.test.ts",
  "tests/remote/libsql_http.test.ts",
  "tests/remote/stalled.test.ts",
  "tests/remote/libsql_ws.test.ts",
  "tests/process",
  "tests/worker/deaths.test.ts",
  "tests/worker/iterate.test.ts",
];

const given = process.argv.slice(2);
const runtimes = given.includes("--runtime") ? given : ["--runtime", "node26,bun,deno"];
const { status } = spawnSync(process.execPath, ["scripts/test.ts", ...runtimes, ...FILES], {
  stdio: "inherit",
  env: { ...process.env, ...LONG_RUNS },
});
const projects = spawnSync(process.execPath, ["scripts/projects.ts", ...given], {
  stdio: "inherit",
});
const jsrProject = spawnSync(process.execPath, ["scripts/jsr_project.ts"], { stdio: "inherit" });
const failed = [status, projects.status, jsrProject.status].some((it) => it !== 0);
process.exitCode = failed ? 1 : 0;
