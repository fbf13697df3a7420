/**
 * What a pool counts.
 *
 * @module
 */

import type { DestroyReason } from "./hooks.ts";

/** A snapshot of a pool: gauges of this moment, and counters since it was made. */
export interface PoolStats {
  /** Slots taken, in whatever state. */
  readonly size: number;
  readonly idle: number;
  readonly inUse: number;
  readonly opening: number;
  /** Callers that wait right now. */
  readonly waiting: number;
  /** Leases handed out. */
  readonly acquired: number;
  /** Those of them that had to wait, and for how many milliseconds in all. */
  readonly queued: number;
  readonly waitMs: number;
  /** Acquires that ended without a connection: out of time, aborted. */
  readonly timeouts: number;
  readonly aborts: number;
  /** Connections opened, the milliseconds that took in all, and failures. */
  readonly opened: number;
  readonly openMs: number;
  readonly openErrors: number;
  /** Milliseconds connections were held in all, by leases that have ended. */
  readonly usedMs: number;
  /** Connections closed, by reason. */
  readonly destroyed: Readonly<Record<DestroyReason, number>>;
  /** Leases that were garbage-collected without release. */
  readonly leaked: number;
}

/** The counters behind {@linkcode PoolStats}. */
export class Counters {
  acquired = 0;
  queued = 0;
  waitMs = 0;
  timeouts = 0;
  aborts = 0;
  opened = 0;
  openMs = 0;
  openErrors = 0;
  usedMs = 0;
  leaked = 0;
  readonly destroyed: Record<DestroyReason, number> = {
    idle: 0,
    lifetime: 0,
    uses: 0,
    invalid: 0,
    reset: 0,
    discarded: 0,
    resized: 0,
    closed: 0,
  };
}
