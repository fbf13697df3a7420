/** Commands in a user's project, and the runtimes that run their programs. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import process from "node:process";

import { type Runtime, runtimes } from "../../../scripts/lib/runtimes.ts";
import { repositoryRoot } from "../../helpers/runtime.ts";

export { type Runtime, runtimes };

export interface CommandOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** The path of a program that npm installed for the repository. */
export function installed(path: string): string {
  return join(repositoryRoot, "node_modules", path);
}

export function binaryOf(kind: Runtime["kind"]): string {
  return join(repositoryRoot, runtimes.findLast((runtime) => runtime.kind === kind)!.binary);
}

/** Runs a command to its end, which must be a good one, and returns what it wrote to stdout. */
export function command(
  [program, ...args]: readonly string[],
  { cwd, env }: CommandOptions,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...userEnvironment(), ...env },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 120_000,
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => stdout += chunk);
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => stderr += chunk);
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (code === 0) return resolve(stdout);
      reject(
        new assert.AssertionError({
          message: `${[program, ...args].join(" ")}: ${signal ?? `exit code ${code}`}\n` +
            `${stderr}${stdout}`,
        }),
      );
    });
  });
}

/** Runs a program and returns what it printed as JSON. */
export async function runProgram(
  { kind, binary }: Runtime,
  program: string,
  options: CommandOptions,
): Promise<unknown> {
  const args = {
    node: ["--disable-warning=ExperimentalWarning"],
    bun: ["run"],
    deno: ["run", "--allow-all", "--no-lock"],
  }[kind];
  return JSON.parse(await command([join(repositoryRoot, binary), ...args, program], options));
}

/** Without what `npm test` tells its children about the repository. */
function userEnvironment(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name));
  return {
    ...Object.fromEntries(entries),
    NO_COLOR: "1",
    NO_UPDATE_NOTIFIER: "1",
    DENO_NO_UPDATE_CHECK: "1",
    PATH: `${join(repositoryRoot, "node_modules/node26/bin")}:${process.env.PATH}`,
  };
}
