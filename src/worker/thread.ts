/**
 * The host's side of a thread: how it starts and ends, and whether it keeps the process alive.
 *
 * @module
 */

import { ConnectionLostError } from "../driver/errors.ts";
import { builtin } from "../platform/builtin.ts";
import { detectRuntime } from "../platform/runtime.ts";
import type { Progress } from "./pending_calls.ts";

/** What is used of a `Worker` of `node:worker_threads`, which all three runtimes provide. */
export interface WorkerLike {
  /** Sends a message. The buffers in `transfer` are transferred instead of copied. */
  postMessage(message: unknown, transfer?: ArrayBuffer[]): void;
  /** Calls back on messages, on the error that ends the thread, and when it has ended. */
  on(
    event: "message" | "error" | "exit" | "messageerror",
    listener: (argument: unknown) => void,
  ): unknown;
  /** Lets the thread keep the process alive. */
  ref?(): unknown;
  /** Lets the process exit while the thread is running. */
  unref?(): unknown;
  /** Ends the thread. */
  terminate(): unknown;
}

/** Starts a thread. */
export type SpawnWorker = () => WorkerLike;

/** Starts a thread with this package's script. */
export function spawnWorker(): WorkerLike {
  const module = builtin("node:worker_threads");
  if (module === undefined) {
    throw new TypeError('This runtime has no threads. Use execution: "inline".');
  }
  const options = { name: "sqlitepool", ...withoutPreloads() };
  return new module.Worker(addressOf(ownScript()), options) as WorkerLike;
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

/** Built code is in .js files, in the same layout as the sources. */
function ownScript(): URL {
  // It is empty in CommonJS bundles, and workerd does not set it.
  const url: string | undefined = import.meta.url;
  if (url === undefined) {
    throw new TypeError(
      "In a CommonJS bundle the script of the threads cannot be located. Pass an option `worker` " +
        "that starts a thread with @sqlitepool/pool/worker.",
    );
  }
  return new URL(url.endsWith(".ts") ? "./worker.ts" : "./worker.js", url);
}

/** Deno starts a remote script in a thread only through a local module that imports it. */
function addressOf(script: URL): URL {
  if (script.protocol === "file:") return script;
  const code = `import ${JSON.stringify(script.href)};`;
  return new URL(`data:text/javascript,${encodeURIComponent(code)}`);
}

/** Creates the error of a call to a thread that has ended. */
export type LostError = (progress: Progress) => ConnectionLostError;

/** Receives the events of a thread. */
export interface ThreadListener {
  onMessage(message: unknown): void;
  /** Called once, however the thread ended. */
  onEnd(lost: LostError): void;
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

/** A running thread. */
export class Thread {
  readonly #worker: WorkerLike;
  readonly #listener: ThreadListener;
  #state: "busy" | "idle" | "ended" = "busy";

  constructor(spawn: SpawnWorker = spawnWorker, listener: ThreadListener) {
    const worker = startThread(spawn);
    this.#worker = worker;
    this.#listener = listener;
    let failure: unknown;
    worker.on("message", (message) => {
      // Node delivers pending messages after the error that ended the thread.
      if (this.#state !== "ended") listener.onMessage(message);
    });
    worker.on("error", (error) => {
      failure = error;
      // Bun and Deno do not always emit "exit" afterwards.
      void Promise.resolve().then(() => this.#end("it failed", failure));
    });
    worker.on("messageerror", (error) => this.giveUp("a message could not be read", error));
    worker.on("exit", (code) => this.#end(`it ended with code ${code}`, failure));
  }

  /**
   * Sends a message.
   *
   * @param message What to send.
   * @param transfer Buffers of the message that are transferred.
   */
  post(message: unknown, transfer?: ArrayBuffer[]): void {
    try {
      this.#worker.postMessage(message, transfer);
    } catch (error) {
      this.giveUp("a message could not be sent", error);
    }
  }

  /** Terminates a thread after a protocol error. */
  giveUp(what: string, cause: unknown): void {
    this.#end(what, cause);
    this.#worker.terminate();
  }

  #end(what: string, cause: unknown): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    this.#listener.onEnd((progress) => lost(what, cause, progress));
  }

  /** An idle thread does not keep the process alive; a busy one does. */
  setBusy(busy: boolean): void {
    if (this.#state === "ended" || busy === (this.#state === "busy")) return;
    this.#state = busy ? "busy" : "idle";
    if (busy) this.#worker.ref?.();
    else this.#worker.unref?.();
  }
}

function lost(what: string, cause: unknown, progress: Progress): ConnectionLostError {
  const outcome = progress === "sent"
    ? "What had been sent to it may or may not have taken effect"
    : "This call did not reach it, and has not taken effect";
  return new ConnectionLostError(
    `The thread of this connection has ended: ${what}. ${outcome}; an open transaction was rolled ` +
      "back.",
    { cause, mayHaveTakenEffect: progress === "sent" },
  );
}
