// Lists the test files and the runtimes for each.

import { readdirSync } from "node:fs";

import { type Runtime, scriptRuntime } from "./runtimes.ts";

export function testFiles(): string[] {
  return readdirSync("tests", { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".test.ts"))
    .map((path) => `tests/${path.replaceAll("\\", "/")}`)
    .sort();
}

/**
 * Returns the files whose path begins with one of `paths`, or all files. Throws if there are none.
 */
export function selectFiles(files: readonly string[], paths: readonly string[]): string[] {
  if (files.length === 0) throw new Error("There are no test files.");
  if (paths.length === 0) return [...files];
  const prefixes = paths.map((path) => path.replace(/^\.\//, ""));
  for (const prefix of prefixes) {
    if (!files.some((file) => file.startsWith(prefix))) {
      throw new Error(`No test file begins with "${prefix}".`);
    }
  }
  return files.filter((file) => prefixes.some((prefix) => file.startsWith(prefix)));
}

/** These start every runtime themselves, or try a tool that runs on one. */
const onOneRuntime: readonly string[] = [
  "tests/packaging/",
  "tests/project/document_types.test.ts",
];

/**
 * Between the oldest Node and the newest only the engine and `node:sqlite` differ. Where all runtimes
 * run, what says little of those is left to the other two; `--runtime node24` runs everything.
 */
const leftToItsNeighbours: Readonly<Record<string, readonly string[]>> = {
  node24: [
    "tests/conformance/node_sqlite_worker.test.ts",
    "tests/examples/",
    "tests/hostile/",
    "tests/integrations/",
    "tests/model/",
    "tests/pool/model.test.ts",
    "tests/process/",
    "tests/project/",
    "tests/remote/",
  ],
};

/**
 * Whether a file runs on a runtime.
 *
 * @param others whether the other runtimes run too.
 */
export function runsOn(runtime: Runtime, file: string, others: boolean): boolean {
  const left = [
    ...(runtime === scriptRuntime ? [] : onOneRuntime),
    ...(others ? leftToItsNeighbours[runtime.name] ?? [] : []),
  ];
  return !left.some((folder) => file.startsWith(folder));
}
