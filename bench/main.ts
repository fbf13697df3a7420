/** `npm run bench`: the field side by side. `npm run bench -- --help` lists the options. */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";

import { buildPackage } from "../scripts/lib/npm/build.ts";
import { agreementTable } from "./report/agreement.ts";
import { drawCharts } from "./report/charts.ts";
import { goalsTable } from "./report/goals.ts";
import { readLast, readResults } from "./report/results.ts";
import { installContenders } from "./run/install.ts";
import { parseOptions, USAGE } from "./run/options.ts";
import { progress } from "./run/progress.ts";
import { RuntimeBenchmark } from "./run/runtime_benchmark.ts";

const args = process.argv.slice(2);
if (args.includes("--help")) {
  console.log(USAGE);
} else {
  const options = parseOptions(args);
  if (options.install) installContenders();
  const workspace = mkdtempSync(join(tmpdir(), "sqlitepool-bench-"));
  // Also when somebody loses patience.
  process.on("exit", () => rmSync(workspace, { recursive: true, force: true }));
  const env = options.sources
    ? process.env
    : { ...process.env, BENCH_ENTRY: await build(workspace) };
  for (const runtime of options.runtimes) {
    const last = readLast(options.output, runtime.name, options.scale);
    const results = await new RuntimeBenchmark(runtime, options, env).run();
    console.log(`\n${goalsTable(results)}`);
    if (last !== undefined) console.log(`\n${agreementTable(last, results)}`);
  }
  const charts = await drawCharts(options.output, readResults(options.output, options.scale));
  console.log(`\nResults and ${charts.length} charts are in ${options.output}.`);
}

/** What users install, instead of the sources: its types are gone already. */
async function build(workspace: string): Promise<string> {
  progress("building the package");
  const { directory } = await buildPackage("tsc", join(workspace, "built"));
  const { exports } = JSON.parse(readFileSync(join(directory, "package.json"), "utf8")) as {
    exports: { ".": { default: string } };
  };
  return pathToFileURL(join(directory, exports["."].default)).href;
}
