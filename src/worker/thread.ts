/**
 * A thread as its host sees it: how it starts, how it ends, and whether it keeps the process
 * alive meanwhile.
 *
 * @module
 */

import { builtin } from "../platform/builtins.ts";
import { ConnectionLostError } from "../driver/errors.ts";

/** What is used of a `Worker` of `node:worker_threads`, which all three runtimes have. */
export interface WorkerLike {
  /** Sends a message. */
  postMessage(message: unknown): void;
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
  return new module.Worker(addressOf(ownScript()), { name: "sqlitepool" }) as WorkerLike;
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

/** What a thread reports. */
export interface ThreadListener {
  onMessage(message: unknown): void;
  /** Called once, however the thread ended. `reason` is what every call to it fails with now. */
  onEnd(reason: ConnectionLostError): void;
}

/** A running thread. */
export class Thread {
  readonly worker: WorkerLike;
  #state: "busy" | "idle" | "ended" = "busy";

  constructor(spawn: SpawnWorker = spawnWorker, listener: ThreadListener) {
    this.worker = spawn();
    let failure: unknown;
    const end = (reason: ConnectionLostError): void => {
      if (this.#state === "ended") return;
      this.#state = "ended";
      listener.onEnd(reason);
    };
    this.worker.on("message", (message) => {
      // Node delivers what was on its way after the error that ended the thread.
      if (this.#state !== "ended") listener.onMessage(message);
    });
    this.worker.on("error", (error) => {
      failure = error;
      // Bun and Deno do not always report the end as well.
      void Promise.resolve().then(() => end(lost("it failed", failure)));
    });
    this.worker.on("messageerror", (error) => {
      end(lost("a message could not be read", error));
      this.worker.terminate();
    });
    this.worker.on("exit", (code) => end(lost(`it ended with code ${code}`, failure)));
  }

  /** Sends a message. */
  post(message: unknown): void {
    this.worker.postMessage(message);
  }

  /** An idle thread does not keep the process alive; a busy one does. */
  setBusy(busy: boolean): void {
    if (this.#state === "ended" || busy === (this.#state === "busy")) return;
    this.#state = busy ? "busy" : "idle";
    if (busy) this.worker.ref?.();
    else this.worker.unref?.();
  }
}

function lost(what: string, cause: unknown): ConnectionLostError {
  return new ConnectionLostError(
    `The thread of this connection is gone: ${what}. What it was running may or may not have ` +
      "taken effect; an open transaction was rolled back.",
    cause === undefined ? undefined : { cause },
  );
}
