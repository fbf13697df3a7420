// Which test files there are.

import { readdirSync } from "node:fs";

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
