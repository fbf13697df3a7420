/**
 * Several statements in one transaction: all of them or none.
 *
 * @module
 */

import type { BindParams, ResultSet, RowFactory } from "../sqlite/types.ts";
import { type Connection, paramsOf, type Query, textOf } from "../connections/connection.ts";
import type { LeasedConnection } from "../connections/leased_connection.ts";
import { mayFollowOthers } from "../sqlite/classify.ts";
import type { PhysicalConnection } from "../connections/physical_connection.ts";

/** One statement of a batch. */
export interface BatchStatement {
  /** SQL text of one statement, or what the `sql` tag made. */
  readonly sql: Query;
  /** Values by position or by name; none beside what the `sql` tag made. */
  readonly params?: BindParams;
}

/** Runs statements on a connection, in their order; the first that fails undoes all of them. */
export function runBatch<R>(
  connection: LeasedConnection<R>,
  statements: readonly BatchStatement[],
  rowFactory: RowFactory<R> | undefined,
): Promise<ResultSet<R>[]> {
  return connection.transaction(async (tx) => {
    const { session } = connection;
    const together = session.connection.executeInTransaction !== undefined &&
      statements.every(({ sql }) => mayFollowOthers(textOf(sql)));
    if (!together) return await runInOrder(tx, statements);
    return await runTogether(session, statements, rowFactory);
  });
}

async function runInOrder<R>(
  tx: Connection<R>,
  statements: readonly BatchStatement[],
): Promise<ResultSet<R>[]> {
  const results: ResultSet<R>[] = [];
  for (const { sql, params } of statements) results.push(await tx.run(sql, params));
  return results;
}

/**
 * Sends a thread many at once. Should one of them end the transaction, those that are on their way
 * must not run outside of it.
 */
async function runTogether<R>(
  session: PhysicalConnection,
  statements: readonly BatchStatement[],
  rowFactory: RowFactory<R> | undefined,
): Promise<ResultSet<R>[]> {
  const send = async ({ sql, params }: BatchStatement): Promise<ResultSet<R>> => {
    const values = paramsOf(sql, params);
    return await session.connection.executeInTransaction!(textOf(sql), values, { rowFactory });
  };
  const calls: Promise<ResultSet<R>>[] = [];
  let failures = 0;
  for (const statement of statements) {
    const call = session.watch(send(statement));
    calls.push(call);
    call.catch(() => failures += 1);
    if (session.hasRoom) continue;
    await Promise.allSettled([call]);
    if (failures > 0) break;
  }
  try {
    const results: ResultSet<R>[] = [];
    // In their order: parameters are refused before the answers of statements ahead have come.
    for (const call of calls) results.push(await call);
    return results;
  } catch (error) {
    throw session.explain(error);
  }
}
