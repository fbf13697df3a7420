/**
 * What can be chosen when a handle becomes a connection.
 *
 * @module
 */

import type { IntMode } from "../src/sqlite/rows.ts";
import type { OnTiming } from "../src/driver/timing.ts";

/** How an adapted connection behaves. */
export interface AdaptOptions {
  /** How integers come out: "number" refuses those a number cannot hold. Default: "number". */
  intMode?: IntMode;
  /**
   * Prepared statements kept for their next use; 0 keeps none. Default: 128. Asynchronous drivers
   * keep none.
   */
  statementCacheSize?: number;
  /**
   * Called after each statement with its text and the milliseconds it took. Synchronous drivers
   * only.
   */
  onTiming?: OnTiming;
}
