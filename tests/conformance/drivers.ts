/** The drivers that the suite runs on, each with what it takes to open it. */

import process from "node:process";

import {
  adaptBetterSqlite3,
  type BetterSqlite3Handle,
  betterSqlite3Limits,
} from "../../adapters/better_sqlite3.ts";
import { adaptBunSqlite, type BunSqliteHandle } from "../../adapters/bun_sqlite.ts";
import {
  adaptLibsqlSync,
  type LibsqlSyncHandle,
  libsqlSyncLimits,
} from "../../adapters/libsql_sync.ts";
import { adaptLibsql, type LibsqlClient, libsqlLimits } from "../../adapters/libsql.ts";
import { adaptDbSqlite, type DbSqliteHandle, dbSqliteLimits } from "../../adapters/db_sqlite.ts";
import type { DriverLimit } from "../../adapters/limits.ts";
import { adaptNodeSqlite, type NodeSqliteHandle } from "../../adapters/node_sqlite.ts";
import { adaptSqlite3, type Sqlite3Handle, sqlite3Limits } from "../../adapters/sqlite3.ts";
import { adaptTurso, type TursoHandle, tursoLimits } from "../../adapters/turso.ts";
import {
  type DriverConnection,
  type IntMode,
  workerConnection,
  type WorkerDriverName,
} from "../../mod.ts";
import { nativeDrivers } from "../helpers/drivers.ts";
import { runtimeName } from "../helpers/runtime.ts";

export interface OpenOptions {
  readonly readonly?: boolean;
  readonly intMode?: IntMode;
}

export interface ConformanceDriver {
  readonly name: string;
  /** Why this runtime has not got it. */
  readonly unavailable: string | undefined;
  /** What the adapter declares. */
  readonly limits: readonly DriverLimit[];
  /** Cases by name that this driver cannot pass for a reason of its own. */
  readonly exceptions?: Readonly<Record<string, string>>;
  open(path: string, options: OpenOptions): Promise<DriverConnection>;
}

/** These builds cut text at a NUL character. */
const cutsText = runtimeName() === "deno" || process.version.startsWith("v22.");

const nodeLimits: DriverLimit[] = cutsText ? ["nul-text"] : [];

const [node, bun] = nativeDrivers;

export const nodeSqlite: ConformanceDriver = {
  name: node.name,
  unavailable: node.unavailable,
  limits: nodeLimits,
  async open(path, { readonly, intMode }) {
    const handle = node.open(path, { readonly }) as unknown as NodeSqliteHandle;
    return adaptNodeSqlite(handle, { intMode });
  },
};

export const bunSqlite: ConformanceDriver = {
  name: bun.name,
  unavailable: bun.unavailable,
  limits: [],
  async open(path, { readonly, intMode }) {
    const handle = bun.open(path, { readonly }) as unknown as BunSqliteHandle;
    return adaptBunSqlite(handle, { intMode });
  },
};

/** What a package of npm gives, or why this runtime cannot load it. */
interface Loaded<M> {
  readonly module: M | undefined;
  readonly unavailable: string | undefined;
}

async function load<M>(specifier: string): Promise<Loaded<M>> {
  try {
    return { module: await import(specifier) as M, unavailable: undefined };
  } catch (error) {
    const [reason] = (error as Error).message.split("\n");
    return { module: undefined, unavailable: `${specifier} cannot be loaded: ${reason}` };
  }
}

type HandleClass<H> = new (path: string, options?: object) => H;

const better = await load<{ default: HandleClass<BetterSqlite3Handle> }>("better-sqlite3");

export const betterSqlite3: ConformanceDriver = {
  name: "better-sqlite3",
  unavailable: better.unavailable,
  limits: betterSqlite3Limits,
  async open(path, { readonly = false, intMode }) {
    return adaptBetterSqlite3(new better.module!.default(path, { readonly }), { intMode });
  },
};

/** Loaded there, it ends the process once much of what it made was collected as garbage. */
async function loadLibsql<M>(specifier: string): Promise<Loaded<M>> {
  if (runtimeName() !== "deno") return load<M>(specifier);
  const unavailable = `${specifier}: the native module of libsql crashes Deno (SIGSEGV at exit)`;
  return { module: undefined, unavailable };
}

const libsqlModule = await loadLibsql<{ default: HandleClass<LibsqlSyncHandle> }>("libsql");

export const libsqlSync: ConformanceDriver = {
  name: "libsql-sync",
  unavailable: libsqlModule.unavailable,
  limits: [...libsqlSyncLimits, "readonly"],
  async open(path, { intMode }) {
    return adaptLibsqlSync(new libsqlModule.module!.default(path), { intMode });
  },
};

