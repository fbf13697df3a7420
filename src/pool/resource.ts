/**
 * One pooled thing and where it is in its life.
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

/** What a pool knows of one of its resources. */
export class Resource<T> {
  state: ResourceState = "opening";
  /** Set when it has been opened. */
  value!: T;
  /** When its lifetime ends. */
  expiresAt: number = Infinity;
  /** When it last became idle, and when it was last known to be healthy. */
  idleSince = 0;
  healthyAt = 0;
  /** While it is idle: until when it may be handed out as it is, neither retired nor checked. */
  fitUntil = 0;
  leasedAt = 0;
  /** How often it has been leased. */
  uses = 0;
  /**
   * Grows with every lease and every end of one. A lease is valid while the number it was made
   * with stands: this is what makes an old lease harmless to the next holder.
   */
  leaseId = 0;
  /** Where the present lease was acquired, when leases are tracked. */
  acquiredAtStack: string | undefined = undefined;
  /** Ends the wait for the check or reset under way. */
  abandonStep: (() => void) | undefined = undefined;
}
