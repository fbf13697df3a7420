/** Who is compared. */

import { AbsentError, type Open } from "./contender.ts";

export interface Entry {
  /** As on the command line and in the results. */
  readonly id: string;
  /** As in tables and charts. */
  readonly title: string;
  /** The npm package whose version is reported. */
  readonly package?: string;
  /** Part of this project. */
  readonly ours?: boolean;
  /** What a reader has to know about how it is used here. */
  readonly note?: string;
  /** Speaks the benchmark's lines in a program of its own. */
  readonly language?: "python";
  load(): Promise<Open>;
}

/** The first is the baseline. */
export const entries: readonly Entry[] = [
  {
    id: "raw",
    title: "raw driver",
    note: "one handle, prepared statements, no promises",
    load: () => import("./sqlite/raw.ts").then(({ open }) => open),
  },
  {
    id: "database",
    title: "openDatabase",
    ours: true,
    load: () => import("./sqlitepool.ts").then(({ openInline }) => openInline),
  },
  {
    id: "pool",
    title: "SQLiteConnectionPool",
    ours: true,
    load: () => import("./sqlitepool.ts").then(({ openPool }) => openPool),
  },
  {
    id: "execute",
    title: "pool.execute",
    ours: true,
    load: () => import("./sqlitepool.ts").then(({ openExecute }) => openExecute),
  },
  {
    id: "lease",
    title: "withConnection",
    ours: true,
    note: "a lease for each statement",
    load: () => import("./sqlitepool.ts").then(({ openLease }) => openLease),
  },
  {
    id: "thread",
    title: "openDatabase, 1 thread",
    ours: true,
    note: 'execution: "worker", one reader',
    load: () => import("./sqlitepool.ts").then(({ openThread }) => openThread),
  },
  {
    id: "threads",
    title: "openDatabase, 2 threads",
    ours: true,
    note: 'execution: "worker", two readers',
    load: () => import("./sqlitepool.ts").then(({ openThreads }) => openThreads),
  },
  {
    id: "auto",
    title: "openDatabase, auto",
    ours: true,
    note: 'execution: "auto", two readers',
    load: () => import("./sqlitepool.ts").then(({ openAuto }) => openAuto),
  },
  {
    id: "open-per-request",
    title: "opened per request",
    note: "another connection keeps the file open, which is the kinder case",
    load: () => import("./sqlite/open_per_request.ts").then(({ open }) => open),
  },
  {
    id: "sqlite3-generic-pool",
    title: "sqlite3 + generic-pool",
    package: "sqlite3",
    load: () => import("./sqlite3.ts").then(({ openGenericPool }) => openGenericPool),
  },
  {
    id: "sqlite3-tarn",
    title: "sqlite3 + tarn",
    package: "sqlite3",
    load: () => import("./sqlite3.ts").then(({ openTarn }) => openTarn),
  },
  {
    id: "better-sqlite3",
    title: "better-sqlite3",
    package: "better-sqlite3",
    note: "one connection in the main thread, no promises",
    load: () => import("./better_sqlite3/main_thread.ts").then(({ open }) => open),
  },
  {
    id: "better-sqlite3-workers",
    title: "better-sqlite3, threads",
    package: "better-sqlite3",
    note: "the pool of threads in its documentation: a thread for each core",
    load: () => import("./better_sqlite3/workers.ts").then(({ open }) => open),
  },
  {
    id: "libsql-client",
    title: "@libsql/client",
    package: "@libsql/client",
    note: "concurrency: 1, since pragmas reach one of its connections only",
    load: () => import("./libsql_client.ts").then(({ open }) => open),
  },
  {
    id: "bun-sql",
    title: "Bun.SQL",
    load: () => import("./bun_sql.ts").then(({ open }) => open),
  },
  {
    id: "photostructure",
    title: "@photostructure/sqlite",
    package: "@photostructure/sqlite",
    note: "its experimental DatabasePool; it has no transactions with callbacks",
    load: () => import("./photostructure.ts").then(({ open }) => open),
  },
  {
    id: "better-sqlite3-pool",
    title: "better-sqlite3-pool",
    package: "better-sqlite3-pool",
    note: "with better-sqlite3-multiple-ciphers 13, which has binaries for current runtimes",
    load: () => import("./better_sqlite3/pool.ts").then(({ open }) => open),
  },
  {
    id: "powersync",
    title: "@powersync/node",
    package: "@powersync/node",
    load: () => import("./powersync.ts").then(({ open }) => open),
  },
  {
    id: "db0",
    title: "db0",
    package: "db0",
    note: "its connector for the runtime's own driver; transactions are written by hand",
    load: () => import("./db0.ts").then(({ open }) => open),
  },
  {
    id: "sqlite-pool",
    title: "@matteo.collina/sqlite-pool",
    package: "@matteo.collina/sqlite-pool",
    load: () => import("./sqlite_pool.ts").then(({ open }) => open),
  },
  {
    id: "aiosqlite",
    title: "aiosqlite (Python)",
    language: "python",
    note: "opened per request",
    load: inPython,
  },
  {
    id: "aiosqlitepool",
    title: "aiosqlitepool (Python)",
    language: "python",
    note:
      "the original, with 10 connections, and with 100 in its load test, as its README has them",
    load: inPython,
  },
];

async function inPython(): Promise<Open> {
  throw new AbsentError("is measured in Python, where it has no such scenario");
}

export function entryOf(id: string): Entry {
  const entry = entries.find((candidate) => candidate.id === id);
  if (entry === undefined) {
    throw new Error(`No contender "${id}": it is one of ${entries.map(({ id }) => id).join(", ")}`);
  }
  return entry;
}
