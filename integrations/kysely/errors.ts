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

export function controlNeedsConnection(): SQLitePoolError {
  return new SQLitePoolError(
    "BEGIN, COMMIT, ROLLBACK and SAVEPOINT as SQL text need a connection that is kept: the next " +
      "query may run on another one. Use db.transaction() or db.startTransaction(), or the " +
      "callback of db.connection(), called without a signal.",
  );
}

export function insideOwnTransaction(): SQLitePoolError {
  return new SQLitePoolError(
    "A query was run on the outer Kysely instance inside the callback of its own transaction(), for " +
      "whose end it would wait. Use the transaction that the callback receives: " +
      "db.transaction().execute(async (trx) => trx.insertInto(...)).",
  );
}
