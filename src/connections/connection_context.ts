/**
 * What the connections of a pool share.
 *
 * @module
 */

import type { Clock } from "../platform/clock.ts";
import type { EventLoopYield } from "../platform/event_loop_yield.ts";
import type { BusyRetry } from "./locking/busy_retry.ts";

/** What the connections of a pool share. */
export interface ConnectionContext<C extends object> {
  readonly clock: Clock;
  readonly busy: BusyRetry<C>;
  /** Yields to the event loop. */
  readonly eventLoop: EventLoopYield;
  /** Rewords a driver error for the owner of the pool. */
  readonly explain: ((error: unknown) => unknown) | undefined;
  /** How long a call waits for an overlapping transaction. */
  readonly acquisitionTimeoutMs: number;
  /** Throws for SQL text that changes a setting which must stay. */
  readonly refuseSetting: ((sql: string) => void) | undefined;
  /** Statements that restore the settings of a connection. */
  readonly restore: readonly string[];
}
