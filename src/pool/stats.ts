/**
 * The statistics of a pool.
 *
 * @module
 */

import type { DestroyReason } from "./hooks.ts";

/** A snapshot of a pool: current gauges, and counters since it was created. */
export interface PoolStats {
  /** The maximum number of connections, from `poolSize` or the last `resize`. */
  readonly poolSize: number;
  /** Connections in any state, including those that are being opened or closed. */
  readonly size: number;
  /** Connections that are ready and unused. */
  readonly idle: number;
  /** Connections on loan. */
  readonly inUse: number;
  /** Connections that are being opened. */
  readonly opening: number;
  /** Callers that are waiting. */
  readonly waiting: number;
  /** Leases handed out. */
  readonly acquired: number;
  /** Leases whose caller had to wait. */
  readonly queued: number;
  /** Total time these callers waited, in milliseconds. */
  readonly waitMs: number;
  /** Waits that timed out. */
  readonly timeouts: number;
  /** Waits that were aborted by their signal. */
  readonly aborts: number;
  /** Connections opened. */
  readonly opened: number;
  /** Total time spent opening connections, in milliseconds. */
  readonly openMs: number;
  /** Connections that could not be opened or set up. */
  readonly openErrors: number;
  /** Total time that ended leases held their connections, in milliseconds. */
  readonly usedMs: number;
  /** Connections closed, by reason. */
  readonly destroyed: Readonly<Record<DestroyReason, number>>;
  /** Leases that were garbage-collected without being released. */
  readonly leaked: number;
}

/** The gauges that show at a glance what a pool is doing. */
export function gauges(
  { size, idle, inUse, waiting }: PoolStats,
): Pick<PoolStats, "size" | "idle" | "inUse" | "waiting"> {
  return { size, idle, inUse, waiting };
}

/** Counters for waiting callers. */
export interface WaitCounters {
  /** Callers that had to wait. */
  queued: number;
  /** Total wait of served callers, in milliseconds. */
  waitMs: number;
  /** Waits that timed out. */
  timeouts: number;
  /** Waits that were aborted by their signal. */
  aborts: number;
  /** Called with each wait of a served caller, in milliseconds, when somebody measures them. */
  onServed?(waitMs: number): void;
}

/** The counters behind {@linkcode PoolStats}. */
export class Counters implements WaitCounters {
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
