/**
 * A statement that could fail and leave part of what it did: after OR FAIL, or when the rows of its
 * RETURNING cannot be delivered. In a savepoint of its own it leaves nothing, inside a transaction
 * and outside.
 *
 * @module
 */

import type { DriverConnection } from "../driver/connection.ts";
import type { BindParams, ResultSet, RowOptions } from "../sqlite/types.ts";

const SAVEPOINT = "SAVEPOINT sqlitepool_statement";
const RELEASE = "RELEASE sqlitepool_statement";
const ROLLBACK_TO = "ROLLBACK TO sqlitepool_statement";

/** Runs a statement on a synchronous connection; what it did is undone if it fails. */
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
 * Runs several statements on a synchronous connection, inside a transaction; what they did is
 * undone if one fails.
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
 * @param guarded whether it may run inside an open transaction only.
 */
export async function executeAtomically<R>(
  driver: DriverConnection,
  guarded: boolean,
  sql: string,
  params: BindParams | undefined,
  rows: RowOptions<R>,
): Promise<ResultSet<R>> {
  const execute = (guarded ? driver.executeInTransaction! : driver.execute).bind(driver);
  const opened = execute(SAVEPOINT);
  const call = execute(sql, params, rows);
  try {
    const [, result] = await Promise.all([opened, call]);
    await execute(RELEASE);
    return result;
  } catch (error) {
    await Promise.allSettled([opened, call]);
    if (driver.inTransaction) {
      await execute(ROLLBACK_TO);
      await execute(RELEASE);
    }
    throw error;
  }
}
