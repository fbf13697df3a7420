/**
 * The options of the core pool: defaults, ranges and validation.
 *
 * @module
 */

import { describeValue } from "../platform/describe.ts";
import { MAX_TIMER_MS } from "../platform/clock.ts";
import type { PoolHooks } from "./hooks.ts";
import { refuseUnknownOptions } from "./option_names.ts";

/** Settings of a pool. All times are in milliseconds; `Infinity` disables a limit. */
export interface CorePoolOptions extends PoolHooks {
  /** What error messages, metrics and traces call it. */
  name?: string;
  /** Maximum number of connections, from 1. Default: 20. */
  poolSize?: number;
  /** Idle connections to keep ready, at most `poolSize`. Default: 0. */
  minIdle?: number;
  /** How long an acquire may wait before it fails. Default: 30_000. */
  acquisitionTimeoutMs?: number;
  /**
   * Close a connection that has been idle for longer, unless it is one of the newest `minIdle`.
   * Default: 86_400_000 (a day).
   */
  idleTimeoutMs?: number;
  /** Limit for each open, health check, reset and close; finite. Default: 10_000. */
  operationTimeoutMs?: number;
  /** Close a connection at this age, or up to a tenth earlier. Default: `Infinity`. */
  maxLifetimeMs?: number;
  /** Close a connection after this many leases, at least 1. Default: `Infinity`. */
  maxUses?: number;
  /**
   * Run a health check before reuse if a connection was idle for this long; 0 means always.
   * Default: 30_000.
   */
  validateAfterIdleMs?: number;
  /** Maximum number of waiting callers; further ones are refused at once. Default: `Infinity`. */
  maxWaiting?: number;
  /**
   * Record where each lease was acquired, show it in timeout errors, and reclaim leases that were
   * garbage-collected without being released. Costs about ten microseconds per lease. Default:
   * false.
   */
  trackLeases?: boolean;
}

/** How one call waits for a connection. */
export interface AcquireOptions {
  /** Aborts the wait: the call rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Maximum wait in milliseconds, overriding `acquisitionTimeoutMs`; `Infinity` for no limit. */
  timeoutMs?: number;
}

/** How a pool is closed. */
export interface CloseOptions {
  /** How long to wait for leases to end, in milliseconds. Default: `operationTimeoutMs`. */
  timeoutMs?: number;
  /** Serve those who are waiting, until the timeout, instead of rejecting them. Default: false. */
  drain?: boolean;
}

/** All options, checked and filled in. */
export interface ResolvedPoolOptions
  extends Required<Omit<CorePoolOptions, keyof PoolHooks | "name">> {
  readonly name: string | undefined;
}

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

type NumberOption = Exclude<keyof ResolvedPoolOptions, "name" | "trackLeases">;

const WAIT_LIMIT: NumberRule = /* @__PURE__ */ milliseconds(30_000);

const NUMBER_OPTIONS: Readonly<Record<NumberOption, NumberRule>> = /* @__PURE__ */ numberOptions();

/** Pure, for bundles that never ask for it. */
function numberOptions(): Readonly<Record<NumberOption, NumberRule>> {
  return {
    poolSize: { ...count(20, 1), max: Number.MAX_SAFE_INTEGER },
    minIdle: { ...count(0, 0), max: Number.MAX_SAFE_INTEGER },
    acquisitionTimeoutMs: WAIT_LIMIT,
    idleTimeoutMs: milliseconds(86_400_000),
    operationTimeoutMs: milliseconds(10_000, MAX_TIMER_MS),
    maxLifetimeMs: { ...milliseconds(Infinity), min: 1 },
    maxUses: count(Infinity, 1),
    validateAfterIdleMs: milliseconds(30_000),
    maxWaiting: count(Infinity, 0),
  };
}

const CLOSE_TIMEOUT: NumberRule = /* @__PURE__ */ milliseconds(0, MAX_TIMER_MS);

function rangeOf(rule: NumberRule): string {
  const kind = rule.whole ? "a whole number" : "a number";
  const range = rule.max === Infinity
    ? `of at least ${rule.min}, or Infinity`
    : rule.max === Number.MAX_SAFE_INTEGER
    ? `of at least ${rule.min}`
    : `from ${rule.min} to ${rule.max}`;
  return `${kind} ${range}${rule.unit}`;
}

function checkNumber(name: string, value: unknown, rule: NumberRule): number {
  if (typeof value === "number") {
    const inRange = value >= rule.min && value <= rule.max;
    if (inRange && (!rule.whole || value === Infinity || Number.isInteger(value))) return value;
  }
  const message = `${name} must be ${rangeOf(rule)}; got ${describeValue(value)}`;
  throw typeof value === "number" ? new RangeError(message) : new TypeError(message);
}

