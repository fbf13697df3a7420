/**
 * The host's side of a thread or a process: how it starts and ends, and whether it keeps the host
 * alive.
 *
 * @module
 */

import { ConnectionLostError } from "../driver/errors.ts";
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
  readonly #noun: string;
  #state: "busy" | "idle" | "ended" = "busy";

  constructor(transport: Transport, listener: PeerListener) {
    const worker = transport.start();
    this.#worker = worker;
    this.#listener = listener;
    this.#noun = transport.noun;
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
    this.#listener.onEnd((progress) => lost(this.#noun, what, cause, progress));
  }

  /** An idle peer does not keep the host alive; a busy one does. */
  setBusy(busy: boolean): void {
    if (this.#state === "ended" || busy === (this.#state === "busy")) return;
    this.#state = busy ? "busy" : "idle";
    if (busy) this.#worker.ref?.();
    else this.#worker.unref?.();
  }
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
  const outcome = progress === "sent"
    ? "What had been sent to it may or may not have taken effect"
    : "This call did not reach it, and has not taken effect";
  return new ConnectionLostError(
    `The ${noun} of this connection has ended: ${what}. ${outcome}; an open transaction was ` +
      "rolled back.",
    { cause, mayHaveTakenEffect: progress === "sent" },
  );
}
