/**
 * Runs work later in the async context of its caller, so that `AsyncLocalStorage` returns the
 * caller's values.
 *
 * @module
 */

import { builtin } from "./builtin.ts";

/**
 * Binds a function to the current async context. Binding takes 15 ns on Node, 2 on Bun and 700 on
 * Deno, so only user functions are bound.
 *
 * @param fn The function; it is called without `this`.
 */
export function inCallersContext<A extends readonly unknown[], R>(
  fn: (...args: A) => R,
): (...args: A) => R {
  const AsyncResource = builtin("node:async_hooks")?.AsyncResource;
  if (AsyncResource === undefined) return fn;
  const context = new AsyncResource("sqlitepool");
  return (...args) => context.runInAsyncScope(fn, undefined, ...args);
}
