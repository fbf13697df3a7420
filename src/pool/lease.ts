/**
 * The right to use one resource until it is given back.
 *
 * @module
 */

import type { Pool } from "./pool.ts";
import { closedUnderLease, leaseIsDead } from "./refusals.ts";
import type { Resource } from "./resource.ts";

/** A resource on loan. Dead once released: it can never reach the next holder's resource. */
export class Lease<T> {
  readonly #pool: Pool<T>;
  readonly #resource: Resource<T>;
  readonly #id: number;
  #givenBack: "no" | "yes" = "no";

  constructor(pool: Pool<T>, resource: Resource<T>, id: number) {
    this.#pool = pool;
    this.#resource = resource;
    this.#id = id;
  }

  /** Whether the lease still stands. */
  get active(): boolean {
    return this.#resource.leaseId === this.#id;
  }

  /**
   * The resource.
   *
   * @throws {ConnectionReleasedError} after release.
   * @throws {PoolClosedError} when the pool was closed by force while it stood.
   */
  get value(): T {
    if (!this.active) throw this.#givenBack === "yes" ? leaseIsDead() : closedUnderLease();
    return this.#resource.value;
  }

  /** Gives the resource back. Settles when it is ready for the next holder; never rejects. */
  release(): Promise<void> | void {
    if (!this.active) return;
    this.#givenBack = "yes";
    return this.#pool.release(this.#resource);
  }

  /** Gives the resource back to be closed instead of reused. */
  discard(): void {
    if (!this.active) return;
    this.#givenBack = "yes";
    this.#pool.discard(this.#resource);
  }
}
