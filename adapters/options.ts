/**
 * What can be chosen when a handle becomes a connection.
 *
 * @module
 */

import type { IntMode } from "../src/sqlite/rows.ts";

/** How an adapted connection behaves. */
export interface AdaptOptions {
  /** How integers come out: "number" refuses those a number cannot hold. Default: "number". */
  intMode?: IntMode;
  /**
   * Prepared statements kept for their next use; 0 keeps none. Default: 128. Asynchronous drivers
   * keep none.
   */
  statementCacheSize?: number;
}
