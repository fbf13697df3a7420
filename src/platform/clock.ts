/**
 * The pool's clock and randomness. Both are injected, so that a test can replay any run from a seed
 * and pass days in microseconds.
 *
 * @module
 */

/** A timer handle of a {@linkcode Clock}. */
export type Timer = unknown;

/** Whether a pending timer keeps the process running. */
export type TimerLifetime = "keeps process alive" | "lets process exit";

/** The pool's source of time. */
export interface Clock {
  /** Returns monotonic milliseconds from a fixed point. */
  now(): number;
  /** Calls back once after `delayMs`; soon if that is not positive. */
  schedule(callback: () => void, delayMs: number, lifetime: TimerLifetime): Timer;
  /** Cancels a timer; does nothing if it has fired. */
  cancel(timer: Timer): void;
  /** Calls back after pending timers and I/O have been processed. */
  nextTurn(callback: () => void): void;
}

/** What the pool needs from its environment. */
export interface Environment {
  readonly clock: Clock;
  /** Returns a number in [0, 1), like `Math.random`. */
  readonly random: () => number;
}

/** The longest delay every runtime's timers can take, in milliseconds (about 24.8 days). */
export const MAX_TIMER_MS: number = 2 ** 31 - 1;

interface RuntimeTimers {
  setImmediate?: (callback: () => void) => unknown;
  Deno?: { unrefTimer?: (id: number) => void };
}

// Captured when this module is loaded. Test frameworks later replace the globals with fake timers,
// which would otherwise freeze every wait of the pool.
const { setTimeout, clearTimeout } = globalThis;
// On most runtimes a timer of 0 ms waits for an idle 1 ms.
const { setImmediate = setTimeout, Deno } = globalThis as RuntimeTimers;

/** Resolves after a delay. */
export function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => clock.schedule(resolve, ms, "keeps process alive"));
}

/** Calls back after the pending promise reactions have run. */
export const soon: (callback: () => void) => void = globalThis.queueMicrotask;

function letProcessExit(timer: unknown): void {
  if (typeof timer === "number") {
    Deno?.unrefTimer?.(timer);
  } else {
    (timer as { unref?: () => void } | undefined)?.unref?.();
  }
}

interface HostProcess {
  readonly versions: { readonly node?: string; readonly bun?: string; readonly deno?: string };
  hrtime(): [seconds: number, nanoseconds: number];
}

/**
 * On Node, accessing `performance` loads a module, which adds 0.9 ms to the start. `process.hrtime`
 * is already loaded and as fast; on Bun and Deno it is slower.
 */
function systemTime(): () => number {
  const { process } = globalThis as { process?: HostProcess };
  const { node, bun, deno } = process?.versions ?? {};
  if (process === undefined || node === undefined || (bun ?? deno) !== undefined) {
    return performance.now.bind(performance);
  }
  const { hrtime } = process;
  return () => {
    const time = hrtime();
    return time[0] * 1e3 + time[1] / 1e6;
  };
}

const systemClock: Clock = {
  now: systemTime(),
  schedule(callback, delayMs, lifetime) {
    // A passed deadline has a negative delay, for which runtimes print a warning.
    const delay = Math.max(0, Math.min(delayMs, MAX_TIMER_MS));
    const timer: unknown = setTimeout(callback, delay);
    if (lifetime === "lets process exit") letProcessExit(timer);
    return timer;
  },
  cancel(timer) {
    clearTimeout(timer as number);
  },
  nextTurn(callback) {
    setImmediate(callback);
  },
};

/** The real clock and randomness. */
export const systemEnvironment: Environment = { clock: systemClock, random: Math.random };
