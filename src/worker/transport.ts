/**
 * What carries messages to and from the place where the statements of a connection run.
 *
 * @module
 */

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

/** Starts threads, or anything that looks like one. */
export interface Transport {
  /** What errors call what it starts. */
  readonly noun: "thread" | "process";
  /** Whether `terminate` stops a running statement. */
  readonly stops: boolean;
  /** Starts one. */
  start(): WorkerLike;
}
