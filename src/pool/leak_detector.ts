/**
 * Finds leases that were dropped without being released.
 *
 * @module
 */

/** What became of a lease that nobody can release any more. */
export interface LostLease<R> {
  readonly resource: R;
  readonly leaseId: number;
  readonly stack: string;
}

/** Watches leases, so that a dropped one is noticed when the garbage collector takes it. */
export class LeakDetector<R extends object> {
  readonly #registry: FinalizationRegistry<LostLease<R>>;

  constructor(onLost: (lost: LostLease<R>) => void) {
    this.#registry = new FinalizationRegistry(onLost);
  }

  /** Watches a lease. It must not be reachable from `lost`, or it would live for ever. */
  watch(lease: object, lost: LostLease<R>): void {
    this.#registry.register(lease, lost, lost.resource);
  }

  /** Ends the watch over the present lease of a resource. */
  unwatch(resource: R): void {
    this.#registry.unregister(resource);
  }
}
