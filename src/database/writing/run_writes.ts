/**
 * Writes one after the other, in the open transaction of a group.
 *
 * @module
 */

import type { PhysicalConnection } from "../../connections/physical_connection.ts";
import { wholeResult } from "../../connections/query.ts";
import { TransactionScope } from "../../connections/transaction.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Lease } from "../../pool/lease.ts";
import { SQLiteError } from "../../sqlite/errors.ts";
import * as resultCode from "../../sqlite/result_codes.ts";
import type { ResultSet } from "../../sqlite/types.ts";
import type { QueuedWrite } from "./queued_write.ts";

/** One transaction ends with the write that passes this many milliseconds. */
const LONGEST_MS = 5;

/** How a write went, before anybody is told. */
export interface Outcome {
  readonly write: QueuedWrite;
  readonly result: ResultSet<unknown> | undefined;
  readonly error: unknown;
}

/** What to run. */
export interface Run {
  readonly lease: Lease<PhysicalConnection>;
  readonly clock: Clock;
  readonly members: readonly QueuedWrite[];
  /**
   * Whether each has a savepoint, so that the others go on when one fails. Without one they stop at
   * the first that fails: the whole transaction is undone then.
   */
  readonly careful: boolean;
  /** Takes a write out of the queue. False when its caller has given up before. */
  send(write: QueuedWrite): boolean;
}

/** Runs writes where the driver can at once; returns a promise if the event loop has a turn. */
export function runSync(
  run: Run,
  outcomes: Outcome[],
  first: number = 0,
  startedAt: number = run.clock.now(),
): void | Promise<void> {
  const { members, careful } = run;
  const physical = run.lease.value;
  for (let index = first; index < members.length; index++) {
    const pause = physical.pauseBeforeCall();
    if (pause !== undefined) return pause.then(() => runSync(run, outcomes, index, startedAt));
    const write = members[index];
    if (!run.send(write)) continue;
    const outcome = runNow(physical, write, careful);
    outcomes.push(outcome);
    const failed = outcome.result === undefined;
    if (failed && (!careful || !physical.driver.inTransaction)) return;
    if (run.clock.now() - startedAt > LONGEST_MS) return;
  }
}

function runNow(physical: PhysicalConnection, write: QueuedWrite, careful: boolean): Outcome {
  const { sql, params, rows } = write.call;
  try {
    const result = physical.runNow(sql, params, rows, careful);
    return { write, result, error: result === undefined ? lockedInTransaction() : undefined };
  } catch (error) {
    return { write, result: undefined, error };
  }
}

/** Runs writes on an asynchronous driver: a thread is sent many at once, if they are quick. */
export async function runAsync(run: Run): Promise<Outcome[]> {
  const { lease, members, careful } = run;
  const scope = new TransactionScope(lease, undefined, 0);
  const physical = lease.value;
  const startedAt = run.clock.now();
  const outcomes: Promise<Outcome>[] = [];
  for (const write of members) {
    if (!run.send(write)) continue;
    const outcome = runInScope(scope, physical, write, careful);
    outcomes.push(outcome);
    if (!careful && physical.hasRoom) continue;
    const { result } = await outcome;
    if (result === undefined && (!careful || !physical.driver.inTransaction)) break;
    if (run.clock.now() - startedAt > LONGEST_MS) break;
  }
  return await Promise.all(outcomes);
}

async function runInScope(
  scope: TransactionScope,
  physical: PhysicalConnection,
  write: QueuedWrite,
  careful: boolean,
): Promise<Outcome> {
  const { sql, params, rows } = write.call;
  try {
    const result = await physical.run(scope, sql, params, rows, wholeResult, careful);
    return { write, result, error: undefined };
  } catch (error) {
    return { write, result: undefined, error };
  }
}

function lockedInTransaction(): SQLiteError {
  return new SQLiteError("the database is locked, though the write lock is held", resultCode.BUSY);
}
