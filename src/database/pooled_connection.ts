/**
 * A connection on loan from a pool.
 *
 * @module
 */

import type { Lease } from "../pool/lease.ts";
import type { Row } from "../sqlite/protocol.ts";
import { HeldConnection, type RowDefaults } from "./connection.ts";
import type { Session } from "./session.ts";

/**
 * A connection on loan from a pool: yours alone until you release it. What is left open then, a
 * transaction or a cursor, is rolled back or closed before the next one gets it.
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
export class PooledConnection<R = Row> extends HeldConnection<R> {
  readonly #lease: Lease<Session>;

  /** Made by `SQLiteConnectionPool.connection()`. */
  constructor(lease: Lease<Session>, rows: RowDefaults<R>) {
    super(lease, rows);
    this.#lease = lease;
  }

  /** Gives the connection back. A second call does nothing; any other call then fails. */
  async release(): Promise<void> {
    await this.#lease.release();
  }

  /** Releases at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }
}
