// Child processes: captured, limited in time, and never left behind.

import { spawn, spawnSync } from "node:child_process";
import process from "node:process";

import { compileCache } from "./compile_cache.ts";

export interface Outcome {
  /** Why it failed; undefined if it exited with 0. */
  readonly problem: string | undefined;
  /** stdout and stderr, in the order of arrival. */
  readonly output: string;
  readonly ms: number;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  /** Output that ends the child at once, as a failure. */
  readonly stopAt?: RegExp;
}

const onWindows = process.platform === "win32";

/** Process groups of living children. */
const groups = new Set<number>();

process.on("exit", () => groups.forEach(killGroup));
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => process.exit(1));
}

export function run(
  command: string,
  args: readonly string[],
  { env = {}, timeoutMs = 600_000, stopAt }: RunOptions = {},
): Promise<Outcome> {
  return new Promise((resolve) => {
    const started = performance.now();
    const chunks: Buffer[] = [];
    let problem: string | undefined;

    // A process group of its own, so that everything it starts ends with it.
    const child = spawn(command, args, {
      detached: !onWindows,
      env: { ...childEnvironment(), ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const group = child.pid;
    if (group !== undefined) groups.add(group);
    const stop = (why: string): void => {
      problem ??= why;
      if (group !== undefined) killGroup(group);
    };
    const timer = setTimeout(
      () => stop(`still running after ${timeoutMs / 1000} s: killed`),
      timeoutMs,
    );
    const text = () => Buffer.concat(chunks).toString("utf8");

    child.stdout.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      if (stopAt?.test(text())) stop("stopped at its first failure");
    });
    child.stderr.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.on("error", (error) => problem = error.message);
    child.on("exit", (code, signal) => {
      if (code !== 0) problem ??= signal === null ? `exit code ${code}` : `killed by ${signal}`;
      // Survivors would hold the pipes open.
      if (group !== undefined && !onWindows) killGroup(group);
    });
    child.on("close", () => {
      clearTimeout(timer);
      if (group !== undefined) groups.delete(group);
      resolve({ problem, output: text(), ms: performance.now() - started });
    });
  });
}

function killGroup(group: number): void {
  // Windows has no process groups: end the child's tree while the child is still there.
  if (onWindows) return void spawnSync("taskkill", ["/pid", String(group), "/t", "/f"]);
  try {
    process.kill(-group, "SIGKILL");
  } catch {
    // Gone already.
  }
}

function childEnvironment(): NodeJS.ProcessEnv {
  // Node warns when both NO_COLOR and FORCE_COLOR are set.
  const { FORCE_COLOR: _, ...env } = process.env;
  return {
    ...env,
    NO_COLOR: "1",
    DENO_NO_UPDATE_CHECK: "1",
    NODE_COMPILE_CACHE: compileCache,
  };
}
