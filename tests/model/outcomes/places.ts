/** Where programs run: databases and pools, on files and in memory, inline and in threads. */

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

import {
  type AsyncConnection,
  type BatchStatement,
  type BindParams,
  type Connection,
  openDatabase,
  type PooledConnection,
  type Query,
  type ResultSet,
  type RowFactory,
  SQLiteConnectionPool,
  type TransactionMode,
  workerConnection,
} from "../../../mod.ts";
import { nativeDriver, type NativeHandle } from "../../helpers/drivers.ts";
import type { Abilities } from "./program.ts";
import { CLEAN_UP, MOST_PAGES, SCHEMA } from "./schema.ts";

export interface CallOptions {
  signal?: AbortSignal;
  timeoutMs?: number;
}

export type RunOptions = CallOptions & { rowFactory?: RowFactory<unknown> };

/** A row as it is in the file. */
export interface StoredRow {
  readonly id: number;
  readonly tag: number;
  readonly n: number;
  /** The type and the text of the value. */
  readonly value: string;
}

/** What the programs call. */
export interface Place {
  run(query: Query, params?: BindParams, options?: RunOptions): Promise<ResultSet<unknown>>;
  batch(statements: BatchStatement[], options?: CallOptions): Promise<ResultSet<unknown>[]>;
  transaction<S>(
    fn: (tx: Connection<unknown>) => S | PromiseLike<S>,
    options?: CallOptions & { mode?: TransactionMode },
  ): Promise<S>;
  script(sql: string, options?: CallOptions): Promise<void>;
  lease(options?: CallOptions): Promise<PooledConnection<unknown>>;
  /** What is committed, after the row `after`: read without the library where that can be. */
  rows(after: number): Promise<StoredRow[]>;
  /** Rows of the second table: tag and n. */
  copies(): Promise<string[]>;
  /** What is still in use, in words; `undefined` when nothing is. */
  busy(): string | undefined;
  close(): Promise<void>;
}

export interface PlaceKind {
  readonly name: string;
  readonly abilities: Abilities;
  /** A statement that has been sent goes on when its caller has given up. */
  readonly inThread: boolean;
  /** One connection writes, in the order of the calls. */
  readonly oneWriter: boolean;
  /** The disk may fail after a commit, and the outcome is unknown then. */
  readonly losesSyncs?: boolean;
  /** The share of all programs that run here. */
  readonly share: number;
  open(): Promise<Place>;
}

// Drivers of three methods may store whole numbers as reals.
const ROWS = "SELECT id, tag, n, CASE typeof(v) WHEN 'blob' THEN 'blob ' || CAST(v AS text) " +
  "WHEN 'real' THEN 'integer ' || CAST(v AS integer) ELSE typeof(v) || ' ' || v END AS value " +
  "FROM t WHERE id > ? ORDER BY id";
const COPIES = "SELECT tag || '.' || n AS copy FROM copies ORDER BY id";
const SET_UP = `PRAGMA max_page_count = ${MOST_PAGES}`;

/** Where a sync costs nothing, if the machine has such a place. */
const MEMORY_DISK = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

/** Often enough to be met, and not by every program. */
const SYNCS_UNTIL_ONE_FAILS = 50;

/** Generous: no program of the model is slow enough to run into it. */
const PATIENCE = {
  busyTimeoutMs: 10_000,
  acquisitionTimeoutMs: 10_000,
  operationTimeoutMs: 10_000,
};

async function withFile<P extends Place>(
  open: (path: string, remove: () => void) => Promise<P>,
  folder: string = tmpdir(),
): Promise<P> {
  const directory = mkdtempSync(join(folder, "sqlitepool-model-"));
  const remove = (): void => rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  return await open(join(directory, "model.db"), remove);
}

/** Reads what is committed without the library. */
function observe(path: string): Pick<Place, "rows" | "copies"> & { close(): void } {
  const handle = nativeDriver.open(path, { readonly: true });
  const rows = handle.prepare(ROWS);
  const copies = handle.prepare(COPIES);
  return {
    rows: (after) => Promise.resolve(rows.all(after) as StoredRow[]),
    copies: () => Promise.resolve((copies.all() as { copy: string }[]).map(({ copy }) => copy)),
    close: () => handle.close(),
  };
}

