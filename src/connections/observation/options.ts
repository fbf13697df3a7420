/**
 * Options of hooks for statements, common to all kinds of databases.
 *
 * @module
 */

import { describeValue } from "../../platform/describe.ts";
import { checkFunction } from "../../pool/options.ts";
import type { StatementEvent } from "./statement_hook.ts";
import type { DatabaseWarning } from "./warning.ts";

/** Hooks for statements. */
export interface ObservationOptions {
  /** Called when a statement has run, or failed. Not called for statements of the pool's own. */
  onStatement?: (event: StatementEvent) => void;
  /** Warn of statements that take this long, in milliseconds. Default: no warnings. */
  slowStatementMs?: number;
  /** Called with warnings. Default: `console.warn`. */
  onWarning?: (warning: DatabaseWarning) => void;
}

/** Their names. */
export const OBSERVATION_OPTION_NAMES: readonly string[] = [
  ...["onStatement", "slowStatementMs", "onWarning"],
];

/** @throws {TypeError | RangeError} that names the option. */
export function checkObservation(options: ObservationOptions): void {
  checkFunction("onStatement", options.onStatement);
  checkFunction("onWarning", options.onWarning);
  // `Infinity` is a limit that nothing reaches.
  const ms: unknown = options.slowStatementMs;
  if (ms === undefined || typeof ms === "number" && ms >= 0) return;
  const message = `slowStatementMs must be a number from 0 up (milliseconds); got ${
    describeValue(ms)
  }`;
  throw typeof ms === "number" ? new RangeError(message) : new TypeError(message);
}
