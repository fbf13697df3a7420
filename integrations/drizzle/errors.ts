/**
 * The errors of the driver itself.
 *
 * @module
 */

import { SQLitePoolError } from "../../mod.ts";

export function insideOwnTransaction(): SQLitePoolError {
  return new SQLitePoolError(
    "A query was run on the outer db inside the callback of its own transaction(), for whose end it " +
      "would wait. Use the transaction that the callback receives: " +
      "db.transaction(async (tx) => tx.insert(...)).",
  );
}
