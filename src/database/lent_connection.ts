/**
 * The writer or a reader of a database, held by a caller.
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

/** The conditions for a connection acquired from a database. */
export interface LoanTerms {
  /** The default transaction mode. */
  readonly defaultMode: TransactionMode;
  /** What would deadlock inside a transaction of this connection; `undefined` if nothing would. */
  readonly blocks: object | undefined;
  /** Called when a transaction begins. The returned function is called when it ends. */
  readonly onBegin: () => () => void;
  /** Whether the data is lost with the connection. */
  readonly keepsData: boolean;
}

const NOTHING = (): void => {};

/** A lease on a connection of a database. */
export class LentConnection<R> extends LeasedConnection<R> {
  readonly #terms: LoanTerms;
  /** Called when the transaction started by `begin` ends. */
  #onEnd: () => void = NOTHING;

  constructor(lease: Lease<PhysicalConnection>, rows: RowDefaults<R>, terms: LoanTerms) {
    super(lease, rows);
    this.#terms = terms;
  }

  override async begin(mode: TransactionMode = this.#terms.defaultMode): Promise<void> {
    await super.begin(mode);
    // COMMIT as SQL text may have ended the one before.
    this.#ended();
    // Nobody would tell of the end once the connection has been released.
    if (this.lease.active) this.#onEnd = this.#terms.onBegin();
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
      // The inner call refuses it with the usual error.
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
