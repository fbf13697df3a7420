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
  /** Lets the event loop have its turn. */
  readonly eventLoop: EventLoopYield;
  /** Puts an error of the driver into the words of whoever owns the pool. */
  readonly explain: ((error: unknown) => unknown) | undefined;
  /** How long a call waits for a transaction that overlaps with it. */
  readonly acquisitionTimeoutMs: number;
  /** Statements that put the settings of a connection back. */
  readonly restore: readonly string[];
}
