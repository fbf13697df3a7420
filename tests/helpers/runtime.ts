/** What differs between Node, Bun and Deno for the tests: the runtime itself, not SQLite. */

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import type { TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

export type RuntimeName = "node" | "bun" | "deno";

const globals = globalThis as {
  Bun?: { gc(synchronous: boolean): void };
  Deno?: unknown;
  gc?: () => void;
};

export function runtimeName(): RuntimeName {
  if (globals.Bun !== undefined) return "bun";
  return globals.Deno === undefined ? "node" : "deno";
}

/** Whether this is Node 26 or later, where tests run that need not run on every runtime. */
export const onNewestNode: boolean = runtimeName() === "node" &&
  Number.parseInt(process.versions.node) >= 26;

export const repositoryRoot: string = fileURLToPath(new URL("../../", import.meta.url));

/** Collects garbage until finalizers have run too. */
export async function collectGarbage(): Promise<void> {
  const collect = globals.Bun === undefined ? globals.gc : () => globals.Bun!.gc(true);
  if (collect === undefined) throw new Error("Start the test with --expose-gc (npm test does).");
  for (let round = 0; round < 6; round++) {
    collect();
    await delay(5);
  }
}

/** A new directory that is removed when the test ends. */
export function temporaryDirectory(test: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "sqlitepool-"));
  test.after(() => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }));
  return directory;
}

export interface ScriptOutcome {
  /** The exit code; -1 when a signal ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
}

const runArguments: Readonly<Record<RuntimeName, readonly string[]>> = {
  node: ["--expose-gc", "--disable-warning=ExperimentalWarning"],
  bun: ["run"],
  deno: [
    "run",
    "--allow-all",
    "--no-check",
    "--v8-flags=--expose-gc",
    `--config=${join(repositoryRoot, "deno.json")}`,
  ],
};

/** The command that runs a script of the repository on the runtime that runs the test. */
export function runtimeCommand(
  path: string,
  args: readonly string[] = [],
  runtimeArgs: readonly string[] = [],
): string[] {
  return [
    process.execPath,
    ...runArguments[runtimeName()],
    ...runtimeArgs,
    join(repositoryRoot, path),
    ...args,
  ];
}

/** Runs a script, given by its path in the repository, on the runtime that runs the test. */
export function runScript(
  path: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
  cwd: string = repositoryRoot,
  runtimeArgs: readonly string[] = [],
): Promise<ScriptOutcome> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const [command, ...commandArgs] = runtimeCommand(path, args, runtimeArgs);
    const child = spawn(command, commandArgs, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => stdout += chunk);
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => stderr += chunk);
    child.on("error", reject);
    child.on("close", (code) => {
      resolve({ code: code ?? -1, stdout, stderr, ms: performance.now() - started });
    });
  });
}