function busyPool(
  name: string,
  stats: { inUse: number; waiting: number; opening: number } | undefined,
): string | undefined {
  if (stats === undefined) return undefined;
  const { inUse, waiting, opening } = stats;
  if (inUse + waiting + opening === 0) return undefined;
  return `${name}: ${inUse} in use, ${waiting} waiting, ${opening} opening`;
}

interface FileFunctions {
  fdatasync(descriptor: number, done: (error: Error | null) => void): void;
}

/**
 * A disk that takes a while, and now and then loses something: the callers are then told that they
 * do not know what they have.
 */
function makeDiskUnreliable(): void {
  const files = process.getBuiltinModule("node:fs") as unknown as FileFunctions;
  let syncs = 0;
  files.fdatasync = (_, done) => {
    syncs += 1;
    const error = syncs % SYNCS_UNTIL_ONE_FAILS === 0 ? new Error("EIO: of the model") : null;
    let turns = syncs % 4;
    const turn = (): void => void (turns-- > 0 ? setImmediate(turn) : done(error));
    setImmediate(turn);
  };
}

async function openDatabasePlace(
  path: string,
  execution: "inline" | "worker" | "auto",
  remove: () => void,
  durability: "normal" | "full" = "normal",
): Promise<Place> {
  if (durability === "full") makeDiskUnreliable();
  const db = await openDatabase<unknown>(path, {
    execution,
    readers: 1,
    durability,
    ...PATIENCE,
    async onConnect(connection) {
      await connection.values(SET_UP);
      if (durability === "normal") await connection.values("PRAGMA synchronous = OFF");
    },
    onWarning: () => {},
  });
  for (const statement of SCHEMA) await db.run(statement);
  const inMemory = path === ":memory:";
  const observer = inMemory ? undefined : observe(path);
  return {
    run: (query, params, options) => db.run(query, params, options),
    batch: (statements, options) => db.batch(statements, options),
    transaction: (fn, options) => db.write(fn, options),
    script: (sql, options) => db.executeScript(sql, options),
    lease: () => Promise.reject(new Error("a database lends no connection")),
    rows: observer?.rows ?? ((after) => db.all<StoredRow>(ROWS, [after])),
    copies: observer?.copies ?? (async () => (await db.values(COPIES)).flat() as string[]),
    busy: () => busyPool("writer", db.stats.writer) ?? busyPool("readers", db.stats.readers),
    async close() {
      observer?.close();
      await db.close({ timeoutMs: 1_000 });
      remove();
    },
  };
}

async function openPoolPlace(
  path: string,
  factory: () => object | PromiseLike<object>,
  poolSize: number,
  remove: () => void,
): Promise<Place> {
  const setUp = nativeDriver.open(path);
  setUp.exec("PRAGMA journal_mode = WAL");
  for (const statement of SCHEMA) setUp.exec(statement);
  setUp.close();
  const pool = new SQLiteConnectionPool<unknown>(factory, {
    poolSize,
    ...PATIENCE,
    async onConnect(connection) {
      await connection.values(SET_UP);
      await connection.values("PRAGMA foreign_keys = ON");
      await connection.values("PRAGMA synchronous = OFF");
    },
  });
  const observer = observe(path);
  return {
    run: (query, params, options) => pool.execute(query, params, options),
    batch: () => Promise.reject(new Error("a pool has no batches")),
    transaction: (fn, options) => pool.transaction(fn, options),
    script: (sql, options) => pool.withConnection((conn) => conn.executeScript(sql), options),
    lease: (options) => pool.connection(options),
    rows: observer.rows,
    copies: observer.copies,
    busy: () => busyPool("pool", pool.stats),
    async close() {
      observer.close();
      await pool.close({ timeoutMs: 1_000 });
      remove();
    },
  };
}

function prefixed(params: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [`:${name}`, value]));
}

