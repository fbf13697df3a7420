/**
 * Time at the edge, where no process has to be kept alive.
 *
 * @module
 */

import { type Clock, MAX_TIMER_MS } from "../platform/clock.ts";

/** A timer belongs to the request that set it: each call has its own. */
export const edgeClock: Clock = {
  now: () => Date.now(),
  schedule: (callback, delayMs) => setTimeout(callback, Math.min(delayMs, MAX_TIMER_MS)),
  cancel: (timer) => clearTimeout(timer as number),
  nextTurn: (callback) => void setTimeout(callback, 0),
};
