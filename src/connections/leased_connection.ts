/**
 * A connection on loan from a pool.
 *
 * @module
 */

import type { Lease } from "../pool/lease.ts";
import type { Row } from "../sqlite/types.ts";
import { type Connection, HeldConnection, type RowDefaults } from "./connection.ts";
import type { PhysicalConnection } from "./physical_connection.ts";

/**
 * A connection on loan from a pool: yours alone until you release it. What is left open then, a
 * transaction or a cursor, is rolled back or closed before the next one gets it. Made by
 * `SQLiteConnectionPool.connection()`.
 *
 * @example
 * ```ts
 * import { DatabaseSync } from "node:sqlite";
 * import { SQLiteConnectionPool } from "@sqlitepool/pool";
 *
 * const pool = new SQLiteConnectionPool(() => new DatabaseSync("app.db"));
 * const conn = await pool.connection();
 * try {
 *   await conn.execute("SELECT 1");
 * } finally {
 *   await conn.release();
 * }
 * await pool.close();
 * ```
 */
export interface PooledConnection<R = Row> extends Connection<R> {
  /**
   * Gives the connection back. A second call does nothing; any other call then rejects with a
   * `ConnectionReleasedError`.
   *
   * @returns when the connection has been cleaned up and handed on. It never rejects: one that
   *   cannot be cleaned up is closed, and replaced when somebody waits.
   */
  release(): Promise<void>;
  /** Releases at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** {@linkcode PooledConnection} over a lease of the pool. */
export class LeasedConnection<R = Row> extends HeldConnection<R> implements PooledConnection<R> {
  readonly #lease: Lease<PhysicalConnection>;

  constructor(lease: Lease<PhysicalConnection>, rows: RowDefaults<R>) {
    super(lease, rows);
    this.#lease = lease;
  }

  /** What is lent; for layers above. Throws once the time of the lease is over. */
  get session(): PhysicalConnection {
    return this.#lease.value;
  }

  async release(): Promise<void> {
    await this.#lease.release();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }
}
