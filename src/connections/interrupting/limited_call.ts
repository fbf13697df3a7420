/**
 * Calls whose statement is stopped when the caller gives up, on drivers that can: see
 * `DriverConnection.canInterrupt`. The connection stays usable, and its locks are free.
 *
 * @module
 */

import type { ExecuteOptions } from "../../driver/connection.ts";
import { type Deadline, statementInterrupted, withDeadline } from "../../pool/deadline.ts";
import type { Lease } from "../../pool/lease.ts";
import { classify } from "../../sqlite/classify.ts";
import { SQLiteError } from "../../sqlite/errors.ts";
import * as resultCode from "../../sqlite/result_codes.ts";
import type { RowOptions } from "../../sqlite/types.ts";
import type { PhysicalConnection } from "../physical_connection.ts";
import { keepInterrupting } from "./keep_interrupting.ts";

/** How long a call may take, and when it was made, if that is not now. */
export interface CallLimit extends Deadline {
  readonly since?: number;
}

/**
 * Runs a statement on a lease that ends with it. If the caller gives up, the statement is stopped.
 *
 * @param send sends the statement, with these options.
 * @throws {QueryTimeoutError} if the statement was interrupted at its deadline.
 * @throws {OutcomeUnknownError} if a write could not be interrupted in time.
 * @throws the reason of the signal, if the statement was interrupted by it.
 */
export async function runInterruptibly<T, S>(
  lease: Lease<PhysicalConnection>,
  sql: string,
  rows: RowOptions<T>,
  { signal, timeoutMs = Infinity, since }: CallLimit,
  send: (rows: RowOptions<T>) => Promise<S>,
): Promise<S> {
  const physical = lease.value;
  const { clock } = physical.context;
  const byCall = physical.driver.canInterrupt === "by call";
  const now = clock.now();
  const restMs = Math.max(0, (since ?? now) + timeoutMs - now);
  const tooLate = (): Error => statementInterrupted(timeoutMs);
  const limited: ExecuteOptions<T> = byCall || timeoutMs === Infinity
    ? rows
    : { ...rows, timeoutMs: restMs };
  let stopped: { readonly reason: unknown } | undefined = undefined;
  let settled = false;
  const work = async (): Promise<S> => {
    try {
      return await send(limited);
    } catch (error) {
      if (!wasInterrupted(error)) throw error;
      if (stopped !== undefined) throw stopped.reason;
      throw byCall ? error : tooLate();
    } finally {
      settled = true;
    }
  };
  const stop = (reason: unknown): void => {
    stopped = { reason };
    keepInterrupting(physical.driver, clock, () => !settled);
  };
  // A statement that only its time limit can stop completes whatever the signal does.
  const deadline = byCall ? { signal, timeoutMs: restMs } : { timeoutMs: restMs };
  return await withDeadline(clock, deadline, work, {
    tooLate,
    ...(byCall && { stop }),
    isPastRecall: () => classify(sql).writes,
    // What cannot be interrupted, such as a wait for a lock, does not keep the caller waiting.
    onGiveUp: () => void lease.release(),
  });
}

function wasInterrupted(error: unknown): boolean {
  return error instanceof SQLiteError && error.rawCode === resultCode.INTERRUPT;
}
