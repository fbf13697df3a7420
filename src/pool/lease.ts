/**
 * The right to use one resource until it is given back.
 *
 * @module
 */

import { closedUnderLease, leaseIsDead } from "./errors.ts";
import type { Resource } from "./resource.ts";

/** The pool that takes a resource back. */
export interface Lender<T> {
  /** Takes a resource back for reuse. */
  release(resource: Resource<T>): Promise<void> | void;
  /** Takes a resource back and closes it. */
  discard(resource: Resource<T>): void;
}

/** A resource on loan. Dead once released: it can never reach the next holder's resource. */
export class Lease<T> {
  readonly #lender: Lender<T>;
  readonly #resource: Resource<T>;
  readonly #id: number;
  #givenBack: "no" | "yes" = "no";

  constructor(lender: Lender<T>, resource: Resource<T>, id: number) {
    this.#lender = lender;
    this.#resource = resource;
    this.#id = id;
  }

  /** Whether the lease is still valid. */
  get active(): boolean {
    return this.#resource.leaseId === this.#id;
  }

  /**
   * The resource.
   *
   * @throws {ConnectionReleasedError} after it was released.
   * @throws {PoolClosedError} when the pool was closed by force while it was held.
   */
  get value(): T {
    if (!this.active) throw this.#givenBack === "yes" ? leaseIsDead() : closedUnderLease();
    return this.#resource.value;
  }

  /** Gives the resource back. Settles when it is ready for the next holder; never rejects. */
  release(): Promise<void> | void {
    if (!this.active) return;
    this.#givenBack = "yes";
    return this.#lender.release(this.#resource);
  }

  /** Gives the resource back to be closed instead of reused. */
  discard(): void {
    if (!this.active) return;
    this.#givenBack = "yes";
    this.#lender.discard(this.#resource);
  }
}