/** A driver that the library knows nothing of. It waits for no lock: let it be the only one. */
function threeMethods(path: string): AsyncConnection {
  const handle = nativeDriver.open(path) as NativeHandle & {
    isTransaction?: boolean;
    inTransaction?: boolean;
  };
  const isOpen = (): boolean => handle.isTransaction ?? handle.inTransaction ?? false;
  return {
    async execute<R>(sql: string, params: BindParams = []): Promise<ResultSet<R>> {
      const values = Array.isArray(params) ? params : [prefixed(params as Record<string, unknown>)];
      const rows = handle.prepare(sql).all(...values) as R[];
      return await Promise.resolve({
        columns: Object.keys(rows[0] ?? {}),
        rows,
        rowsAffected: 0,
        lastInsertRowid: undefined,
      });
    },
    async rollback() {
      if (isOpen()) handle.exec("ROLLBACK");
      await undefined;
    },
    async close() {
      handle.close();
      await undefined;
    },
  };
}

const DATABASE_ACTIONS = ["run", "run", "batch", "transaction", "transaction", "script"] as const;
const POOL_ACTIONS = ["run", "transaction", "transaction", "lease", "lease", "script"] as const;

const database: Abilities = {
  actions: DATABASE_ACTIONS,
  reenters: true,
  refusesOpenScripts: true,
  abortOneIn: 5,
  checks: true,
};
const databaseInThread: Abilities = { ...database, abortOneIn: 60 };
const pool: Abilities = {
  actions: POOL_ACTIONS,
  reenters: false,
  refusesOpenScripts: false,
  abortOneIn: 5,
  checks: true,
};
const threeMethodPool: Abilities = { ...pool, checks: false };
const poolInThread: Abilities = { ...pool, abortOneIn: 60 };

export const PLACES: readonly PlaceKind[] = [
  {
    name: "database",
    abilities: database,
    inThread: false,
    oneWriter: true,
    share: 0.36,
    open: () => withFile((path, remove) => openDatabasePlace(path, "inline", remove)),
  },
  {
    name: "database in memory",
    abilities: database,
    inThread: false,
    oneWriter: true,
    share: 0.1,
    open: () => openDatabasePlace(":memory:", "inline", () => {}),
  },
  {
    name: "database in threads",
    abilities: databaseInThread,
    inThread: true,
    oneWriter: true,
    share: 0.1,
    open: () => withFile((path, remove) => openDatabasePlace(path, "worker", remove)),
  },
  {
    name: "database auto",
    abilities: databaseInThread,
    inThread: true,
    oneWriter: true,
    share: 0.05,
    open: () => withFile((path, remove) => openDatabasePlace(path, "auto", remove)),
  },
  {
    name: "durable database",
    abilities: database,
    inThread: false,
    oneWriter: true,
    losesSyncs: true,
    share: 0.02,
    open: () =>
      withFile((path, remove) => openDatabasePlace(path, "inline", remove, "full"), MEMORY_DISK),
  },
  {
    name: "durable database in threads",
    abilities: databaseInThread,
    inThread: true,
    oneWriter: true,
    losesSyncs: true,
    share: 0.02,
    open: () =>
      withFile((path, remove) => openDatabasePlace(path, "worker", remove, "full"), MEMORY_DISK),
  },
  {
    name: "pool",
    abilities: pool,
    inThread: false,
    oneWriter: false,
    share: 0.2,
    open: () =>
      withFile((path, remove) => openPoolPlace(path, () => nativeDriver.open(path), 3, remove)),
  },
  {
    name: "pool of three methods",
    abilities: threeMethodPool,
    inThread: false,
    oneWriter: false,
    share: 0.1,
    open: () =>
      withFile((path, remove) => openPoolPlace(path, () => threeMethods(path), 1, remove)),
  },
  {
    name: "pool in threads",
    abilities: poolInThread,
    inThread: true,
    oneWriter: false,
    share: 0.05,
    open: () => withFile((path, remove) => openPoolPlace(path, workerConnection(path), 3, remove)),
  },
];

/** A statement for each table. */
export async function cleanUp(place: Place): Promise<void> {
  for (const sql of CLEAN_UP) await place.run(sql);
}
