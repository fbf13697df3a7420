/**
 * The options of the core pool: defaults, ranges, and errors that name what is wrong.
 *
 * @module
 */

import { describeValue } from "../platform/describe.ts";
import { MAX_TIMER_MS } from "../platform/clock.ts";
import type { PoolHooks } from "./hooks.ts";

/** Settings of a pool. Every time is in milliseconds; `Infinity` switches a limit off. */
export interface CorePoolOptions extends PoolHooks {
  /** Most connections at once, from 1 up. Default: 20. */
  poolSize?: number;
  /** Connections kept open and idle in advance, as far as `poolSize` allows. Default: 0. */
  minIdle?: number;
  /** How long an acquire may wait before it fails. Default: 30_000. */
  acquisitionTimeoutMs?: number;
  /** An idle connection older than this is replaced. Default: 86_400_000 (a day). */
  idleTimeoutMs?: number;
  /** Limit for each open, health check, reset and close; finite. Default: 10_000. */
  operationTimeoutMs?: number;
  /** Retire a connection of this age, up to a tenth earlier. Default: `Infinity`. */
  maxLifetimeMs?: number;
  /** Retire a connection after this many leases, from 1 up. Default: `Infinity`. */
  maxUses?: number;
  /** Check a connection on borrow when it was idle for this long; 0 = always. Default: 30_000. */
  validateAfterIdleMs?: number;
  /** Waiters beyond this many are refused at once. Default: `Infinity`. */
  maxWaiting?: number;
  /**
   * Remember where each lease was acquired, name the place in timeouts, and take back leases
   * that were garbage-collected without release. Costs some ten microseconds a lease. Default: false.
   */
  trackLeases?: boolean;
}

/** How one acquire waits. */
export interface AcquireOptions {
  /** Gives up when it aborts; the call rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Longest wait in milliseconds instead of `acquisitionTimeoutMs`; `Infinity` for no limit. */
  timeoutMs?: number;
}

/** How a pool is closed. */
export interface CloseOptions {
  /** How long leases may go on, in milliseconds. Default: `operationTimeoutMs`. */
  timeoutMs?: number;
}

/** All options, checked and filled in. */
export type ResolvedPoolOptions = Required<Omit<CorePoolOptions, keyof PoolHooks>>;

interface NumberRule {
  readonly default: number;
  readonly min: number;
  readonly max: number;
  readonly whole: boolean;
  readonly unit: string;
}

const count = (fallback: number, min: number): NumberRule => ({
  default: fallback,
  min,
  max: Infinity,
  whole: true,
  unit: "",
});
const milliseconds = (fallback: number, max: number = Infinity): NumberRule => ({
  default: fallback,
  min: 0,
  max,
  whole: false,
  unit: " (milliseconds)",
});

type NumberOption = Exclude<keyof ResolvedPoolOptions, "trackLeases">;

const NUMBER_OPTIONS: Readonly<Record<NumberOption, NumberRule>> = {
  poolSize: { ...count(20, 1), max: Number.MAX_SAFE_INTEGER },
  minIdle: { ...count(0, 0), max: Number.MAX_SAFE_INTEGER },
  acquisitionTimeoutMs: milliseconds(30_000),
  idleTimeoutMs: milliseconds(86_400_000),
  operationTimeoutMs: milliseconds(10_000, MAX_TIMER_MS),
  maxLifetimeMs: { ...milliseconds(Infinity), min: 1 },
  maxUses: count(Infinity, 1),
  validateAfterIdleMs: milliseconds(30_000),
  maxWaiting: count(Infinity, 0),
};

const CLOSE_TIMEOUT: NumberRule = milliseconds(0, MAX_TIMER_MS);

function rangeOf(rule: NumberRule): string {
  const kind = rule.whole ? "a whole number" : "a number";
  const range = rule.max === Infinity
    ? `from ${rule.min} up, or Infinity`
    : rule.max === Number.MAX_SAFE_INTEGER
    ? `from ${rule.min} up`
    : `from ${rule.min} to ${rule.max}`;
  return `${kind} ${range}${rule.unit}`;
}

function checkNumber(name: string, value: unknown, rule: NumberRule): number {
  const message = `${name} must be ${rangeOf(rule)}; got ${describeValue(value)}`;
  if (typeof value !== "number") throw new TypeError(message);
  const inRange = value >= rule.min && value <= rule.max;
  if (!inRange || (rule.whole && value !== Infinity && !Number.isInteger(value))) {
    throw new RangeError(message);
  }
  return value;
}

/** Checks the pool size given to `resize`. */
export function checkPoolSize(value: unknown): number {
  return checkNumber("poolSize", value, NUMBER_OPTIONS.poolSize);
}

/** Checks how one acquire wants to wait. */
export function checkAcquireOptions({ signal, timeoutMs }: AcquireOptions): void {
  if (timeoutMs !== undefined) {
    checkNumber("timeoutMs", timeoutMs, NUMBER_OPTIONS.acquisitionTimeoutMs);
  }
  const isSignal = signal === undefined || typeof signal?.addEventListener === "function";
  if (!isSignal) {
    throw new TypeError(`signal must be an AbortSignal; got ${describeValue(signal)}`);
  }
}

/** Checks the deadline of `close`. */
export function checkCloseTimeout(value: unknown): number {
  return checkNumber("timeoutMs", value, CLOSE_TIMEOUT);
}

/** Checks and completes the options. Throws a TypeError or RangeError that names the option. */
export function resolveOptions(options: CorePoolOptions): ResolvedPoolOptions {
  const resolved: Record<string, number | boolean> = {};
  for (const [name, rule] of Object.entries(NUMBER_OPTIONS)) {
    const value: unknown = options[name as NumberOption];
    resolved[name] = value === undefined ? rule.default : checkNumber(name, value, rule);
  }
  const { trackLeases = false } = options;
  if (typeof trackLeases !== "boolean") {
    throw new TypeError(`trackLeases must be true or false; got ${describeValue(trackLeases)}`);
  }
  resolved.trackLeases = trackLeases;
  const checked = resolved as unknown as ResolvedPoolOptions;
  if (checked.minIdle > checked.poolSize) {
    throw new RangeError(
      `minIdle must not exceed poolSize (${checked.poolSize}); got ${checked.minIdle}`,
    );
  }
  return checked;
}

/** The names of all options of the core pool, for checks against misspelt ones. */
export const CORE_OPTION_NAMES: readonly string[] = [...Object.keys(NUMBER_OPTIONS), "trackLeases"];
