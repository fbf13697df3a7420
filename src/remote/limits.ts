/**
 * What a libSQL server cannot do that SQLite can.
 *
 * @module
 */

import type { DriverLimit } from "../../adapters/limits.ts";

/** In the words of the drivers' limits. */
export const remoteLimits: readonly DriverLimit[] = [
  ...["infinity", "extended-codes", "error-codes", "streaming", "readonly", "interrupt"] as const,
];
