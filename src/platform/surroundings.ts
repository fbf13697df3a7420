/**
 * What a runtime provides: a driver and a working directory.
 *
 * @module
 */

import { detectRuntime } from "./runtime.ts";

interface Globals {
  readonly process?: { cwd?(): string };
}

/** The name of the runtime's built-in driver. */
export function nativeDriverName(): "node:sqlite" | "bun:sqlite" {
  return detectRuntime() === "bun" ? "bun:sqlite" : "node:sqlite";
}

/** The working directory; `undefined` if the runtime has none or does not reveal it. */
export function workingDirectory(): string | undefined {
  try {
    return (globalThis as Globals).process?.cwd?.();
  } catch {
    // The directory was removed, or Deno lacks permission to read it.
    return undefined;
  }
}
