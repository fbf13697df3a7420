/**
 * Errors for statements that failed, and for calls that took too long.
 *
 * @module
 */

import { redactValues } from "../../driver/driver_error.ts";
import { OutcomeUnknownError, QueryTimeoutError } from "../../pool/errors.ts";
import type { SQLitePoolError } from "../../pool/errors.ts";
import { SQLiteError } from "../../sqlite/errors.ts";
import { codeFromMessage } from "../../sqlite/message_codes.ts";
import * as resultCode from "../../sqlite/result_codes.ts";
import type { SQLiteValue } from "../../sqlite/types.ts";
import type { WireError } from "./wire.ts";

/** For a call whose time is over. */
export function callTooSlow(
  timeoutMs: number,
  state: "waiting" | "read" | "write",
): SQLitePoolError {
  if (state === "write") {
    return new OutcomeUnknownError(
      `The server did not answer a write within ${timeoutMs} ms: it may or may not have taken ` +
        "effect. Read the data before you try again.",
    );
  }
  return new QueryTimeoutError(
    state === "read"
      ? `The server did not answer within ${timeoutMs} ms. The statement only reads.`
      : `The call was not sent within ${timeoutMs} ms, so it has no effect: those before it took ` +
        "as long, or no server could be reached.",
  );
}

/** Codes of a libSQL server that are no result codes of SQLite. */
const SERVER_CODES: Readonly<Record<string, number>> = {
  TRANSACTION_TIMEOUT: resultCode.ABORT_ROLLBACK,
  TRANSACTION_BUSY: resultCode.BUSY,
  RESPONSE_TOO_LARGE: resultCode.TOOBIG,
  BLOCKED: resultCode.AUTH,
};

/** From what a server says of a statement to what the caller gets. */
export function serverError(
  { message, code }: WireError,
  values: readonly SQLiteValue[] = [],
): SQLiteError {
  const text = redactValues(message.replace(/^SQLite error: /, ""), values);
  const exact = codeFromMessage(text);
  if (exact !== resultCode.ERROR) return new SQLiteError(text, exact);
  return new SQLiteError(text, SERVER_CODES[code ?? ""] ?? resultCode.codeOfName(code ?? ""));
}

/** For statements of a transaction that is over although nobody ended it. */
export function transactionEnded(cause?: unknown): SQLiteError {
  return new SQLiteError(
    "The transaction is over, and nothing of it is kept: the server ended it, because it took " +
      "too long while others waited, or a statement did, such as INSERT OR ROLLBACK.",
    resultCode.ABORT_ROLLBACK,
    cause === undefined ? undefined : { cause },
  );
}
