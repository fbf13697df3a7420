/**
 * The descriptors that a process and its host share.
 *
 * @module
 */

import { detectRuntime } from "../../platform/runtime.ts";

/** Messages in both directions. Not standard input and output, which other code may touch. */
export const DATA = 3;

/**
 * Never written to: its end tells the process that its host is gone. Deno's threads have only the
 * three standard descriptors.
 */
export function lifeline(): number {
  return detectRuntime() === "deno" ? 0 : 4;
}

/** Tells the script that it was started as a process of a pool. */
export const MARKER = "sqlitepool-process";
