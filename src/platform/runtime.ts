/**
 * Which runtime this is.
 *
 * @module
 */

/** A JavaScript runtime, as far as it matters to databases. */
export type RuntimeName = "node" | "bun" | "deno" | "workerd" | "other";

interface Globals {
  readonly Bun?: unknown;
  readonly Deno?: unknown;
  readonly navigator?: { readonly userAgent?: string };
  readonly process?: { readonly versions?: { readonly node?: string } };
}

/**
 * Tells which runtime this is.
 *
 * @returns Its name; `"other"` for browsers and everything else.
 *
 * @example
 * ```ts
 * import { detectRuntime } from "@sqlitepool/pool";
 *
 * console.log(`SQLite on ${detectRuntime()}`);
 * ```
 */
export function detectRuntime(): RuntimeName {
  const { Bun, Deno, navigator, process } = globalThis as Globals;
  // Node last: the others give themselves out as Node too.
  if (Bun !== undefined) return "bun";
  if (Deno !== undefined) return "deno";
  if (navigator?.userAgent === "Cloudflare-Workers") return "workerd";
  return process?.versions?.node === undefined ? "other" : "node";
}
