/**
 * One statement in a savepoint of its own.
 *
 * @module
 */

import { SQLiteError } from "../sqlite/errors.ts";
import type { BindParams, ResultSet, RowOptions } from "../sqlite/types.ts";
import type { DriverConnection } from "./connection.ts";
import * as resultCode from "../sqlite/result_codes.ts";

const SAVEPOINT = "SAVEPOINT sqlitepool_write";
const RELEASE = "RELEASE sqlitepool_write";
const ROLLBACK_TO = "ROLLBACK TO sqlitepool_write";

/**
 * Runs one statement inside the open transaction, in the shortest way the connection has. If it
 * fails, what it changed is undone; the transaction goes on, unless the failure ended it. In a
 * thread no savepoint is taken: SQLite undoes a failing statement by itself, but for OR FAIL.
 *
 * @param connection What it runs on.
 * @param sql The statement.
 * @param params Its parameters.
 * @param options How its rows are made.
 * @throws {SQLiteError} No transaction is open: nothing has run. Or as `execute` rejects.
 */
export function executeInSavepoint<R>(
  connection: DriverConnection,
  sql: string,
  params: BindParams | undefined,
  options: RowOptions<R>,
): Promise<ResultSet<R>> {
  if (connection.executeInTransaction !== undefined) {
    return connection.executeInTransaction(sql, params, options);
  }
  if (connection.executeSync === undefined) return stepByStep(connection, sql, params, options);
  try {
    return Promise.resolve(executeInSavepointSync(connection, sql, params, options));
  } catch (error) {
    return Promise.reject(error);
  }
}

/**
 * The same, on a synchronous connection and in this very call.
 *
 * @param connection One with `executeSync`.
 * @param sql The statement.
 * @param params Its parameters.
 * @param options How its rows are made.
 * @throws {SQLiteError} No transaction is open: nothing has run. Or as `executeSync` throws.
 */
export function executeInSavepointSync<R>(
  connection: DriverConnection,
  sql: string,
  params: BindParams | undefined,
  options: RowOptions<R>,
): ResultSet<R> {
  const execute = (statement: string): unknown => connection.executeSync!(statement);
  expectTransaction(connection);
  execute(SAVEPOINT);
  try {
    const result = connection.executeSync!(sql, params, options);
    execute(RELEASE);
    return result;
  } catch (error) {
    if (connection.inTransaction) {
      execute(ROLLBACK_TO);
      execute(RELEASE);
    }
    throw error;
  }
}

async function stepByStep<R>(
  connection: DriverConnection,
  sql: string,
  params: BindParams | undefined,
  options: RowOptions<R>,
): Promise<ResultSet<R>> {
  expectTransaction(connection);
  await connection.execute(SAVEPOINT);
  try {
    const result = await connection.execute(sql, params, options);
    await connection.execute(RELEASE);
    return result;
  } catch (error) {
    if (connection.inTransaction) {
      await connection.execute(ROLLBACK_TO);
      await connection.execute(RELEASE);
    }
    throw error;
  }
}

/** A savepoint outside a transaction would begin one, and commit it with its release. */
function expectTransaction({ inTransaction }: DriverConnection): void {
  if (inTransaction) return;
  throw new SQLiteError("no transaction is open for the savepoint", resultCode.ERROR);
}
