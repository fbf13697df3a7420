/** The drivers that the suite runs on, each with what it takes to open it. */

import process from "node:process";

import {
  betterSqlite3 as betterSqlite3Driver,
  betterSqlite3Limits,
} from "../../adapters/better_sqlite3/driver.ts";
import { adaptBunSqlite, type BunSqliteHandle } from "../../adapters/bun_sqlite/adapter.ts";
import { libsqlSync as libsqlSyncDriver, libsqlSyncLimits } from "../../adapters/libsql/driver.ts";
import {
  adaptLibsql,
  type LibsqlClient,
  libsqlLimits,
} from "../../adapters/libsql_client/adapter.ts";
import { dbSqlite as dbSqliteDriver, dbSqliteLimits } from "../../adapters/db_sqlite/driver.ts";
import type { DriverLimit } from "../../adapters/limits.ts";
import { adaptNodeSqlite, type NodeSqliteHandle } from "../../adapters/node_sqlite/adapter.ts";
import {
  adaptNodeSqlite3Wasm,
  nodeSqlite3WasmLimits,
} from "../../adapters/node_sqlite3_wasm/adapter.ts";
import { openHandle } from "../../adapters/open_error.ts";
import { adaptSqlite3, type Sqlite3Handle, sqlite3Limits } from "../../adapters/sqlite3/adapter.ts";
import { adaptTurso, type TursoHandle, tursoLimits } from "../../adapters/turso/adapter.ts";
import {
  type Driver,
  type DriverConnection,
  type IntMode,
  processConnection,
  workerConnection,
  type WorkerDriverName,
} from "../../mod.ts";
import { nativeDrivers } from "../helpers/drivers.ts";
import {
  betterSqlite3Module,
  dbSqliteModule,
  libsqlModule,
  load,
  loadLibsql,
  nodeSqlite3WasmModule,
} from "../helpers/packages.ts";
import { onNewestNode, runtimeName } from "../helpers/runtime.ts";

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

const nodeLimits: DriverLimit[] = cutsText ? ["nul-text", "interrupt"] : ["interrupt"];

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
  limits: ["interrupt"],
  async open(path, { readonly, intMode }) {
    const handle = bun.open(path, { readonly }) as unknown as BunSqliteHandle;
    return adaptBunSqlite(handle, { intMode });
  },
};

/** As openDatabase opens it. */
async function openWith(
  driver: Driver,
  path: string,
  { readonly = false, intMode = "number" }: OpenOptions,
): Promise<DriverConnection> {
  return driver.open(path, { readonly, create: true, intMode, statementCacheSize: undefined });
}

export const betterSqlite3: ConformanceDriver = {
  name: "better-sqlite3",
  unavailable: betterSqlite3Module.unavailable,
  limits: betterSqlite3Limits,
  open: (path, options) =>
    openWith(betterSqlite3Driver(betterSqlite3Module.module!.default), path, options),
};

export const libsqlSync: ConformanceDriver = {
  name: "libsql-sync",
  unavailable: libsqlModule.unavailable,
  limits: libsqlSyncLimits,
  open: (path, options) => openWith(libsqlSyncDriver(libsqlModule.module!.default), path, options),
};

const sharedLock = "while one connection reads or writes, no other one can";

export const nodeSqlite3Wasm: ConformanceDriver = {
  name: "node-sqlite3-wasm",
  unavailable: nodeSqlite3WasmModule.unavailable,
  limits: nodeSqlite3WasmLimits,
  exceptions: {
    "what is not committed is not seen by another connection": sharedLock,
    "a snapshot that is out of date cannot write: SQLITE_BUSY_SNAPSHOT": sharedLock,
  },
  async open(path, { readonly = false, intMode }) {
    const { Database } = nodeSqlite3WasmModule.module!.default;
    const handle = openHandle(() => new Database(path, { readOnly: readonly }));
    try {
      return adaptNodeSqlite3Wasm(handle, { intMode });
    } catch (error) {
      handle.close();
      throw error;
    }
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
const noRetries = "asynchronous drivers must wait for locks themselves; this one does not";

const tursoModule = await load<
  { connect(path: string, options?: object): Promise<TursoHandle> }
>("@tursodatabase/database");

export const turso: ConformanceDriver = {
  name: "turso",
  unavailable: tursoModule.unavailable,
  limits: tursoLimits,
  exceptions: {
    [twoWriters]: noRetries,
    "rowsAffected and lastInsertRowid of VACUUM": "VACUUM is experimental and disabled",
    "rowsAffected and lastInsertRowid of ATTACH ':memory:' AS other":
      "ATTACH is experimental and disabled",
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

export const dbSqlite: ConformanceDriver = {
  name: "db-sqlite",
  unavailable: dbSqliteModule.unavailable,
  limits: dbSqliteLimits,
  open: (path, options) => openWith(dbSqliteDriver(dbSqliteModule.module!.Database), path, options),
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

/** The same driver in a process of its own. */
function inProcess(driver: ConformanceDriver, name: WorkerDriverName): ConformanceDriver {
  const old = runtimeName() === "node" && !onNewestNode;
  return {
    ...driver,
    name: `${driver.name}-process`,
    unavailable: old ? "processes are tested on the newest Node" : driver.unavailable,
    open: (path, options) => processConnection(path, { driver: name, ...options })(),
  };
}

export const nodeSqliteProcess: ConformanceDriver = inProcess(
  runtimeName() === "bun" ? { ...nodeSqlite, unavailable: "bun:sqlite is Bun's own" } : nodeSqlite,
  "node:sqlite",
);
export const bunSqliteProcess: ConformanceDriver = inProcess(bunSqlite, "bun:sqlite");

/** Each case starts threads; how they load a package does not depend on the rest. */
function onNode26(driver: ConformanceDriver): ConformanceDriver {
  if (runtimeName() === "node" && process.version.startsWith("v26.")) return driver;
  return { ...driver, unavailable: "npm drivers are tested in threads only on Node 26" };
}

export const betterSqlite3Worker: ConformanceDriver = onNode26(
  inWorker(betterSqlite3, "better-sqlite3"),
);
export const libsqlSyncWorker: ConformanceDriver = onNode26(inWorker(libsqlSync, "libsql"));
