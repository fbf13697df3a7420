/**
 * Finds leases that were dropped without being released.
 *
 * @module
 */

/** What is known of a lease that nobody can release any more. */
export interface LostLease<R> {
  readonly resource: R;
  readonly leaseId: number;
  readonly stack: string;
}

/** Watches leases, so that a dropped one is noticed when it is garbage-collected. */
export class LeakDetector<R extends object> {
  readonly #registry: FinalizationRegistry<LostLease<R>>;

  constructor(onLost: (lost: LostLease<R>) => void) {
    this.#registry = new FinalizationRegistry(onLost);
  }

  /** Watches a lease. It must not be reachable from `lost`, or it would never be collected. */
  watch(lease: object, lost: LostLease<R>): void {
    this.#registry.register(lease, lost, lost.resource);
  }

  /** Stops watching the current lease of a resource. */
  unwatch(resource: R): void {
    this.#registry.unregister(resource);
  }
}
