// Which test files there are, and where each runs.

import { readdirSync } from "node:fs";

import { type Runtime, scriptRuntime } from "./runtimes.ts";

export function testFiles(): string[] {
  return readdirSync("tests", { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".test.ts"))
    .map((path) => `tests/${path.replaceAll("\\", "/")}`)
    .sort();
}

/** The files whose path begins with one of `paths`; all without any. At least one, or it throws. */
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

/** Tests in these folders start every runtime themselves, so one runtime is enough to run them. */
const onOneRuntime: readonly string[] = ["tests/packaging/"];

/** Whether the file runs on this runtime too, and not on the scripts' own alone. */
export function runsOn(runtime: Runtime, file: string): boolean {
  return runtime === scriptRuntime || !onOneRuntime.some((folder) => file.startsWith(folder));
}
