/**
 * The options of `SQLiteConnectionPool`.
 *
 * @module
 */

import { HOOK_NAMES } from "../pool/hooks.ts";
import { refuseUnknownOptions } from "../pool/option_names.ts";
import { checkFunction, CORE_OPTION_NAMES, type CorePoolOptions } from "../pool/options.ts";
import { describeValue } from "../platform/describe.ts";
import { MAX_TIMER_MS } from "../platform/clock.ts";
import type { Row, RowFactory } from "../sqlite/types.ts";
import type { IntMode } from "../sqlite/rows.ts";
import type { Connection } from "./connection.ts";
import {
  checkObservation,
  OBSERVATION_OPTION_NAMES,
  type ObservationOptions,
} from "./observation/options.ts";

/** Settings of a pool of SQLite connections. `R` is the type of its rows. */
export interface PoolOptions<R = Row> extends CorePoolOptions, ObservationOptions {
  /** Sets up each new connection before it is used. */
  onConnect?: (connection: Connection<R>) => unknown;
  /** Creates each row from its values and column names. Default: plain objects. */
  rowFactory?: RowFactory<R>;
  /**
   * "number" returns integers as numbers and fails with a `SQLiteIntegerRangeError` for those that
   * a number cannot represent; "bigint" returns all of them as bigints. Default: "number".
   */
  intMode?: IntMode;
  /** How many prepared statements to cache per connection; 0 disables the cache. Default: 128. */
  statementCacheSize?: number;
  /**
   * How long to retry a statement that found the database locked, in milliseconds. Applies to
   * synchronous drivers, whose own busy timeout is disabled because it would block the thread.
   * Default: 5_000.
   */
  busyTimeoutMs?: number;
}

const DEFAULT_BUSY_TIMEOUT_MS = 5_000;

/** The names of all options of a pool. */
export const POOL_OPTION_NAMES: readonly string[] = [
  ...CORE_OPTION_NAMES,
  ...HOOK_NAMES,
  "onConnect",
  ...OBSERVATION_OPTION_NAMES,
  "rowFactory",
  "intMode",
  "statementCacheSize",
  "busyTimeoutMs",
];

/** The options of the SQLite layer, checked and with defaults. */
export interface ResolvedSqliteOptions {
  readonly intMode: IntMode;
  readonly statementCacheSize: number | undefined;
  readonly busyTimeoutMs: number;
}

/**
 * Checks the options that the core pool does not know. Throws a TypeError or RangeError that names
 * the option.
 */
export function resolveSqliteOptions<R>(options: PoolOptions<R>): ResolvedSqliteOptions {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`The options must be an object; got ${describeValue(options)}`);
  }
  refuseUnknownOptions(options, POOL_OPTION_NAMES);
  checkFunction("onConnect", options.onConnect);
  checkObservation(options);
  checkFunction("rowFactory", options.rowFactory);
  const { intMode = "number", statementCacheSize, busyTimeoutMs = DEFAULT_BUSY_TIMEOUT_MS } =
    options;
  if (intMode !== "number" && intMode !== "bigint") {
    throw new TypeError(`intMode must be "number" or "bigint"; got ${describeValue(intMode)}`);
  }
  checkRange("statementCacheSize", statementCacheSize ?? 0, Number.MAX_SAFE_INTEGER);
  checkRange("busyTimeoutMs", busyTimeoutMs, MAX_TIMER_MS);
  return { intMode, statementCacheSize, busyTimeoutMs };
}

function checkRange(name: string, value: unknown, max: number): void {
  const message = `${name} must be a whole number from 0 to ${max}; got ${describeValue(value)}`;
  if (typeof value !== "number") throw new TypeError(message);
  if (!Number.isInteger(value) || value < 0 || value > max) throw new RangeError(message);
}
