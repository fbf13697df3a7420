/**
 * Runs a statement whose failure could leave part of its changes, because of OR FAIL or because its
 * RETURNING rows cannot be delivered, in its own savepoint, which undoes them inside and outside a
 * transaction.
 *
 * @module
 */

import type { DriverConnection } from "../driver/connection.ts";
import type { BindParams, ResultSet, RowOptions } from "../sqlite/types.ts";

const SAVEPOINT = "SAVEPOINT sqlitepool_statement";
const RELEASE = "RELEASE sqlitepool_statement";
const ROLLBACK_TO = "ROLLBACK TO sqlitepool_statement";

/** Runs a statement on a synchronous connection. If it fails, its changes are undone. */
export function executeAtomicallySync<R>(
  driver: DriverConnection,
  sql: string,
  params: BindParams | undefined,
  rows: RowOptions<R>,
): ResultSet<R> {
  driver.executeSync!(SAVEPOINT);
  try {
    const result = driver.executeSync!(sql, params, rows);
    driver.executeSync!(RELEASE);
    return result;
  } catch (error) {
    undo(driver);
    throw error;
  }
}

/**
 * Runs several statements on a synchronous connection, inside a transaction. If one fails, the
 * changes of all are undone.
 */
export async function runAtomically(
  driver: DriverConnection,
  statements: () => void | Promise<void>,
): Promise<void> {
  driver.executeSync!(SAVEPOINT);
  try {
    await statements();
    driver.executeSync!(RELEASE);
  } catch (error) {
    undo(driver);
    throw error;
  }
}

function undo(driver: DriverConnection): void {
  // The failure may have ended the whole transaction.
  if (!driver.inTransaction) return;
  driver.executeSync!(ROLLBACK_TO);
  driver.executeSync!(RELEASE);
}

/**
 * The same on an asynchronous connection.
 *
 * @param guarded whether it may run only inside an open transaction.
 */
export async function executeAtomically<R>(
  driver: DriverConnection,
  guarded: boolean,
  sql: string,
  params: BindParams | undefined,
  rows: RowOptions<R>,
): Promise<ResultSet<R>> {
  const execute = (guarded ? driver.executeInTransaction! : driver.execute).bind(driver);
  // Outside a transaction the two are the same, but some drivers undo a savepoint at once there.
  const [open, keep, ...undone] = driver.inTransaction
    ? [SAVEPOINT, RELEASE, ROLLBACK_TO, RELEASE]
    : ["BEGIN", "COMMIT", "ROLLBACK"];
  const opened = execute(open);
  // Threads get both in one message, as BEGIN fails on none of them; a server may be out of reach.
  if (driver.executeInTransaction === undefined) await opened;
  const call = execute(sql, params, rows);
  try {
    const [, result] = await Promise.all([opened, call]);
    await execute(keep);
    return result;
  } catch (error) {
    await Promise.allSettled([opened, call]);
    if (driver.inTransaction) {
      for (const statement of undone) await execute(statement);
    }
    throw error;
  }
}
