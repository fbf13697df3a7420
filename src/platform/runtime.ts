/**
 * Detects the runtime.
 *
 * @module
 */

/** The JavaScript runtimes that databases distinguish. */
export type RuntimeName = "node" | "bun" | "deno" | "workerd" | "other";

interface Globals {
  readonly Bun?: unknown;
  readonly Deno?: unknown;
  readonly navigator?: { readonly userAgent?: string };
  readonly process?: { readonly versions?: { readonly node?: string } };
}

/**
 * Detects the runtime.
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
  // Node comes last because the others also claim to be Node.
  if (Bun !== undefined) return "bun";
  if (Deno !== undefined) return "deno";
  if (navigator?.userAgent === "Cloudflare-Workers") return "workerd";
  return process?.versions?.node === undefined ? "other" : "node";
}
