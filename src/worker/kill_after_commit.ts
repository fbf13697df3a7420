/**
 * Kills a process, but gives a commit in progress time to finish, whose outcome would be unknown
 * otherwise.
 *
 * @module
 */

import { systemEnvironment } from "../platform/clock.ts";
import type { PendingCalls } from "./pending_calls.ts";

/**
 * How long, in milliseconds, a commit may take in a process that is to be killed. Less than
 * `KILLED_MS`, after which its caller is told that the outcome is unknown.
 */
const COMMIT_GRACE_MS = 1_000;

/**
 * Kills a process at once, or once its commit has taken too long. One whose commit ends in time has
 * nothing left to do for the caller that gave up, and lives on.
 *
 * @param calls What the process has to answer.
 * @param kill Kills it.
 */
export function killAfterCommit(calls: PendingCalls, kill: () => void): void {
  const { committing } = calls;
  if (committing === undefined) return kill();
  const killIfStuck = (): void => {
    if (calls.committing === committing) kill();
  };
  systemEnvironment.clock.schedule(killIfStuck, COMMIT_GRACE_MS, "lets process exit");
}
