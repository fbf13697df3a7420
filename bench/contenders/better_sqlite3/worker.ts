/** A thread of the pool in workers.ts. */

import { createRequire } from "node:module";
import { parentPort, workerData } from "node:worker_threads";

import type { Params } from "../contender.ts";
import type { SyncHandle, SyncStatement } from "../sqlite/handle.ts";
import type { Reply } from "./workers.ts";

type Statement = SyncStatement & { readonly reader: boolean };
type Database = new (path: string) => Omit<SyncHandle, "prepare"> & {
  prepare(sql: string): Statement;
};

const { path, pragmas } = workerData as { path: string; pragmas: string[] };
const Database = createRequire(import.meta.url)("better-sqlite3") as Database;
const db = new Database(path);
for (const pragma of pragmas) db.exec(pragma);

parentPort!.on("message", ({ sql, params }: { sql: string; params: Params }) => {
  let reply: Reply;
  try {
    const statement = db.prepare(sql);
    reply = { rows: statement.reader ? statement.all(...params) : statement.run(...params) };
  } catch (error) {
    reply = { error: (error as Error).message };
  }
  parentPort!.postMessage(reply);
});
parentPort!.postMessage({});
