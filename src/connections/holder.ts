/**
 * Who has a connection for some time.
 *
 * @module
 */

import { leaseIsDead } from "../pool/errors.ts";

/** Who uses a physical connection at the moment: a lease, or a transaction. */
export interface Holder<C> {
  /** Whether the holder still has the connection. */
  readonly active: boolean;
  /**
   * The connection. Throws once the holder's time is over: whatever runs later than the call that
   * asked for it goes through here again.
   */
  readonly value: C;
  /** Whether its statements may run inside its transaction only. */
  readonly guarded?: boolean;
  /** Runs calls one after the other, on drivers that cannot guard those that are on their way. */
  inOrder?<S>(call: () => Promise<S>): Promise<S>;
  /** Called when a call to an asynchronous driver has settled. */
  settled?(): void;
}

/** A holder whose time ends when it is told to. */
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
