/**
 * Detects a call that waits for the callback in which it was made.
 *
 * @module
 */

import { type AsyncContext, builtin } from "./builtin.ts";

/** A callback that holds something exclusively, and its enclosing callbacks. */
interface Frame {
  readonly key: object;
  readonly outer: Frame | undefined;
  state: "running" | "over";
}

const AsyncLocalStorage = builtin("node:async_hooks")?.AsyncLocalStorage;
// Without async context tracking such a call times out instead.
const context: AsyncContext<Frame> | undefined = AsyncLocalStorage === undefined
  ? undefined
  : new AsyncLocalStorage();

/** Whether the caller runs, directly or indirectly, in a callback inside `key`. */
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
    // Work that the callback started but did not await is no longer inside it.
    frame.state = "over";
  }
}

/**
 * Turns tracking on, for `enter`: on Node 22 a first use in the middle of a function would mark
 * whatever else runs in the same turn.
 */
export function prepareToEnter(): void {
  context?.run({ key: context, outer: undefined, state: "over" }, () => {});
}

/**
 * Marks the rest of the calling function, and all that it starts, as inside `key`: for a callback
 * that somebody else calls afterwards. A caller that runs in the user's own function, before it has
 * awaited anything, would mark that function too. Call `prepareToEnter` long before.
 *
 * @returns ends it.
 */
export function enter(key: object): () => void {
  if (context === undefined) return () => {};
  const frame: Frame = { key, outer: context.getStore(), state: "running" };
  try {
    context.enterWith(frame);
  } catch {
    // workerd has the method, which throws.
  }
  return () => {
    frame.state = "over";
  };
}
