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
import type { Row } from "../sqlite/types.ts";
import type { SpawnWorker } from "../worker/thread.ts";
import {
  POOL_OPTION_NAMES,
  type PoolOptions,
  resolveSqliteOptions,
} from "../connections/pool_options.ts";
import { checkPragmas, type Durability, type Pragmas } from "./pragmas.ts";

/** Something that does no harm yet, but should be looked into. */
export interface DatabaseWarning {
  /**
   * A read that keeps the log from shrinking, a SQLite with the WAL-reset bug, or a file that was
   * removed or replaced while it was open.
   */
  readonly kind: "long read" | "wal-reset bug" | "database moved";
  /** What happened, and what to do about it. */
  readonly message: string;
}

/** Where statements run. */
export type Execution = "inline" | "worker" | "auto";

/** Settings of a database: its own, and those of its pools. */
export interface DatabaseOptions<R = Row> extends Omit<PoolOptions<R>, "poolSize" | "minIdle"> {
  /** The driver; "auto" takes the runtime's own. Default: "auto". */
  driver?: "auto" | Driver;
  /**
   * Where statements run: "inline", in the thread of the caller, which stands still meanwhile;
   * "worker", each connection in a thread of its own; "auto", in threads but for single reads that
   * have proved to be quick. Default: "inline".
   */
  execution?: Execution;
  /**
   * Starts a thread with the script `@sqlitepool/pool/worker`; for bundles, which move it.
   */
  worker?: SpawnWorker;
  /** Most readers at once, from 1 up. Default: 4. */
  readers?: number;
  /** Opens an existing file without ever writing to it. Default: false. */
  readonly?: boolean;
  /**
   * For a file that nothing changes while it is open, such as one on a read-only file system:
   * SQLite takes no locks and makes no files beside it. If anything changes the file after all,
   * reads fail or return wrong results. Implies `readonly`. Not every driver can. Default: false.
   */
  immutable?: boolean;
  /**
   * "normal" survives a crash of the process; "full" also survives a crash of the machine, and
   * each commit waits for the disk. Default: "normal".
   */
  durability?: Durability;
  /** Pragmas of every connection. */
  pragmas?: Pragmas;
  /**
   * Limit for a callback of `read` or `write`, in milliseconds, and in threads for single
   * reads too. Default: `Infinity`.
   */
  queryTimeoutMs?: number;
  /** Warn of a read that holds its snapshot for longer, in milliseconds. Default: 60_000. */
  maxReadTransactionMs?: number;
  /** For files of unknown origin: read-only, hardened, and checked when opened. Default: false. */
  untrusted?: boolean;
  /** Called with warnings. Default: `console.warn`. */
  onWarning?: (warning: DatabaseWarning) => void;
}

/** What is checked and filled in here; the rest goes on to the pools. */
export interface ResolvedDatabaseOptions<R> {
  readonly driver: Driver | "auto";
  readonly execution: Execution;
  readonly worker: SpawnWorker | undefined;
  readonly readers: number;
  readonly readonly: boolean;
  readonly immutable: boolean;
  readonly durability: Durability;
  readonly pragmas: Pragmas;
  readonly queryTimeoutMs: number;
  readonly maxReadTransactionMs: number;
  readonly untrusted: boolean;
  readonly onWarning: (warning: DatabaseWarning) => void;
  readonly acquisitionTimeoutMs: number;
  readonly operationTimeoutMs: number;
  readonly pool: Omit<PoolOptions<R>, "poolSize" | "minIdle">;
}

const EXECUTIONS: readonly Execution[] = ["inline", "worker", "auto"];

const OWN_NAMES: readonly string[] = [
  ...["driver", "readers", "readonly", "durability", "pragmas", "queryTimeoutMs"],
  ...["maxReadTransactionMs", "untrusted", "onWarning", "execution", "worker", "immutable"],
];

// One writer, and readers: there is no pool size to set.
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
  // The class Database of bun:sqlite has a name, and a static function open.
  return typeof open === "function" && typeof name === "string" && typeof library === "string";
}

const isLimit = (value: unknown): boolean => typeof value === "number" && value >= 0;

/** Checks the options. Throws a TypeError or RangeError that names the option. */
export function resolveDatabaseOptions<R>(
  options: DatabaseOptions<R>,
): ResolvedDatabaseOptions<R> {
  check(typeof options === "object" && options !== null, "options", "an object", options);
  refuseUnknownOptions(options, OPTION_NAMES);
  const {
    driver = "auto",
    execution = "inline",
    worker,
    readers = 4,
    readonly = false,
    immutable = false,
    durability = "normal",
    pragmas = {},
    queryTimeoutMs = Infinity,
    maxReadTransactionMs = 60_000,
    untrusted = false,
    onWarning = ({ message }) => console.warn(`@sqlitepool/pool: ${message}`),
    ...pool
  } = options;
  check(isDriver(driver), "driver", DRIVERS, driver);
  const isExecution = EXECUTIONS.includes(execution);
  check(isExecution, "execution", '"inline", "worker" or "auto"', execution);
  const isSpawn = worker === undefined || typeof worker === "function";
  check(isSpawn, "worker", "a function that starts a thread", worker);
  const isCount = Number.isSafeInteger(readers) && readers >= 1;
  check(isCount, "readers", "a whole number from 1 up", readers);
  check(typeof readonly === "boolean", "readonly", "true or false", readonly);
  check(typeof immutable === "boolean", "immutable", "true or false", immutable);
  const isDurability = durability === "normal" || durability === "full";
  check(isDurability, "durability", '"normal" or "full"', durability);
  check(typeof pragmas === "object" && pragmas !== null, "pragmas", "an object", pragmas);
  checkPragmas(pragmas);
  const milliseconds = "a number from 0 up (milliseconds)";
  check(isLimit(queryTimeoutMs), "queryTimeoutMs", milliseconds, queryTimeoutMs);
  check(isLimit(maxReadTransactionMs), "maxReadTransactionMs", milliseconds, maxReadTransactionMs);
  check(typeof untrusted === "boolean", "untrusted", "true or false", untrusted);
  check(typeof onWarning === "function", "onWarning", "a function", onWarning);
  // The pools would refuse these too, but not before a file was opened.
  checkHooks(pool);
  resolveSqliteOptions(pool);
  const { acquisitionTimeoutMs, operationTimeoutMs } = resolveOptions(pool);
  return {
    driver,
    execution,
    worker,
    readers,
    readonly: readonly || untrusted || immutable,
    immutable,
    durability,
    pragmas,
    queryTimeoutMs,
    maxReadTransactionMs,
    untrusted,
    onWarning,
    acquisitionTimeoutMs,
    operationTimeoutMs,
    pool,
  };
}
