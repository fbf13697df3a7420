/**
 * A read transaction that several statements share, so that SQLite begins and ends it once for all
 * of them.
 *
 * @module
 */

import type { ResultSet } from "../sqlite/types.ts";

/** A synchronous connection. */
interface SyncStatements {
  readonly inTransaction: boolean;
  executeSync?(sql: string): ResultSet<unknown>;
}

/**
 * Begins a transaction for reads. They need not know of it.
 *
 * @param connection A synchronous connection outside a transaction.
 * @returns False if none could begin. The reads then find out for themselves what is wrong.
 */
export function beginReads(connection: SyncStatements): boolean {
  try {
    connection.executeSync!("BEGIN");
    return true;
  } catch {
    return false;
  }
}

/**
 * Ends the transaction, unless an error has ended it.
 *
 * @returns False if it may still be open.
 */
export function endReads(connection: SyncStatements): boolean {
  try {
    if (connection.inTransaction) connection.executeSync!("COMMIT");
    return true;
  } catch {
    return false;
  }
}
