// The runtimes that every test runs on, and how each is started.

import { execFile } from "node:child_process";
import process from "node:process";
import { promisify } from "node:util";

import runtimeList from "../runtimes.json" with { type: "json" };

export interface Runtime {
  readonly name: string;
  readonly kind: "node" | "bun" | "deno";
  readonly binary: string;
}

export const runtimes: readonly Runtime[] = runtimeList as Runtime[];

/** The runtime that runs these scripts too. */
export const scriptRuntime: Runtime = runtimes.find(({ name }) => name === "node26")!;

/** The runtimes named in `--runtime` options, each a comma-separated list; all if there is none. */
export function selectRuntimes(options: readonly string[]): readonly Runtime[] {
  const names = options.flatMap((option) => option.split(","));
  const unknown = names.filter((name) => !runtimes.some((runtime) => runtime.name === name));
  if (unknown.length > 0) {
    const known = runtimes.map(({ name }) => name).join(", ");
    throw new Error(`Unknown runtime ${unknown.join(", ")}: it is one of ${known}.`);
  }
  return names.length === 0 ? runtimes : runtimes.filter(({ name }) => names.includes(name));
}

export async function runtimeVersion(runtime: Runtime): Promise<string> {
  const { stdout } = await promisify(execFile)(runtime.binary, ["--version"]);
  return stdout.match(/\d+\.\d+\.\d+\S*/)?.[0] ?? "?";
}

/** How long one test file may take. The nightly run allows more for its long versions. */
export const fileTimeoutMs: number = Number(process.env.TEST_FILE_TIMEOUT_MS ?? 600_000);

/** Arguments that run one test file and write its JUnit report. */
export function testArguments(runtime: Runtime, file: string, report: string): string[] {
  switch (runtime.kind) {
    case "node":
      // Without --test: the file runs in the process we start, so we see its exit code and crashes.
      return [
        "--expose-gc",
        "--test-reporter=spec",
        "--test-reporter-destination=stdout",
        "--test-reporter=junit",
        `--test-reporter-destination=${report}`,
        file,
      ];
    case "bun":
      // "./" makes the path exact, not a filter. Bun's own limit for a test is 5 seconds.
      return [
        "test",
        `--timeout=${fileTimeoutMs}`,
        "--reporter=junit",
        `--reporter-outfile=${report}`,
        `./${file}`,
      ];
    case "deno":
      return [
        "test",
        "--allow-all",
        "--no-check",
        "--v8-flags=--expose-gc",
        "--preload=scripts/lib/deno_preload.ts",
        `--junit-path=${report}`,
        file,
      ];
  }
}
