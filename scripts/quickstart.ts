// npm run quickstart: examples/quickstart.ts on Node, Bun and Deno, one after the other.
//
//   npm run quickstart -- --seconds 3    arguments go to the example

import process from "node:process";

import { type Measurement, printComparison, runQuickstart } from "./lib/quickstart.ts";
import { type Runtime, runtimes, runtimeVersion } from "./lib/runtimes.ts";

const reports = new Map<string, Measurement[]>();
const failures: string[] = [];

for (const name of ["node26", "bun", "deno"]) {
  const runtime = runtimes.find((candidate) => candidate.name === name) as Runtime;
  const title = `${runtime.kind} ${await runtimeVersion(runtime)}`;
  console.log(`\n=== ${title} ${"=".repeat(72 - title.length)}`);
  const { problem, measurements } = await runQuickstart(runtime, process.argv.slice(2));
  if (problem === undefined) reports.set(title, measurements);
  else failures.push(`${title}: ${problem}`);
}

printComparison(reports);
failures.forEach((failure) => console.error(`FAILED ${failure}`));
process.exitCode = failures.length === 0 ? 0 : 1;
