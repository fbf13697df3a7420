/**
 * Scripts: any number of statements, without parameters.
 *
 * @module
 */

import type { Holder } from "./holder.ts";
import type { PhysicalConnection } from "./physical_connection.ts";
import { NO_ROWS } from "./query.ts";

/** Runs a script statement by statement, so that each can wait for a lock. */
export async function executeScript(
  holder: Holder<PhysicalConnection>,
  sql: string,
): Promise<void> {
  const physical = holder.value;
  const { driver } = physical;
  if (physical.waitsForLocks || driver.splitScript === undefined) {
    physical.expectChanges(sql);
    const run = (): Promise<void> =>
      physical.tell("query", sql, () => physical.track(driver.executeScript(sql)));
    const inOrder = holder.guarded === true && driver.executeInTransaction === undefined;
    await (inOrder ? holder.inOrder!(run) : run());
    return;
  }
  for (const statement of driver.splitScript(sql)) {
    await holder.value.run(holder, statement, undefined, NO_ROWS, () => {});
  }
}
