/**
 * How a process is started: with the runtime of the host, and with as little of its surroundings as
 * possible.
 *
 * @module
 */

import { builtin } from "../platform/builtin.ts";
import { detectRuntime } from "../platform/runtime.ts";
import { ownScript } from "../worker/own_script.ts";
import { MARKER } from "../worker/wire/pipes.ts";

interface Globals {
  readonly process: {
    readonly execPath: string;
    readonly execArgv: readonly string[];
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly platform: string;
  };
  readonly Deno?: { readonly build: { readonly standalone?: boolean } };
  readonly Bun?: { readonly main: string };
}

const { process, Deno, Bun } = globalThis as unknown as Globals;

/**
 * Returns the command that runs this package's script.
 *
 * @throws {TypeError} where there is no runtime or no script to start.
 */
export function ownCommand(): readonly string[] {
  expectRuntime();
  const script = ownScript(
    `In a CommonJS bundle the script of the processes cannot be located. ${REMEDY}`,
  );
  const isFile = script.protocol === "file:";
  const address = isFile ? builtin("node:url")!.fileURLToPath(script) : script.href;
  return [process.execPath, ...runtimeArguments(), address];
}

const REMEDY = "Pass the option processCommand: a runtime, its arguments, and the path of " +
  "@sqlitepool/pool/worker.";

/** A program in a single file is its own runtime, but does not run other scripts. */
function expectRuntime(): void {
  const kind = singleFileKind();
  if (kind === undefined) return;
  throw new TypeError(
    `execution "process" starts the runtime with a script of its own, and ${kind} is not a ` +
      `runtime that can be started with one. ${REMEDY} Or use execution "worker".`,
  );
}

function singleFileKind(): string | undefined {
  if (Deno?.build.standalone === true) return "a program made by deno compile";
  if (Bun !== undefined && /^(\/\$bunfs\/|[A-Z]:[\\/]~BUN)/.test(Bun.main)) {
    return "a program made by bun build --compile";
  }
  const isSea = Bun === undefined && Deno === undefined && builtin("node:sea")?.isSea() === true;
  return isSea ? "a single executable application" : undefined;
}

/**
 * None of the host's own arguments: a preload that opens a database would start processes without
 * end.
 */
function runtimeArguments(): readonly string[] {
  switch (detectRuntime()) {
    case "node":
      return ["--disable-warning=ExperimentalWarning"];
    case "deno":
      // Whoever may start processes can do everything anyway.
      return ["run", "--allow-all", "--no-prompt"];
    default:
      return [];
  }
}

/** Variables that change what a runtime does when it starts, or that belong to another channel. */
const NOT_INHERITED =
  /^(NODE_OPTIONS|NODE_CHANNEL_.*|NODE_UNIQUE_ID|NODE_V8_COVERAGE|BUN_OPTIONS)$/;

/** The environment of processes: libraries of extensions may need it. */
export function inheritedEnvironment(): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !NOT_INHERITED.test(name)),
  );
}

/** The arguments of the script. */
export const SCRIPT_ARGUMENTS: readonly string[] = [MARKER];
