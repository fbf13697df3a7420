// Opens a database in threads or processes before the script of the process runs; see preloads.test.ts.
import process from "node:process";
import { Worker } from "node:worker_threads";
import { type Database, type Execution, openDatabase, type WorkerLike } from "../../mod.ts";

const { DATABASE, EXECUTION = "worker", WITH_PRELOAD } = process.env;
const script = new URL("../../src/worker/worker.ts", import.meta.url);

/** As bundlers make users write it: with the preloads of the process. */
const worker = (): WorkerLike => new Worker(script) as WorkerLike;

console.log("preload");
export const db: Database = await openDatabase(DATABASE!, {
  execution: EXECUTION as Execution,
  readers: 1,
  worker: WITH_PRELOAD === undefined ? undefined : worker,
});
