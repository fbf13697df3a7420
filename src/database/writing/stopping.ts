/**
 * Writes that are stopped with their process when their caller gives up. Those that share their
 * transaction run again on another connection.
 *
 * @module
 */

import type { SQLiteConnectionPool } from "../../connections/connection_pool.ts";
import type { PhysicalConnection } from "../../connections/physical_connection.ts";
import { OutcomeUnknownError } from "../../pool/errors.ts";
import type { Lease } from "../../pool/lease.ts";
import type { QueuedWrite } from "./queued_write.ts";
import type { SharedSync } from "./shared_sync.ts";

/** The rest of a group to commit. */
export interface Work {
  lease: Lease<PhysicalConnection>;
  /** Who gives up while COMMIT is in progress stops nothing: it concerns all. */
  phase: "running" | "committing";
  left: readonly QueuedWrite[];
  /** How many of the rest must not share a transaction. */
  alone: number;
}

/** Stops the connection of a group for a caller that gives up, if it can be stopped. */
export function stopperOf(work: Work): (() => boolean) | undefined {
  const { driver } = work.lease.value;
  if (driver.stop === undefined) return undefined;
  return () => {
    if (work.phase === "committing") return false;
    driver.stop!();
    return true;
  };
}

/** Whether the connection of a group was stopped. */
export function wasStopped({ lease }: Work): boolean {
  return lease.value.driver.wasStopped === true;
}

/**
 * Waits for a transaction. If it was stopped for one of its writes, it fails with nothing, and those
 * that their callers gave up are settled: nothing of it is committed.
 */
export async function unlessStopped(work: Work, committing: Promise<void>): Promise<void> {
  try {
    await committing;
  } catch (error) {
    if (!wasStopped(work) || error instanceof OutcomeUnknownError) throw error;
  }
  if (!wasStopped(work)) return;
  for (const write of work.left) if (write.isStopped && !write.isDone) write.giveUp();
}

/** Takes another connection for the rest: the one there was is stopped. */
export async function continueElsewhere(
  work: Work,
  writer: SQLiteConnectionPool<unknown>,
  sync: SharedSync | undefined,
): Promise<void> {
  await work.lease.release();
  // Each caller has its own deadline.
  work.lease = (await writer.lend({ timeoutMs: Infinity })).lease;
  work.phase = "running";
  await sync?.begin(work.lease.value, writer.isAwaited);
}
