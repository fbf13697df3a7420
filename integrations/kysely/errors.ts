/**
 * The errors of the dialect itself.
 *
 * @module
 */

import { SQLitePoolError } from "../../src/pool/errors.ts";
import { SQLiteError } from "../../src/sqlite/errors.ts";

const SQLITE_READONLY = 8;

export function readOnlyTransaction(): SQLiteError {
  return new SQLiteError(
    'attempt to write in a transaction with the access mode "read only". Leave setAccessMode() ' +
      "out to write in it.",
    SQLITE_READONLY,
  );
}

export function transactionLeftOpen(): SQLitePoolError {
  return new SQLitePoolError(
    "A transaction that BEGIN or SAVEPOINT began as SQL text was still open when its connection " +
      "was released, and was rolled back. Use db.transaction() or db.startTransaction(), or end " +
      "it inside the callback of db.connection().",
  );
}
