/**
 * Time and chance as the pool sees them. Both are injected, so that a test can replay any run
 * from a seed and move through days in microseconds.
 *
 * @module
 */

/** A timer as its {@linkcode Clock} knows it. */
export type Timer = unknown;

/** Whether a pending timer keeps the process running. */
export type TimerLifetime = "keeps process alive" | "lets process exit";

/** Where the pool gets its time from. */
export interface Clock {
  /** Milliseconds from a fixed point; never goes back. */
  now(): number;
  /** Calls back once, `delayMs` from now; soon when that has passed. */
  schedule(callback: () => void, delayMs: number, lifetime: TimerLifetime): Timer;
  /** Cancels a timer; does nothing when it has fired. */
  cancel(timer: Timer): void;
  /** Calls back when timers and input have had their turn. */
  nextTurn(callback: () => void): void;
}

/** What the pool takes from its surroundings. */
export interface Environment {
  readonly clock: Clock;
  /** A number in [0, 1), as `Math.random` gives. */
  readonly random: () => number;
}

/** The longest delay every runtime's timers can take, in milliseconds (about 24.8 days). */
export const MAX_TIMER_MS: number = 2 ** 31 - 1;

interface RuntimeTimers {
  setImmediate?: (callback: () => void) => unknown;
  Deno?: { unrefTimer?: (id: number) => void };
}

// Taken when this module is loaded. Test frameworks put fake timers in place of the globals later
// on: looked up with each call, those would stop every wait of the pool with the program's time.
const { setTimeout, clearTimeout } = globalThis;
// A timer of 0 ms waits for 1 ms on most runtimes, with nothing to do meanwhile.
const { setImmediate = setTimeout, Deno } = globalThis as RuntimeTimers;

/** Settles after a while. */
export function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => clock.schedule(resolve, ms, "keeps process alive"));
}

/** Calls back when the reactions of promises that are due now have run. */
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
 * To touch `performance` makes Node load a module of its own, which takes 0.9 ms of the start. Its
 * older clock is there already and as quick; on Bun and Deno it is slower.
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
    // Deadlines may have passed by now, at which runtimes print a warning.
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

/** The real clock and real chance. */
export const systemEnvironment: Environment = { clock: systemClock, random: Math.random };
