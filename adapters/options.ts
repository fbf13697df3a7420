/**
 * Options for adapting a handle.
 *
 * @module
 */

import type { IntMode } from "../src/sqlite/rows.ts";
import type { OnTiming } from "../src/driver/timing.ts";

/** Options of an adapted connection. */
export interface AdaptOptions {
  /**
   * How integers are returned; "number" fails for integers it cannot represent. Default: "number".
   */
  intMode?: IntMode;
  /**
   * How many prepared statements to cache; 0 disables the cache. Default: 128. Asynchronous drivers
   * cache none.
   */
  statementCacheSize?: number;
  /**
   * Called after each statement with its text and its duration in milliseconds. Synchronous drivers
   * only.
   */
  onTiming?: OnTiming;
}
