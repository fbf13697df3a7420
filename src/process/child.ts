/**
 * The host's end of a process: what a `Worker` is for a thread.
 *
 * @module
 */

import type { ChildProcess, Pipe } from "../platform/builtin.ts";
import { FrameReader } from "../worker/wire/frame_reader.ts";
import { FrameWriter } from "../worker/wire/frame_writer.ts";
import type { WorkerLike } from "../worker/transport.ts";
import { DATA, lifeline } from "../worker/wire/pipes.ts";

type Event = "message" | "error" | "exit" | "messageerror";

/** A running process. It keeps the host alive only after a call of `ref`. */
export class Child implements WorkerLike {
  readonly #process: ChildProcess;
  readonly #pipe: Pipe;
  /** Kept, because a pipe that is garbage is closed. */
  readonly #lifeline: Pipe;
  readonly #writer = new FrameWriter();
  /** Called when it has ended. */
  onEnd: (() => void) | undefined;
  readonly #listeners = new Map<Event, (argument: unknown) => void>();
  #end: { readonly by: number | string } | undefined;
  #pipeState: "open" | "closed" = "open";

  /** @param process A process that was just started. */
  constructor(process: ChildProcess) {
    this.#process = process;
    process.on("error", (error) => this.#emit("error", error));
    process.on("exit", (code, signal) => {
      this.#end = { by: signal ?? code ?? -1 };
      this.#announceEnd();
    });
    this.#pipe = process.stdio[DATA]!;
    this.#lifeline = process.stdio[lifeline()]!;
    const reader = new FrameReader((message) => this.#emit("message", message));
    this.#pipe.on("data", (chunk) => {
      try {
        reader.push(chunk);
      } catch (error) {
        this.#emit("messageerror", error);
      }
    });
    // What a dead process had not read is an error here; "close" follows.
    this.#pipe.on("error", () => {});
    this.#lifeline.on("error", () => {});
    this.#pipe.on("close", () => {
      this.#pipeState = "closed";
      this.#announceEnd();
    });
    this.#lifeline.unref?.();
    this.unref();
  }

  /** Whether it still runs. */
  get isAlive(): boolean {
    return this.#end === undefined && this.#pipeState === "open";
  }

  on(event: Event, listener: (argument: unknown) => void): void {
    this.#listeners.set(event, listener);
  }

  postMessage(message: unknown): void {
    const segments = this.#writer.frame(message as object);
    if (segments.length > 1) this.#pipe.cork?.();
    for (const segment of segments) this.#pipe.write(segment);
    if (segments.length > 1) this.#pipe.uncork?.();
  }

  /** Forgets whom it served. */
  forget(): void {
    this.#listeners.clear();
    this.onEnd = undefined;
    this.unref();
  }

  ref(): void {
    this.#process.ref();
    this.#pipe.ref?.();
  }

  unref(): void {
    this.#process.unref();
    this.#pipe.unref?.();
  }

  terminate(): void {
    this.#process.kill("SIGKILL");
  }

  /** What it had sent before its end is received first. */
  #announceEnd(): void {
    if (this.#end === undefined || this.#pipeState === "open") return;
    this.#lifeline.destroy();
    this.onEnd?.();
    this.#emit("exit", this.#end.by);
  }

  #emit(event: Event, argument: unknown): void {
    this.#listeners.get(event)?.(argument);
  }
}
