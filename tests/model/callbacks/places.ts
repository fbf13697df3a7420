/** Pools and databases all of whose callbacks misbehave as planned. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import {
  type Connection,
  type Database,
  openDatabase,
  type PooledConnection,
  type RowFactory,
  SQLiteConnectionPool,
  type SQLiteValue,
  workerConnection,
} from "../../../mod.ts";
import { nativeDriver } from "../../helpers/drivers.ts";
import type { Callback, CallbackAbilities, CallbackPlan } from "./program.ts";
import { behave, WELL } from "./misbehaviour.ts";

/** Short, as callbacks that never settle are waited for this long. */
const OPERATION_TIMEOUT_MS = { inline: 50, threads: 2_000 };
/** A hook that calls the pool is called for that call too: without a limit it would never end. */
const MOST_CALLED_BACK = 10;
/** Longer than all that may be in the way. */
const ACQUISITION_TIMEOUT_MS = 2_000;

type Fn<S> = (tx: Connection<unknown>) => S | PromiseLike<S>;

/** What the programs call, whether it is a pool or a database. */
export interface CallbackPlace {
  run(sql: string, rowFactory?: RowFactory<unknown>): Promise<unknown>;
  get(sql: string, rowFactory?: RowFactory<unknown>): Promise<unknown>;
  transaction<S>(fn: Fn<S>, limit: { timeoutMs?: number }): Promise<S>;
  snapshot<S>(fn: Fn<S>, limit: { timeoutMs?: number }): Promise<S>;
  iterate(sql: string, rowFactory?: RowFactory<unknown>): Promise<AsyncIterableIterator<unknown>>;
  lease(): Promise<PooledConnection<unknown>>;
  backUp(onProgress: () => void): Promise<void>;
  /** What is in use or waited for, in words; `undefined` when nothing is. */
  busy(): string | undefined;
  /** Takes every connection at once. */
  takeAll(): Promise<unknown>;
  close(): Promise<void>;
}

export interface CallbackPlaceKind {
  readonly name: string;
  readonly abilities: CallbackAbilities;
  /** Whether a callback of a transaction can be given up; otherwise it has to settle. */
  readonly limitsCallbacks: boolean;
  /** How many programs share one place: to open it has its price. */
  readonly programsEach: number;
  readonly share: number;
  open(caller: Caller): Promise<CallbackPlace>;
}

/** The user whose callbacks they are. */
export class Caller {
  #plan: CallbackPlan = {};
  /** Calls from inside callbacks. */
  readonly reentered: Set<Promise<unknown>> = new Set<Promise<unknown>>();
  #calledBack = 0;
  reenter: () => Promise<unknown> = () => Promise.resolve();

  /** How callbacks behave from now on. */
  begin(plan: CallbackPlan): void {
    this.#plan = plan;
    this.#calledBack = 0;
  }