/** Throws a TypeError for anything but true or false. */
export function checkBoolean(name: string, value: unknown): void {
  if (typeof value === "boolean") return;
  throw new TypeError(`${name} must be true or false; got ${describeValue(value)}`);
}

/** Checks the pool size given to `resize`. */
export function checkPoolSize(value: unknown): number {
  return checkNumber("poolSize", value, NUMBER_OPTIONS.poolSize);
}

/** The names of the options that say how a call waits. */
export const WAIT_OPTION_NAMES: readonly string[] = ["signal", "timeoutMs"];

/**
 * Checks the options of one call before anything else happens, even if the call does not have to
 * wait: a mistake must not surface only under load.
 *
 * @param options What the caller passed; `undefined` for nothing.
 * @param allowed The option names that the method accepts.
 * @throws {TypeError | RangeError} for an unknown option or an invalid value. Only the values of
 *   `signal` and `timeoutMs` are checked here; the method checks its other options.
 */
export function checkCallOptions(options: unknown, allowed: readonly string[]): void {
  if (options === undefined) return;
  checkNames(options, allowed);
  checkAcquireOptions(options);
  checkFunction("rowFactory", (options as { readonly rowFactory?: unknown }).rowFactory);
}

/** Throws a TypeError for anything but a function or `undefined`. */
export function checkFunction(name: string, value: unknown): void {
  if (value === undefined || typeof value === "function") return;
  throw new TypeError(`${name} must be a function; got ${describeValue(value)}`);
}

function checkNames(options: unknown, allowed: readonly string[]): asserts options is object {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`The options of a call must be an object; got ${describeValue(options)}`);
  }
  refuseUnknownOptions(options, allowed);
}

/** Throws a TypeError for anything but a name or `undefined`. */
export function checkName(name: unknown): void {
  if (name === undefined || (typeof name === "string" && name !== "")) return;
  throw new TypeError(`name must be a string that is not empty; got ${describeValue(name)}`);
}

/** Checks the options of one `acquire`. */
export function checkAcquireOptions({ signal, timeoutMs }: AcquireOptions): void {
  if (timeoutMs !== undefined) {
    checkNumber("timeoutMs", timeoutMs, WAIT_LIMIT);
  }
  if (signal !== undefined && !isSignal(signal)) throw notASignal(signal);
}

/** Checked by shape, since a signal may come from another realm or a polyfill. */
function isSignal(value: unknown): boolean {
  const { aborted, addEventListener } = (value ?? {}) as Partial<AbortSignal>;
  return typeof aborted === "boolean" && typeof addEventListener === "function";
}

function notASignal(value: unknown): TypeError {
  const isController = isSignal((value as Partial<AbortController> | null)?.signal);
  return new TypeError(
    `signal must be an AbortSignal; got ${describeValue(value)}` +
      (isController ? ". Pass controller.signal." : ""),
  );
}

/** Checks the options of `close` and returns its timeout in milliseconds. */
export function checkCloseOptions(options: CloseOptions, defaultMs: number): number {
  checkNames(options, ["timeoutMs", "drain"]);
  const { timeoutMs = defaultMs, drain = false } = options;
  checkBoolean("drain", drain);
  return checkNumber("timeoutMs", timeoutMs, CLOSE_TIMEOUT);
}

/**
 * Checks the options and fills in defaults. Throws a TypeError or RangeError that names the option.
 */
export function resolveOptions(options: CorePoolOptions): ResolvedPoolOptions {
  const resolved: Record<string, unknown> = {};
  for (const [name, rule] of Object.entries(NUMBER_OPTIONS)) {
    const value: unknown = options[name as NumberOption];
    resolved[name] = value === undefined ? rule.default : checkNumber(name, value, rule);
  }
  const { name, trackLeases = false } = options;
  checkName(name);
  resolved.name = name;
  checkBoolean("trackLeases", trackLeases);
  resolved.trackLeases = trackLeases;
  const checked = resolved as unknown as ResolvedPoolOptions;
  if (checked.minIdle > checked.poolSize) {
    throw new RangeError(
      `minIdle must not exceed poolSize (${checked.poolSize}); got ${checked.minIdle}`,
    );
  }
  return checked;
}

/** The names of all options of the core pool. */
export const CORE_OPTION_NAMES: readonly string[] = /* @__PURE__ */ coreOptionNames();

function coreOptionNames(): string[] {
  return [...Object.keys(NUMBER_OPTIONS), "trackLeases", "name"];
}
