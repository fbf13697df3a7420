// npm run projects: tests with packages that are too heavy for everybody's `npm install`. Each folder
// of tests/projects is a project of its own: it is copied to a temporary directory, and its packages
// are installed there beside the built package. One that cannot be installed is skipped.
//
//   npm run projects                                      all of them, on every runtime
//   npm run projects -- --runtime node26 encrypted        one of them, on one runtime

import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";

import { buildPackage } from "./lib/npm/build.ts";
import { type Runtime, selectRuntimes } from "./lib/runtimes.ts";

interface Project {
  /** Sources that are copied into it, from the root of the repository. */
  readonly sources: readonly string[];
  readonly runsOn: (runtime: Runtime) => boolean;
}

/** Runs on Node, because what it is compared with or made of does. */
const onNode = ({ kind }: Runtime): boolean => kind === "node";

/** By their folders, which have a test file of the same name. */
const PROJECTS: Readonly<Record<string, Project>> = {
  encrypted: { sources: [], runsOn: () => true },
  nextjs: {
    sources: ["examples/frameworks/bank.ts", "examples/frameworks/nextjs"],
    runsOn: onNode,
  },
  prisma: { sources: [], runsOn: onNode },
};

const TESTS: Readonly<Record<Runtime["kind"], readonly string[]>> = {
  node: ["--test-reporter=spec"],
  // Bun's own limit for a test is 5 seconds.
  bun: ["test", "--timeout=120000"],
  deno: ["test", "--allow-all", "--no-check"],
};

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { runtime: { type: "string", multiple: true, default: [] } },
});
const unknown = positionals.filter((name) => !Object.hasOwn(PROJECTS, name));
if (unknown.length > 0) {
  throw new Error(
    `Unknown project ${unknown.join(", ")}: it is one of ${Object.keys(PROJECTS).join(", ")}.`,
  );
}
const runtimes = selectRuntimes(options.runtime);
const target = mkdtempSync(join(tmpdir(), "sqlitepool-projects-"));
process.once("exit", () => rmSync(target, { recursive: true, force: true }));
const { directory: built } = await buildPackage("tsc", join(target, "built"));

for (const name of positionals.length === 0 ? Object.keys(PROJECTS) : positionals) {
  const { sources, runsOn } = PROJECTS[name];
  const directory = join(target, name);
  cpSync(join("tests/projects", name), directory, { recursive: true });
  for (const source of sources) {
    cpSync(source, join(directory, basename(source)), { recursive: true });
  }
  const problem = install(directory);
  if (problem !== undefined) {
    console.log(`skipped ${name}: its packages could not be installed: ${problem}`);
    continue;
  }
  cpSync(built, join(directory, "node_modules/@sqlitepool/pool"), { recursive: true });
  for (const runtime of runtimes.filter(runsOn)) {
    console.log(`${name} on ${runtime.name}`);
    const { status } = spawnSync(
      resolve(runtime.binary),
      [...TESTS[runtime.kind], `./${name}.js`],
      { cwd: directory, stdio: "inherit" },
    );
    if (status !== 0) process.exitCode = 1;
  }
}

/** @returns why it cannot be done. */
function install(cwd: string): string | undefined {
  // Their native parts come ready-made; scripts would only download more.
  const args = ["ci", "--ignore-scripts"];
  const { status, error, stderr } = spawnSync("npm", args, { cwd, encoding: "utf8" });
  if (status === 0) return undefined;
  return error?.message ?? stderr.trim().split("\n").slice(0, 3).join("; ");
}
