/**
 * Runs writes one by one in the open transaction of a group.
 *
 * @module
 */

import type { PhysicalConnection } from "../../connections/physical_connection.ts";
import { wholeResult } from "../../connections/query.ts";
import { runTransaction, TransactionScope } from "../../connections/transaction.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Lease } from "../../pool/lease.ts";
import { SQLiteError } from "../../sqlite/errors.ts";
import * as resultCode from "../../sqlite/result_codes.ts";
import type { ResultSet } from "../../sqlite/types.ts";
import { runAtomically } from "../../connections/atomic_statement.ts";
import { runInOrder, withIndex } from "./batch.ts";
import type { BatchWrite, QueuedWrite, SingleWrite, WriteResult } from "./queued_write.ts";

/** A transaction ends with the write that exceeds this many milliseconds. */
const LONGEST_MS = 5;

/** The outcome of a write before its call settles. */
export interface Outcome {
  readonly write: QueuedWrite;
  readonly result: WriteResult | undefined;
  readonly error: unknown;
}

/**
 * Settles the calls of a transaction that is committed.
 *
 * @param durable what those that have succeeded wait for.
 */
export function answerAll(
  outcomes: readonly Outcome[],
  durable: Promise<void> | undefined,
): void {
  for (const { write, result, error } of outcomes) {
    if (result === undefined) write.refuse(error);
    else write.committed(result, durable);
  }
}

/** What to run. */
export interface Run {
  readonly lease: Lease<PhysicalConnection>;
  readonly clock: Clock;
  readonly members: readonly QueuedWrite[];
  /**
   * Whether each has a savepoint, so that the others continue if one fails. Otherwise they stop at
   * the first failure and the whole transaction is rolled back.
   */
  readonly careful: boolean;
  /** Takes a write out of the queue. Returns false if its caller has given up. */
  send(write: QueuedWrite): boolean;
}

/**
 * Runs writes synchronously if the driver can; returns a promise if it yields to the event loop.
 */
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
    const { call } = write;
    if (call.statements !== undefined) {
      return runBatch(run, write, call).then((outcome) => {
        outcomes.push(outcome);
        if (!isOver(run, outcome, startedAt)) return runSync(run, outcomes, index + 1, startedAt);
      });
    }
    const outcome = runNow(physical, write, call, careful);
    outcomes.push(outcome);
    if (isOver(run, outcome, startedAt)) return;
  }
}

/** Whether the transaction ends with this write. */
function isOver({ lease, clock, careful }: Run, { result }: Outcome, startedAt: number): boolean {
  if (result === undefined && (!careful || !lease.value.driver.inTransaction)) return true;
  return clock.now() - startedAt > LONGEST_MS;
}

function runNow(
  physical: PhysicalConnection,
  write: QueuedWrite,
  { sql, params, rows }: SingleWrite,
  careful: boolean,
): Outcome {
  write.report?.starts();
  try {
    const result = physical.runNow(sql, params, rows, careful);
    write.report?.stops(0, result);
    return { write, result, error: result === undefined ? lockedInTransaction() : undefined };
  } catch (error) {
    return { write, result: undefined, error };
  }
}

async function runBatch(run: Run, write: QueuedWrite, call: BatchWrite): Promise<Outcome> {
  const results: ResultSet<unknown>[] = [];
  const statements = (): Promise<void> => runStatements(run, write, call, results);
  try {
    if (run.careful) await runAtomically(run.lease.value.driver, statements);
    else await statements();
    return { write, result: results, error: undefined };
  } catch (error) {
    return { write, result: undefined, error };
  }
}

async function runStatements(
  { lease }: Run,
  write: QueuedWrite,
  { statements }: BatchWrite,
  results: ResultSet<unknown>[],
): Promise<void> {
  for (const [index, { sql, params, rows }] of statements.entries()) {
    const pause = lease.value.pauseBeforeCall();
    if (pause !== undefined) await pause;
    write.expectWanted();
    try {
      write.report?.starts(index);
      const result = lease.value.runNow(sql, params, rows, false);
      write.report?.stops(index, result);
      if (result === undefined) throw lockedInTransaction();
      results.push(result);
    } catch (error) {
      throw withIndex(error, index);
    }
  }
}

/** Runs writes on an asynchronous driver. A thread is sent many at once if they are fast. */
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
  const { call } = write;
  try {
    if (call.statements === undefined) {
      const { sql, params, rows } = call;
      write.report?.starts();
      const result = await physical.runOwn(scope, sql, params, rows, wholeResult, careful);
      write.report?.stops(0, result);
      return { write, result, error: undefined };
    }
    const run = (inner: TransactionScope): Promise<WriteResult> =>
      runInOrder(inner, call.statements, write.report);
    const result = careful
      ? await runTransaction(await TransactionScope.begin(scope, "immediate", 1), run)
      : await run(scope);
    return { write, result, error: undefined };
  } catch (error) {
    return { write, result: undefined, error };
  }
}

function lockedInTransaction(): SQLiteError {
  return new SQLiteError("the database is locked, though the write lock is held", resultCode.BUSY);
}
