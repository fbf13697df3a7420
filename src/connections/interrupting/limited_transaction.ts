/**
 * Transactions whose statements are stopped when the caller gives up.
 *
 * @module
 */

import { listenForAbort } from "../../pool/abort.ts";
import type { PhysicalConnection } from "../physical_connection.ts";
import type { TransactionScope } from "../transaction.ts";
import { keepInterrupting } from "./keep_interrupting.ts";

/**
 * Runs a transaction whose statements are stopped when a signal aborts: the running one fails with
 * SQLITE_INTERRUPT, and any later one with the signal's reason. A COMMIT under way is not stopped.
 *
 * @param run runs the transaction and passes on its scope when it has begun.
 * @throws the signal's reason, after the rollback.
 */
export async function transactInterruptibly<S>(
  physical: PhysicalConnection,
  signal: AbortSignal,
  run: (onBegin: (scope: TransactionScope) => void) => Promise<S>,
): Promise<S> {
  let scope: TransactionScope | undefined;
  let state = "under way" as "under way" | "cancelled" | "over";
  const stopListening = listenForAbort(signal, () => {
    if (scope === undefined || scope.isPastRecall || state !== "under way") return;
    state = "cancelled";
    scope.cancel(signal.reason);
    // Later statements are refused, so there is nothing to stop once none is in progress.
    const { driver, context, activity } = physical;
    keepInterrupting(driver, context.clock, () => state === "cancelled" && activity.isBusy);
  });
  try {
    return await run((begun) => {
      if (signal.aborted) throw signal.reason;
      scope = begun;
    });
  } catch (error) {
    throw state === "cancelled" ? signal.reason : error;
  } finally {
    stopListening();
    state = "over";
  }
}
