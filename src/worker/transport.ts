/**
 * What carries messages to and from the place where the statements of a connection run.
 *
 * @module
 */

import type { OnTiming } from "../driver/timing.ts";
import type { ThreadCount } from "./thread_count.ts";

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
  /**
   * Takes back one whose database is closed, to use it again. Returns false if it has to end. None
   * is taken back that ran code of users.
   */
  takeBack?(worker: WorkerLike): boolean;
}

/** The environment of a connection on the host. */
export interface WorkerSurroundings {
  /** Starts its thread or process. */
  readonly transport: Transport;
  /** The counter for it. */
  readonly crew: ThreadCount;
  /** Called after each statement with its execution time in the thread. */
  readonly onTiming: OnTiming | undefined;
}
