/**
 * One statement on a connection that is given back right after it.
 *
 * @module
 */

import type { Lease } from "../pool/lease.ts";
import type { Pool } from "../pool/pool.ts";
import type { Resource } from "../pool/resource.ts";
import type { BindParams, ResultSet, RowOptions } from "../sqlite/types.ts";
import { isBusy } from "./busy_retry.ts";
import type { PhysicalConnection } from "./physical_connection.ts";

/**
 * Runs a statement on a borrowed connection, picks from its result and gives the connection
 * back. With a synchronous driver all that is done when this returns, unless the database is
 * locked.
 */
export function executeBorrowed<T, S>(
  pool: Pool<PhysicalConnection>,
  borrowed: Resource<PhysicalConnection>,
  sql: string,
  params: BindParams | undefined,
  rows: RowOptions<T>,
  pick: (result: ResultSet<T>) => S,
): Promise<S> {
  const session = borrowed.value;
  const { connection } = session;
  if (connection.executeSync !== undefined) {
    try {
      const result = connection.executeSync(sql, params, rows);
      const picked = pick(result);
      // What has columns begins no transaction.
      if (result.columns.length > 0) pool.giveBack(borrowed);
      else void pool.release(borrowed);
      return Promise.resolve(picked);
    } catch (error) {
      if (!isBusy(error)) {
        void pool.release(borrowed);
        return Promise.reject(session.explain(error));
      }
    }
  }
  return executeLeased(pool.lease(borrowed), sql, params, rows, pick);
}

/** Runs a statement on a leased connection, picks from its result and ends the lease. */
export function executeLeased<T, S>(
  lease: Lease<PhysicalConnection>,
  sql: string,
  params: BindParams | undefined,
  rows: RowOptions<T>,
  pick: (result: ResultSet<T>) => S,
): Promise<S> {
  return lease.value.execute(lease, sql, params, rows, pick).finally(() => lease.release());
}
