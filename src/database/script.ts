/**
 * Scripts, whose statements have to be told apart to be tried again one by one.
 *
 * @module
 */

import type { RowOptions } from "../sqlite/protocol.ts";
import { splitScript } from "../sqlite/scan.ts";
import type { Holder } from "./session.ts";

const NO_ROWS_WANTED: RowOptions<undefined> = { rowFactory: () => undefined };

/** Runs a script statement by statement, so that each can wait for a lock if it must. */
export async function executeStatements(holder: Holder, script: string): Promise<void> {
  for (const { text } of splitScript(script)) {
    await holder.value.execute(holder, text, undefined, NO_ROWS_WANTED, () => {});
  }
}
