/**
 * A pooled resource and its state.
 *
 * @module
 */

/**
 * opening -> idle | leased; idle -> validating -> leased | idle; leased -> resetting -> idle |
 * leased; any of them -> closing -> closed. Every state but "closed" occupies a slot.
 */
export type ResourceState =
  | "opening"
  | "validating"
  | "idle"
  | "leased"
  | "resetting"
  | "closing"
  | "closed";

/** A resource with its bookkeeping. */
export class Resource<T> {
  state: ResourceState = "opening";
  /** Set once it has been opened. */
  value!: T;
  /** When its lifetime ends. */
  expiresAt: number = Infinity;
  /** When it last became idle, and when it was last known to be healthy. */
  idleSince = 0;
  healthyAt = 0;
  /** Until when an idle resource may be handed out without being retired or checked. */
  fitUntil = 0;
  leasedAt = 0;
  /** How often it has been leased. */
  uses = 0;
  /**
   * Incremented when a lease begins and when it ends. A lease is valid only while its own number is
   * current, so an old lease cannot affect the next holder.
   */
  leaseId = 0;
  /** Where the current lease was acquired, if leases are tracked. */
  acquiredAtStack: string | undefined = undefined;
  /** Ends the wait for the check or reset in progress. */
  abandonStep: (() => void) | undefined = undefined;
}
