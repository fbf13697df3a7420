/** Databases whose statements run in threads, and slow statements for them. */

import { join } from "node:path";
import type { TestContext } from "node:test";
import {
  type ConnectionFactory,
  type PoolOptions,
  processConnection,
  type Row,
  SQLiteConnectionPool,
  workerConnection,
  type WorkerConnectionFactory,
  type WorkerOptions,
} from "../../mod.ts";
import { temporaryDirectory } from "./runtime.ts";

/** Where statements run, if not in the thread of the caller. */
export type Elsewhere = "worker" | "process";

/** What opens connections there. */
export function factoryFor(execution: Elsewhere): (path: string) => ConnectionFactory {
  return execution === "worker" ? workerConnection : processConnection;
}

/** Counts to `n`, which takes some seconds for 20 million. */
export function counting(n: number): string {
  return `
    WITH RECURSIVE c(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM c LIMIT ${n})
    SELECT max(n) AS n FROM c
  `;
}

export interface WorkerPool<R = Row> {
  readonly pool: SQLiteConnectionPool<R>;
  readonly factory: WorkerConnectionFactory;
  readonly path: string;
}

/** A pool of threads over a new file, closed when the test ends. */
export function openWorkerPool<R = Row>(
  t: TestContext,
  options: PoolOptions<R> = {},
  worker: WorkerOptions = {},
): WorkerPool<R> {
  const path = join(temporaryDirectory(t), "test.db");
  const factory = workerConnection(path, worker);
  const pool = new SQLiteConnectionPool<R>(factory, options);
  t.after(() => pool.close({ timeoutMs: 0 }));
  return { pool, factory, path };
}
