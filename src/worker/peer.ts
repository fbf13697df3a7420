/**
 * The host's side of a thread or a process: how it starts and ends, and whether it keeps the host
 * alive.
 *
 * @module
 */

import { ConnectionLostError } from "../driver/errors.ts";
import { messageOf } from "../platform/describe.ts";
import type { Progress } from "./pending_calls.ts";
import type { Transport, WorkerLike } from "./transport.ts";

/** Creates the error of a call to a peer that has ended. */
export type LostError = (progress: Progress) => ConnectionLostError;

/** Receives the events of a peer. */
export interface PeerListener {
  onMessage(message: unknown): void;
  /** Called once, however the peer ended. */
  onEnd(lost: LostError): void;
}

/** A running thread or process. */
export class Peer {
  readonly #worker: WorkerLike;
  readonly #listener: PeerListener;
  readonly #transport: Transport;
  #state: "busy" | "idle" | "ended" = "busy";

  constructor(transport: Transport, listener: PeerListener) {
    const worker = transport.start();
    this.#worker = worker;
    this.#listener = listener;
    this.#transport = transport;
    let failure: unknown;
    worker.on("message", (message) => {
      // Node delivers pending messages after the error that ended the thread.
      if (this.#state !== "ended") listener.onMessage(message);
    });
    worker.on("error", (error) => {
      failure = error;
      // Bun and Deno do not always emit "exit" afterwards.
      void Promise.resolve().then(() => this.#end(failedWith(failure), failure));
    });
    worker.on("messageerror", (error) => this.giveUp("a message could not be read", error));
    worker.on("exit", (code) => this.#end(endedWith(code), failure));
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

  /** Terminates a peer after a protocol error. */
  giveUp(what: string, cause: unknown): void {
    this.#end(what, cause);
    this.#worker.terminate();
  }

  #end(what: string, cause: unknown): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    this.#listener.onEnd((progress) => lost(this.#transport.noun, what, cause, progress));
  }

  /** Ends a peer in the middle of what it does. Its end is reported when it has come. */
  stop(): void {
    this.#worker.terminate();
  }

  /**
   * Lets a peer go whose database is closed. A thread ends by itself.
   *
   * @param use Whether it can be used again: it has run no code of users.
   */
  dismiss(use: "can be used again" | "has to end"): void {
    const taken = use === "can be used again" && this.#transport.takeBack?.(this.#worker) === true;
    if (taken) this.#end("its database was closed", undefined);
    else if (this.#transport.stops) this.#worker.terminate();
  }

  /** An idle peer does not keep the host alive; a busy one does. */
  setBusy(busy: boolean): void {
    if (this.#state === "ended" || busy === (this.#state === "busy")) return;
    this.#state = busy ? "busy" : "idle";
    if (busy) this.#worker.ref?.();
    else this.#worker.unref?.();
  }
}

/** Bundlers leave the script of threads out, unless they are told of it. */
function failedWith(error: unknown): string {
  const [message] = messageOf(error).split("\n");
  const isMissing = /cannot find module|module not found/i.test(message);
  const remedy = "; a bundle or single file needs the option `worker`, see docs/threads.md";
  return `it failed (${message}${isMissing ? remedy : ""})`;
}

/** A process may be ended by a signal, which has a name. */
function endedWith(code: unknown): string {
  return typeof code === "string" ? `it was ended by ${code}` : `it ended with code ${code}`;
}

function lost(
  noun: string,
  what: string,
  cause: unknown,
  progress: Progress,
): ConnectionLostError {
  return new ConnectionLostError(
    `The ${noun} of this connection has ended: ${what}. ${outcomes[progress]}; an open ` +
      "transaction was rolled back.",
    { cause, mayHaveTakenEffect: progress === "sent" },
  );
}

const outcomes: Readonly<Record<Progress, string>> = {
  "sent": "What had been sent to it may or may not have taken effect",
  "not sent": "This call did not reach it, and has not taken effect",
  "not committed": "This call was not committed, and has not taken effect",
};
