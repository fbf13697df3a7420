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

/** Whether the file runs on this runtime, rather than only on the one that runs the scripts. */
export function runsOn(runtime: Runtime, file: string): boolean {
  return runtime === scriptRuntime || !onOneRuntime.some((folder) => file.startsWith(folder));
}
