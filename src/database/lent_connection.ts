/**
 * The writer or a reader of a database, in the hands of a caller.
 *
 * @module
 */

import type { ConnectionCallback, TransactionMode } from "../connections/connection.ts";
import type { TransactionOptions } from "../connections/connection.ts";
import { LeasedConnection } from "../connections/leased_connection.ts";
import type { PhysicalConnection } from "../connections/physical_connection.ts";
import type { RowDefaults } from "../connections/query.ts";
import { runInside } from "../platform/reentrancy.ts";
import type { Lease } from "../pool/lease.ts";

/** What a database asks of those who borrow one of its connections. */
export interface LoanTerms {
  /** How a transaction begins when its caller does not say. */
  readonly defaultMode: TransactionMode;
  /**
   * What is waited for in vain inside a transaction of this connection; `undefined` where nobody
   * waits for it.
   */
  readonly blocks: object | undefined;
  /** Called when a transaction begins. Call what it returns when it ends. */
  readonly onBegin: () => () => void;
  /** Whether the data would be lost with the connection. */
  readonly keepsData: boolean;
}

const NOTHING = (): void => {};

/** A lease on a connection of a database. */
export class LentConnection<R> extends LeasedConnection<R> {
  readonly #terms: LoanTerms;
  /** Called when the transaction ends that `begin` began. */
  #onEnd: () => void = NOTHING;

  constructor(lease: Lease<PhysicalConnection>, rows: RowDefaults<R>, terms: LoanTerms) {
    super(lease, rows);
    this.#terms = terms;
  }

  override async begin(mode: TransactionMode = this.#terms.defaultMode): Promise<void> {
    await super.begin(mode);
    this.#onEnd = this.#terms.onBegin();
  }

  override async commit(): Promise<void> {
    await super.commit();
    this.#ended();
  }

  override async rollback(): Promise<void> {
    await super.rollback();
    this.#ended();
  }

  override transaction<T>(
    fn: ConnectionCallback<R, T>,
    options: TransactionOptions = {},
  ): Promise<T> {
    if (typeof fn !== "function" || typeof options !== "object" || options === null) {
      // Refused there, in the same words as everywhere.
      return super.transaction(fn, options);
    }
    const { defaultMode, blocks, onBegin } = this.#terms;
    return super.transaction<T>(async (tx) => {
      const ended = onBegin();
      try {
        return await (blocks === undefined ? fn(tx) : runInside(blocks, () => fn(tx)));
      } finally {
        ended();
      }
    }, { ...options, mode: options.mode ?? defaultMode });
  }

  override release(): Promise<void> {
    this.#ended();
    return super.release();
  }

  override discard(): Promise<void> {
    if (this.#terms.keepsData) return this.release();
    this.#ended();
    return super.discard();
  }

  #ended(): void {
    this.#onEnd();
    this.#onEnd = NOTHING;
  }
}
