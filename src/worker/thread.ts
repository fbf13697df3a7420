/**
 * A thread as its host sees it: how it starts, how it ends, and whether it keeps the process
 * alive meanwhile.
 *
 * @module
 */

import { ConnectionLostError } from "../driver/errors.ts";
import { builtin } from "../platform/builtins.ts";
import { detectRuntime } from "../platform/runtime.ts";
import type { Progress } from "./pending_calls.ts";

/** What is used of a `Worker` of `node:worker_threads`, which all three runtimes have. */
export interface WorkerLike {
  /** Sends a message; the buffers of `transfer` are handed over, and need not be copied. */
  postMessage(message: unknown, transfer?: ArrayBuffer[]): void;
  /** Calls back with messages, with the error that ends the thread, and when it has ended. */
  on(
    event: "message" | "error" | "exit" | "messageerror",
    listener: (argument: unknown) => void,
  ): unknown;
  /** Lets the thread keep the process alive. */
  ref?(): unknown;
  /** Lets the process end while the thread is idle. */
  unref?(): unknown;
  /** Ends the thread. */
  terminate(): unknown;
}

/** Starts a thread. */
export type SpawnWorker = () => WorkerLike;

/** Starts a thread with the script of this package. */
export function spawnWorker(): WorkerLike {
  const module = builtin("node:worker_threads");
  if (module === undefined) {
    throw new TypeError('This runtime has no threads. Use execution: "inline".');
  }
  const options = { name: "sqlitepool", ...withoutPreloads() };
  return new module.Worker(addressOf(ownScript()), options) as WorkerLike;
}

/** The options of the process that its threads keep. */
const SILENCERS = /--(no-warnings|no-deprecation|disable-warning[= ]\S+)(?=\s|$)/g;

/**
 * Node runs the preloads of the process (--import, --require) in its threads too, by default: one
 * that opens a database would start threads without end. Other runtimes do not, and Deno may not
 * be allowed to read the environment.
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

/** Built code stands in .js files, beside each other as their sources do. */
function ownScript(): URL {
  // Bundlers that make CommonJS leave it empty, and workerd gives modules no address.
  const url: string | undefined = import.meta.url;
  if (url === undefined) {
    throw new TypeError(
      "In a CommonJS bundle the script of the threads cannot be found. Pass an option `worker` " +
        "that starts a thread with @sqlitepool/pool/worker.",
    );
  }
  return new URL(url.endsWith(".ts") ? "./worker.ts" : "./worker.js", url);
}

/** Deno starts a thread from the net only by way of a module that imports it. */
function addressOf(script: URL): URL {
  if (script.protocol === "file:") return script;
  const code = `import ${JSON.stringify(script.href)};`;
  return new URL(`data:text/javascript,${encodeURIComponent(code)}`);
}

/** Makes what a call to a thread that has ended fails with. */
export type LostError = (progress: Progress) => ConnectionLostError;

/** What a thread reports. */
export interface ThreadListener {
  onMessage(message: unknown): void;
  /** Called once, however the thread ended. */
  onEnd(lost: LostError): void;
}

/** Known to a thread from its first moment, preloads included, where it was started as below. */
const IS_OURS = "sqlitepool.thread";

/** Starts a thread that can start none for a pool. */
function startThread(spawn: SpawnWorker): WorkerLike {
  const module = builtin("node:worker_threads");
  if (module?.getEnvironmentData(IS_OURS) === true) {
    throw new TypeError(
      "This thread runs the statements of a pool, and a preload opens another database in it, " +
        'which would start threads without end. Pass execution: "inline" there, or let your ' +
        "option `worker` start its threads with execArgv: [].",
    );
  }
  // What is set here is seen by threads that are started meanwhile.
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
      // Node delivers what was on its way after the error that ended the thread.
      if (this.#state !== "ended") listener.onMessage(message);
    });
    worker.on("error", (error) => {
      failure = error;
      // Bun and Deno do not always report the end as well.
      void Promise.resolve().then(() => this.#end("it failed", failure));
    });
    worker.on("messageerror", (error) => this.giveUp("a message could not be read", error));
    worker.on("exit", (code) => this.#end(`it ended with code ${code}`, failure));
  }

  /**
   * Sends a message.
   *
   * @param message What to send.
   * @param transfer Buffers of the message that are handed over.
   */
  post(message: unknown, transfer?: ArrayBuffer[]): void {
    try {
      this.#worker.postMessage(message, transfer);
    } catch (error) {
      this.giveUp("a message could not be sent", error);
    }
  }

  /** Ends a thread that is not understood any more. */
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
    `The thread of this connection is gone: ${what}. ${outcome}; an open transaction was rolled ` +
      "back.",
    { cause, mayHaveTakenEffect: progress === "sent" },
  );
}
