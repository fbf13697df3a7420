/**
 * Holders of connections.
 *
 * @module
 */

import { leaseIsDead } from "../pool/errors.ts";

/** The current user of a physical connection: a lease or a transaction. */
export interface Holder<C> {
  /** Whether the holder still holds the connection. */
  readonly active: boolean;
  /**
   * The connection. Throws once the holder has released it, so code that continues asynchronously
   * must read it again.
   */
  readonly value: C;
  /** Whether its statements may run only inside its transaction. */
  readonly guarded?: boolean;
  /** Runs calls one by one, for drivers that cannot guard queued ones. */
  inOrder?<S>(call: () => Promise<S>): Promise<S>;
  /** Called when a call to an asynchronous driver has settled. */
  settled?(): void;
}

/** A holder that ends on request. */
export class TemporaryHolder<C> implements Holder<C> {
  #physical: C | undefined;

  constructor(physical: C) {
    this.#physical = physical;
  }

  get active(): boolean {
    return this.#physical !== undefined;
  }

  get value(): C {
    if (this.#physical === undefined) throw leaseIsDead();
    return this.#physical;
  }

  end(): void {
    this.#physical = undefined;
  }
}
