/**
 * The options of `openDatabase`.
 *
 * @module
 */

import { checkHooks } from "../pool/hooks.ts";
import { refuseUnknownOptions } from "../pool/option_names.ts";
import { resolveOptions } from "../pool/options.ts";
import { describeValue } from "../platform/describe.ts";
import type { Driver } from "../driver/driver.ts";
import { type ResolvedSetUp, resolveSetUp, type SetUpOptions } from "../driver/set_up/options.ts";
import type { Row } from "../sqlite/types.ts";
import type { ProcessStart } from "../process/process_factory.ts";
import type { SpawnWorker } from "../worker/transport.ts";
import {
  POOL_OPTION_NAMES,
  type PoolOptions,
  resolveSqliteOptions,
} from "../connections/pool_options.ts";
import type { DatabaseWarning } from "../connections/observation/warning.ts";
import { checkPragmas, type Durability, type Pragmas } from "./pragmas.ts";

/** Where statements run. */
export type Execution = "inline" | "worker" | "process" | "auto";

/** Settings of a database and its pools. */
export interface DatabaseOptions<R = Row>
  extends Omit<PoolOptions<R>, "poolSize" | "minIdle">, SetUpOptions, ProcessStart {
  /** The driver; "auto" selects the runtime's own. Default: "auto". */
  driver?: "auto" | Driver;
  /**
   * Where statements run: "inline", in the caller's thread, which blocks in the meantime; "worker",
   * each connection in its own thread; "process", each in a process of its own, where statements
   * that take too long are stopped; "auto", in threads except for single reads that have proved to
   * be fast. Default: "inline".
   */
  execution?: Execution;
  /** Starts a thread with the script `@sqlitepool/pool/worker`, for bundles, which move it. */
  worker?: SpawnWorker;
  /** Maximum number of readers, at least 1. Default: 4. */
  readers?: number;
  /** Open an existing file without ever writing to it. Default: false. */
  readonly?: boolean;
  /**
   * For a file that does not change while it is open, such as one on a read-only file system:
   * SQLite takes no locks and creates no auxiliary files. If the file does change, reads fail or
   * return wrong results. Implies `readonly`. Not every driver supports it. Default: false.
   */
  immutable?: boolean;
  /**
   * "normal" commits survive a crash of the process; "full" commits also survive a crash of the
   * machine, but each waits for the disk. Default: "normal".
   */
  durability?: Durability;
  /** Pragmas for every connection. */
  pragmas?: Pragmas;
  /**
   * Limit for a callback of `read` or `write` in milliseconds, and in threads also for single
   * reads. Default: `Infinity`.
   */
  queryTimeoutMs?: number;
  /** Warn if a read holds its snapshot for longer, in milliseconds. Default: 60_000. */
  maxReadTransactionMs?: number;
  /**
   * How long a write waits for the writes of this database before it, in milliseconds;
   * `busyTimeoutMs` is for locks of others. Default: `acquisitionTimeoutMs`.
   */
  writeQueueTimeoutMs?: number;
  /**
   * For files of unknown origin: opened read-only and hardened, and checked first. Default: false.
   */
  untrusted?: boolean;
}

/** The options of the database itself; the rest is passed to the pools. */
export interface ResolvedDatabaseOptions<R> {
  readonly driver: Driver | "auto";
  readonly execution: Execution;
  readonly worker: SpawnWorker | undefined;
  readonly processes: ProcessStart;
  readonly readers: number;
  readonly readonly: boolean;
  readonly immutable: boolean;
  readonly durability: Durability;
  readonly pragmas: Pragmas;
  readonly queryTimeoutMs: number;
  readonly maxReadTransactionMs: number;
  readonly untrusted: boolean;
  /** What is done to every new connection. */
  readonly prepare: ResolvedSetUp;
  readonly onWarning: (warning: DatabaseWarning) => void;
  readonly writeQueueTimeoutMs: number;
  readonly operationTimeoutMs: number;
  readonly pool: Omit<PoolOptions<R>, "poolSize" | "minIdle">;
}

const EXECUTIONS: readonly Execution[] = ["inline", "worker", "process", "auto"];

