/** The event loop, and how long it may take. */

import process from "node:process";
import { setImmediate } from "node:timers";

/** Longer than any program takes, however busy the machine. */
const HANGS_AFTER_MS = Number(process.env.MODEL_HANGS_AFTER_MS ?? 10_000);

/** The next turn of the event loop. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

/** Lets as many reactions of promises run. */
export async function microtasks(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await undefined;
}

/** Settles with `work`, or rejects when that hangs. */
export async function inTime<T>(work: Promise<T>, what: () => string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what()} never settled`)), HANGS_AFTER_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Lets turns pass until `idle` says so. */
export async function untilIdle(busy: () => string | undefined): Promise<void> {
  const until = performance.now() + HANGS_AFTER_MS;
  for (let what = busy(); what !== undefined; what = busy()) {
    if (performance.now() > until) throw new Error(`Never idle again: ${what}`);
    await nextTurn();
  }
}