  readonly callBack: () => void = () => {
    if (++this.#calledBack > MOST_CALLED_BACK) return;
    const call: Promise<unknown> = this.reenter().catch(() => {}).finally(() => {
      this.reentered.delete(call);
    });
    this.reentered.add(call);
  };

  does<T>(callback: Callback, result: T): T | PromiseLike<T> {
    return behave(this.#plan[callback] ?? WELL, result, this.callBack, () => {});
  }
}

interface Stats {
  readonly inUse: number;
  readonly waiting: number;
  readonly opening: number;
}

function busyIn(stats: Readonly<Record<string, Stats | undefined>>): string | undefined {
  for (const [name, pool] of Object.entries(stats)) {
    if (pool === undefined) continue;
    const { inUse, waiting, opening } = pool;
    if (inUse + waiting + opening === 0) continue;
    return `${name}: ${inUse} in use, ${waiting} waiting, ${opening} opening`;
  }
  return undefined;
}

function newFile(): { path: string; remove(): void } {
  const directory = mkdtempSync(join(tmpdir(), "sqlitepool-callbacks-"));
  const remove = (): void => rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  return { path: join(directory, "test.db"), remove };
}

const SCHEMA = "CREATE TABLE t (v)";
const THREE_ROWS = "VALUES (1), (2), (3)";
export { THREE_ROWS };

function hooks(caller: Caller, where: "inline" | "threads") {
  return {
    onOpen: () => caller.does("onOpen", undefined) as undefined,
    onAcquire: () => caller.does("onAcquire", undefined) as undefined,
    onRelease: () => caller.does("onRelease", undefined) as undefined,
    onDestroy: () => caller.does("onDestroy", undefined) as undefined,
    onConnect(connection: Connection<unknown>) {
      // Nobody pulls the plug, and to wait for the disk makes a run long.
      connection.values("PRAGMA synchronous = OFF").catch(() => {});
      return caller.does("onConnect", undefined);
    },
    rowFactory: (values: SQLiteValue[]): unknown => caller.does("rowFactory", values),
    operationTimeoutMs: OPERATION_TIMEOUT_MS[where],
    acquisitionTimeoutMs: ACQUISITION_TIMEOUT_MS,
  };
}

async function openPool(caller: Caller, where: "inline" | "threads"): Promise<CallbackPlace> {
  const { path, remove } = newFile();
  const setUp = nativeDriver.open(path);
  setUp.exec("PRAGMA synchronous = OFF");
  setUp.exec("PRAGMA journal_mode = WAL");
  setUp.exec(SCHEMA);
  setUp.close();
  const poolSize = 2;
  const factory = where === "inline"
    ? () => caller.does("factory", undefined) ?? nativeDriver.open(path)
    : workerConnection(path, { onTiming: () => caller.does("onTiming", undefined) as undefined });
  const pool = new SQLiteConnectionPool<unknown>(factory, {
    ...hooks(caller, where),
    poolSize,
    ...(where === "inline" ? { maxUses: 3 } : {}),
  });
  caller.reenter = () => pool.values("SELECT 1");
  const own = (rowFactory: RowFactory<unknown> | undefined) =>
    rowFactory === undefined ? {} : { rowFactory };
  return {
    run: (sql, rowFactory) => pool.run(sql, [], own(rowFactory)),
    get: (sql, rowFactory) => pool.get(sql, [], own(rowFactory)),
    transaction: (fn) => pool.transaction(fn),
    snapshot: (fn) => pool.transaction(fn, { mode: "deferred" }),
    async iterate(sql, rowFactory) {
      const connection = await pool.connection();
      const rows = connection.iterate(sql, [], own(rowFactory));
      async function* released() {
        try {
          yield* rows;
        } finally {
          await connection.release();
        }
      }
      return released();
    },
    lease: () => pool.connection(),
    backUp: () => Promise.reject(new Error("a pool has no backups")),
    busy: () => busyIn({ pool: pool.stats }),
    async takeAll() {
      const all = await Promise.all(Array.from({ length: poolSize }, () => pool.connection()));
      await Promise.all(all.map((connection) => connection.release()));
    },
    async close() {
      await pool.close({ timeoutMs: 100 });
      remove();
    },
  };
}

async function openBase(
  caller: Caller,
  execution: "inline" | "worker" | "auto",
): Promise<CallbackPlace> {
  const { path, remove } = newFile();
  const db: Database<unknown> = await openDatabase<unknown>(path, {
    execution,
    readers: 2,
    maxReadTransactionMs: 1,
    ...hooks(caller, execution === "inline" ? "inline" : "threads"),
    ...(execution === "inline" ? { maxUses: 3 } : {}),
    onWarning: () => caller.does("onWarning", undefined) as undefined,
  });
  await db.run(SCHEMA);
  caller.reenter = () => db.values("SELECT 1");
  let backups = 0;
  const own = (rowFactory: RowFactory<unknown> | undefined) =>
    rowFactory === undefined ? {} : { rowFactory };
  return {
    run: (sql, rowFactory) => db.run(sql, [], own(rowFactory)),
    get: (sql, rowFactory) => db.get(sql, [], own(rowFactory)),
    transaction: (fn, limit) => db.write(fn, limit),
    snapshot: (fn, limit) => db.read(fn, limit),
    iterate: (sql, rowFactory) => Promise.resolve(db.iterate(sql, [], own(rowFactory))),
    lease: () => Promise.reject(new Error("a database lends no connection")),
    backUp: (onProgress) => db.backup(`${path}.${++backups}.copy`, { onProgress }),
    busy: () => busyIn({ ...db.stats, threads: undefined, statements: undefined } as never),
    takeAll: () => Promise.all([db.read(() => db.read(() => 1)), db.write(() => 1)]),
    async close() {
      await db.close({ timeoutMs: 100 });
      remove();
    },
  };
}

const POOL_ACTIONS: CallbackAbilities["actions"] = [
  "run",
  "read a row",
  "write and return",
  "transaction",
  "snapshot",
  "iterate",
  "lease",
];
const DATABASE_ACTIONS: CallbackAbilities["actions"] = [
  "run",
  "read a row",
  "write and return",
  "transaction",
  "snapshot",
  "iterate",
  "back up",
];
const HOOKS: readonly Callback[] = [
  "onOpen",
  "onAcquire",
  "onRelease",
  "onDestroy",
  "onConnect",
  "rowFactory",
];

export const CALLBACK_PLACES: readonly CallbackPlaceKind[] = [
  {
    name: "pool",
    abilities: { actions: POOL_ACTIONS, callbacks: [...HOOKS, "factory"] },
    limitsCallbacks: false,
    programsEach: 5,
    share: 0.45,
    open: (caller) => openPool(caller, "inline"),
  },
  {
    name: "pool in threads",
    abilities: { actions: POOL_ACTIONS, callbacks: [...HOOKS, "onTiming"] },
    limitsCallbacks: false,
    programsEach: 50,
    share: 0.1,
    open: (caller) => openPool(caller, "threads"),
  },
  {
    name: "database",
    abilities: { actions: DATABASE_ACTIONS, callbacks: [...HOOKS, "onWarning"] },
    limitsCallbacks: true,
    programsEach: 5,
    share: 0.35,
    open: (caller) => openBase(caller, "inline"),
  },
  {
    name: "database in threads",
    abilities: { actions: DATABASE_ACTIONS, callbacks: [...HOOKS, "onWarning"] },
    limitsCallbacks: true,
    programsEach: 50,
    share: 0.1,
    open: (caller) => openBase(caller, "worker"),
  },
];
