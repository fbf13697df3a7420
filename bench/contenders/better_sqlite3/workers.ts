/**
 * better-sqlite3 in a pool of threads, as its documentation on worker threads describes it: one
 * queue, as many threads as there are cores, one statement for each message, prepared anew.
 */

import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";

import type { Call, Open, Params } from "../contender.ts";
import { AbsentError, pragmasOf } from "../contender.ts";
import { load } from "../load.ts";
import type { BetterSqlite3 } from "./main_thread.ts";

interface Job {
  readonly message: { readonly sql: string; readonly params: Params };
  resolve(rows: unknown): void;
  reject(error: Error): void;
}

/** A thread's answer: rows, or the message of an error. */
export interface Reply {
  readonly rows?: unknown;
  readonly error?: string;
}

export const open: Open = async (options) => {
  // Tells here why it is absent, instead of from a thread that dies.
  await load<BetterSqlite3>("better-sqlite3");
  const queue: Job[] = [];
  const threads = await Promise.all(
    Array.from({ length: availableParallelism() }, () => startThread(queue, options)),
  );
  const ask = (sql: string, params: Params): Promise<unknown> =>
    new Promise((resolve, reject) => {
      queue.push({ message: { sql, params }, resolve, reject });
      for (const { takeWork } of threads) takeWork();
    });
  const call = (sql: string): Call => (params) => ask(sql, params);
  return {
    get: (sql) => async (params) => (await ask(sql, params) as unknown[])[0],
    all: call,
    run: call,
    async close() {
      await Promise.all(threads.map(({ worker }) => worker.terminate()));
    },
  };
};

interface Thread {
  readonly worker: Worker;
  takeWork(): void;
}

async function startThread(
  queue: Job[],
  options: Parameters<Open>[0],
): Promise<Thread> {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), {
    workerData: { path: options.path, pragmas: pragmasOf(options) },
  });
  await new Promise<void>((resolve, reject) => {
    worker.once("message", () => resolve());
    worker.once(
      "error",
      (error: Error) => reject(new AbsentError(`a thread failed: ${error.message}`)),
    );
  });
  let job: Job | undefined;
  const takeWork = (): void => {
    if (job !== undefined || queue.length === 0) return;
    job = queue.shift()!;
    worker.postMessage(job.message);
  };
  worker.on("message", ({ rows, error }: Reply) => {
    const answered = job!;
    job = undefined;
    if (error === undefined) answered.resolve(rows);
    else answered.reject(new Error(error));
    takeWork();
  });
  return { worker, takeWork };
}
