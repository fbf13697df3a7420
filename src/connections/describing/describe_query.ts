/**
 * What a query is, told by the driver of a connection.
 *
 * @module
 */

import { cannotDescribe } from "../../driver/describe_statement.ts";
import type { StatementDescription } from "../../sqlite/types.ts";
import type { Holder } from "../holder.ts";
import { isBusy } from "../locking/busy_retry.ts";
import type { PhysicalConnection } from "../physical_connection.ts";

/** Describes a statement on the connection of a holder. */
export async function describeQuery(
  holder: Holder<PhysicalConnection>,
  sql: string,
): Promise<StatementDescription> {
  const physical = holder.value;
  if (physical.driver.describe === undefined) throw cannotDescribe();
  const describe = (): Promise<StatementDescription> =>
    holder.value.track(physical.driver.describe!(sql));
  try {
    return await describe();
  } catch (error) {
    // To read the schema takes a lock too.
    if (isBusy(error)) return await physical.inTurn(describe);
    throw physical.explain(error, true);
  }
}
