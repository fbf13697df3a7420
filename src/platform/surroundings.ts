/**
 * What a runtime brings along: a driver, and a working directory.
 *
 * @module
 */

import { detectRuntime } from "./runtime.ts";

interface Globals {
  readonly process?: { cwd?(): string };
}

/** The name of the driver that the runtime brings along. */
export function nativeDriverName(): "node:sqlite" | "bun:sqlite" {
  return detectRuntime() === "bun" ? "bun:sqlite" : "node:sqlite";
}

/** The working directory; `undefined` where the runtime has none, or does not tell it. */
export function workingDirectory(): string | undefined {
  try {
    return (globalThis as Globals).process?.cwd?.();
  } catch {
    // It was removed, or Deno was not allowed to read it.
    return undefined;
  }
}
