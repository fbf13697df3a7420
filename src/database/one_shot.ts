/**
 * One statement on a connection that is given back right after it.
 *
 * @module
 */

import type { Lease } from "../pool/lease.ts";
import type { BindParams, ResultSet, RowOptions } from "../sqlite/protocol.ts";
import { isBusy } from "./busy_retry.ts";
import type { Session } from "./session.ts";

/**
 * Runs a statement, picks from its result and releases. With a synchronous driver all that is
 * done when this returns, unless the database is locked.
 */
export function executeAndRelease<T, S>(
  lease: Lease<Session>,
  sql: string,
  params: BindParams | undefined,
  rows: RowOptions<T>,
  pick: (result: ResultSet<T>) => S,
): Promise<S> {
  const session = lease.value;
  const { connection } = session;
  if (connection.executeSync !== undefined) {
    try {
      const picked = pick(connection.executeSync(sql, params, rows));
      void lease.release();
      return Promise.resolve(picked);
    } catch (error) {
      if (!isBusy(error)) {
        void lease.release();
        return Promise.reject(session.explain(error));
      }
    }
  }
  return session.execute(lease, sql, params, rows, pick).finally(() => lease.release());
}
