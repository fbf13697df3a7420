/**
 * Notices a call that waits for the very callback it is made in.
 *
 * @module
 */

import { type AsyncContext, builtin } from "./builtins.ts";

/** A callback that has something for itself, with those around it. */
interface Frame {
  readonly key: object;
  readonly outer: Frame | undefined;
  state: "running" | "over";
}

const AsyncLocalStorage = builtin("node:async_hooks")?.AsyncLocalStorage;
// Where there is no async context, such a call ends with its timeout instead.
const context: AsyncContext<Frame> | undefined = AsyncLocalStorage === undefined
  ? undefined
  : new AsyncLocalStorage();

/** Whether this is called, directly or not, by a callback that runs inside `key`. */
export function isInside(key: object): boolean {
  for (let frame = context?.getStore(); frame !== undefined; frame = frame.outer) {
    if (frame.key === key && frame.state === "running") return true;
  }
  return false;
}

/** Runs a callback inside `key`. */
export async function runInside<T>(key: object, fn: () => T | PromiseLike<T>): Promise<T> {
  if (context === undefined) return await fn();
  const frame: Frame = { key, outer: context.getStore(), state: "running" };
  try {
    return await context.run(frame, fn);
  } finally {
    // Work that the callback started and left behind is on its own.
    frame.state = "over";
  }
}
