/**
 * Work that is done later on behalf of a caller, in the async context of that caller: what
 * `AsyncLocalStorage` gives back there.
 *
 * @module
 */

import { builtin } from "./builtins.ts";

/**
 * Binds a function to the async context of this moment. Binding takes 15 ns on Node, 2 on Bun and
 * 700 on Deno, so only what the user wrote is worth it.
 *
 * @param fn Runs once per call of the bound function, without `this`.
 */
export function inCallersContext<A extends readonly unknown[], R>(
  fn: (...args: A) => R,
): (...args: A) => R {
  const AsyncResource = builtin("node:async_hooks")?.AsyncResource;
  if (AsyncResource === undefined) return fn;
  const context = new AsyncResource("sqlitepool");
  return (...args) => context.runInAsyncScope(fn, undefined, ...args);
}