interface Sqlite3Module {
  readonly default: {
    readonly OPEN_READONLY: number;
    readonly OPEN_READWRITE: number;
    readonly OPEN_CREATE: number;
    readonly Database: new (
      path: string,
      mode: number,
      callback: (error: Error | null) => void,
    ) => Sqlite3Handle;
  };
}

const sqlite3Module = await load<Sqlite3Module>("sqlite3");

export const sqlite3: ConformanceDriver = {
  name: "sqlite3",
  unavailable: sqlite3Module.unavailable,
  limits: sqlite3Limits,
  async open(path, { readonly, intMode }) {
    const { Database, OPEN_READONLY, OPEN_READWRITE, OPEN_CREATE } = sqlite3Module.module!.default;
    const mode = readonly ? OPEN_READONLY : OPEN_READWRITE | OPEN_CREATE;
    const handle = await new Promise<Sqlite3Handle>((resolve, reject) => {
      const opened: Sqlite3Handle = new Database(path, mode, (error) => {
        if (error) reject(error);
        else resolve(opened);
      });
    });
    try {
      return adaptSqlite3(handle, { intMode });
    } catch (error) {
      await new Promise((resolve) => handle.close(resolve));
      throw error;
    }
  },
};

const twoWriters = "in a pool: two connections, a hundred transactions";
const noRetries = "the pool leaves it to asynchronous drivers to wait for locks; this one does not";

const tursoModule = await load<
  { connect(path: string, options?: object): Promise<TursoHandle> }
>("@tursodatabase/database");

export const turso: ConformanceDriver = {
  name: "turso",
  unavailable: tursoModule.unavailable,
  limits: tursoLimits,
  exceptions: {
    [twoWriters]: noRetries,
    "rowsAffected and lastInsertRowid of VACUUM": "VACUUM is an experiment that is off",
    "rowsAffected and lastInsertRowid of ATTACH ':memory:' AS other":
      "ATTACH is an experiment that is off",
  },
  async open(path, { readonly = false, intMode }) {
    return adaptTurso(await tursoModule.module!.connect(path, { readonly }), { intMode });
  },
};

const libsqlClient = await loadLibsql<{ createClient(config: object): LibsqlClient }>(
  "@libsql/client",
);

export const libsql: ConformanceDriver = {
  name: "libsql",
  unavailable: libsqlClient.unavailable,
  limits: [...libsqlLimits, "readonly"],
  exceptions: { [twoWriters]: noRetries },
  async open(path, { intMode }) {
    const url = `file:${path}`;
    const client = libsqlClient.module!.createClient({ url, intMode: "bigint", concurrency: 1 });
    return adaptLibsql(client, { intMode });
  },
};

interface DbSqliteModule {
  readonly Database: new (path: string, options?: object) => DbSqliteHandle;
  readonly SQLITE_VERSION: string;
}

/** JSR is out of reach where these tests run: the module comes from the environment. */
const dbSqliteModule: Loaded<DbSqliteModule> = process.env.DB_SQLITE_MODULE === undefined
  ? { module: undefined, unavailable: "DB_SQLITE_MODULE does not name the mod.ts of @db/sqlite" }
  : await load(process.env.DB_SQLITE_MODULE);

export const dbSqlite: ConformanceDriver = {
  name: "db-sqlite",
  unavailable: dbSqliteModule.unavailable,
  limits: dbSqliteLimits,
  async open(path, { readonly = false, intMode }) {
    return adaptDbSqlite(new dbSqliteModule.module!.Database(path, { readonly }), { intMode });
  },
};

/** The same driver in a thread of its own. */
function inWorker(driver: ConformanceDriver, name: WorkerDriverName): ConformanceDriver {
  return {
    ...driver,
    name: `${driver.name}-worker`,
    open: (path, options) => workerConnection(path, { driver: name, ...options })(),
  };
}

export const nodeSqliteWorker: ConformanceDriver = inWorker(nodeSqlite, "node:sqlite");
export const bunSqliteWorker: ConformanceDriver = inWorker(bunSqlite, "bun:sqlite");

/** Each case starts threads; how they load a package does not depend on the rest. */
function onNode26(driver: ConformanceDriver): ConformanceDriver {
  if (runtimeName() === "node" && process.version.startsWith("v26.")) return driver;
  return { ...driver, unavailable: "in threads, drivers of npm are tried on Node 26 only" };
}

export const betterSqlite3Worker: ConformanceDriver = onNode26(
  inWorker(betterSqlite3, "better-sqlite3"),
);
export const libsqlSyncWorker: ConformanceDriver = onNode26(inWorker(libsqlSync, "libsql"));
