/**
 * Starts threads with this package's script.
 *
 * @module
 */

import { builtin } from "../platform/builtin.ts";
import { detectRuntime } from "../platform/runtime.ts";
import { ownScript } from "./own_script.ts";
import type { SpawnWorker, Transport, WorkerLike } from "./transport.ts";

/** Starts a thread with this package's script. */
export function spawnWorker(): WorkerLike {
  const module = builtin("node:worker_threads");
  if (module === undefined) {
    throw new TypeError('This runtime has no threads. Use execution: "inline".');
  }
  const options = { name: "sqlitepool", ...withoutPreloads() };
  return new module.Worker(addressOf(ownScript(UNKNOWN_SCRIPT)), options) as WorkerLike;
}

/** The options of the process that its threads inherit. */
const SILENCERS = /--(no-warnings|no-deprecation|disable-warning[= ]\S+)(?=\s|$)/g;

/**
 * By default Node runs the preloads of the process (--import, --require) in its threads too: one
 * that opens a database would start threads endlessly. Other runtimes do not, and Deno may lack
 * permission to read the environment.
 */
function withoutPreloads(): object {
  if (detectRuntime() !== "node") return {};
  const { process } = globalThis as unknown as HostProcess;
  const { NODE_OPTIONS, ...env } = process.env;
  const given = [...process.execArgv, NODE_OPTIONS].join(" ");
  return { execArgv: given.match(SILENCERS)?.map((option) => option.replace(" ", "=")) ?? [], env };
}

interface HostProcess {
  readonly process: {
    readonly execArgv: readonly string[];
    readonly env: Readonly<Record<string, string | undefined>>;
  };
}

const UNKNOWN_SCRIPT =
  "In a CommonJS bundle the script of the threads cannot be located. Pass an option `worker` that " +
  "starts a thread with @sqlitepool/pool/worker.";

/** Deno starts a remote script in a thread only through a local module that imports it. */
function addressOf(script: URL): URL {
  if (script.protocol === "file:") return script;
  const code = `import ${JSON.stringify(script.href)};`;
  return new URL(`data:text/javascript,${encodeURIComponent(code)}`);
}

/** Available in the thread from its start, even to preloads. */
const IS_OURS = "sqlitepool.thread";

/** Starts a thread that cannot itself start threads for a pool. */
function startThread(spawn: SpawnWorker): WorkerLike {
  const module = builtin("node:worker_threads");
  if (module?.getEnvironmentData(IS_OURS) === true) {
    throw new TypeError(
      "This thread runs the statements of a pool, and a preload opens another database in it, " +
        'which would start threads without end. Pass execution: "inline" there, or let your ' +
        "option `worker` start its threads with execArgv: [].",
    );
  }
  // Threads started in the meantime receive this value.
  module?.setEnvironmentData?.(IS_OURS, true);
  try {
    return spawn();
  } finally {
    module?.setEnvironmentData?.(IS_OURS, undefined);
  }
}

/**
 * Threads.
 *
 * @param spawn starts a thread, if a bundler has moved its script.
 */
export function threads(spawn: SpawnWorker = spawnWorker): Transport {
  return { noun: "thread", stops: false, start: () => startThread(spawn) };
}