const OWN_NAMES: readonly string[] = [
  ...["driver", "readers", "readonly", "durability", "pragmas", "queryTimeoutMs"],
  ...[
    "maxReadTransactionMs",
    "writeQueueTimeoutMs",
    "untrusted",
    "execution",
    "worker",
    "processCommand",
    "memoryLimitMb",
    "immutable",
  ],
  ...["extensions", "setUp"],
];

// There is one writer and `readers`, so there is no pool size.
const OPTION_NAMES: readonly string[] = POOL_OPTION_NAMES
  .filter((name) => name !== "poolSize" && name !== "minIdle")
  .concat(OWN_NAMES);

function check(holds: boolean, name: string, expected: string, value: unknown): void {
  if (holds) return;
  const message = `${name} must be ${expected}; got ${describeValue(value)}`;
  throw typeof value === "number" ? new RangeError(message) : new TypeError(message);
}

const DRIVERS = '"auto" or a driver such as nodeSqlite or betterSqlite3(Database)';

function isDriver(value: unknown): boolean {
  if (value === "auto") return true;
  const { open, name, library } = (value ?? {}) as Partial<Driver>;
  // The class Database of bun:sqlite also has a name and a static open().
  return typeof open === "function" && typeof name === "string" && typeof library === "string";
}

const isLimit = (value: unknown): boolean => typeof value === "number" && value >= 0;

/** Checks the options. Throws a TypeError or RangeError that names the option. */
export function resolveDatabaseOptions<R>(
  options: DatabaseOptions<R>,
  folder: string | undefined,
): ResolvedDatabaseOptions<R> {
  check(typeof options === "object" && options !== null, "options", "an object", options);
  refuseUnknownOptions(options, OPTION_NAMES);
  const {
    driver = "auto",
    execution = "inline",
    worker,
    processCommand,
    memoryLimitMb,
    readers = 4,
    readonly = false,
    immutable = false,
    durability = "normal",
    pragmas = {},
    queryTimeoutMs = Infinity,
    maxReadTransactionMs = 60_000,
    writeQueueTimeoutMs: _,
    untrusted = false,
    extensions,
    setUp,
    onWarning = ({ message }) => console.warn(`@sqlitepool/pool: ${message}`),
    ...pool
  } = options;
  check(isDriver(driver), "driver", DRIVERS, driver);
  const isExecution = EXECUTIONS.includes(execution);
  check(isExecution, "execution", '"inline", "worker", "process" or "auto"', execution);
  const isSpawn = worker === undefined || typeof worker === "function";
  check(isSpawn, "worker", "a function that starts a thread", worker);
  const isCount = Number.isSafeInteger(readers) && readers >= 1;
  check(isCount, "readers", "a whole number of at least 1", readers);
  check(typeof readonly === "boolean", "readonly", "true or false", readonly);
  check(typeof immutable === "boolean", "immutable", "true or false", immutable);
  const isDurability = durability === "normal" || durability === "full";
  check(isDurability, "durability", '"normal" or "full"', durability);
  check(typeof pragmas === "object" && pragmas !== null, "pragmas", "an object", pragmas);
  checkPragmas(pragmas);
  const milliseconds = "a number of at least 0 (milliseconds)";
  check(isLimit(queryTimeoutMs), "queryTimeoutMs", milliseconds, queryTimeoutMs);
  check(isLimit(maxReadTransactionMs), "maxReadTransactionMs", milliseconds, maxReadTransactionMs);
  check(typeof untrusted === "boolean", "untrusted", "true or false", untrusted);
  check(typeof onWarning === "function", "onWarning", "a function", onWarning);
  // The pools would also refuse these, but only after a file was opened.
  checkHooks(pool);
  resolveSqliteOptions(pool);
  const { acquisitionTimeoutMs, operationTimeoutMs } = resolveOptions(pool);
  const { writeQueueTimeoutMs = acquisitionTimeoutMs } = options;
  check(isLimit(writeQueueTimeoutMs), "writeQueueTimeoutMs", milliseconds, writeQueueTimeoutMs);
  return {
    driver,
    execution,
    worker,
    processes: { processCommand, memoryLimitMb },
    readers,
    readonly: readonly || untrusted || immutable,
    immutable,
    durability,
    pragmas,
    queryTimeoutMs,
    maxReadTransactionMs,
    untrusted,
    prepare: resolveSetUp({ extensions, setUp }, folder),
    onWarning,
    writeQueueTimeoutMs,
    operationTimeoutMs,
    pool,
  };
}
