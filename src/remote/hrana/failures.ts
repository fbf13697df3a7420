/**
 * Errors for requests that failed as a whole.
 *
 * @module
 */

import { ConnectionLostError } from "../../driver/errors.ts";
import { OutcomeUnknownError, PoolConnectionOpenError } from "../../pool/errors.ts";
import type { SQLitePoolError } from "../../pool/errors.ts";
import { SQLiteError } from "../../sqlite/errors.ts";
import * as resultCode from "../../sqlite/result_codes.ts";
import { RequestFailure } from "./request_failure.ts";

const CONNECT_CODES =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT|ConnectionRefused|FailedToOpenSocket)$/;
/** A handshake comes before anything is sent. */
const TLS_CODES =
  /^(ERR_SSL|ERR_TLS|EPROTO|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|HOSTNAME_MISMATCH)/;
/** Deno has no codes. */
const CONNECT_TEXT = /client error \(Connect\)|bad port|are blocked/;

/** What `fetch` threw. */
export function fetchFailure(origin: string, error: unknown): RequestFailure {
  const { cause, code } = error as {
    cause?: { code?: unknown; message?: unknown };
    code?: unknown;
  };
  const codes = [String(code ?? ""), String(cause?.code ?? "")];
  const text = `${error instanceof Error ? error.message : ""} ${String(cause?.message ?? "")}`;
  const early = codes.some((one) => CONNECT_CODES.test(one) || TLS_CODES.test(one)) ||
    CONNECT_TEXT.test(text);
  const detail = codes.find((one) => one !== "") ?? text.trim().split("\n")[0];
  return new RequestFailure(early ? "refused" : "lost", origin, detail, 0, error);
}

/** See `Explain`. */
export function explain(error: unknown, outcome: "unchanged" | "unknown" = "unchanged"): unknown {
  if (!(error instanceof RequestFailure)) return error;
  return outcome === "unknown" ? outcomeUnknown(error) : failureError(error);
}

/** For a statement that only reads or was never sent. */
function failureError(failure: RequestFailure): SQLitePoolError | SQLiteError {
  const { kind, origin, status, message, cause } = failure;
  if (status === 401) {
    return new SQLiteError(
      `The server ${origin} refused the token: ${message}. Pass a valid one as authToken.`,
      resultCode.AUTH,
    );
  }
  if (status === 403) {
    const code = /write permission/i.test(message) ? resultCode.READONLY : resultCode.AUTH;
    return new SQLiteError(`The server ${origin} forbids that to this token: ${message}`, code);
  }
  if (kind === "foreign") {
    return new PoolConnectionOpenError(
      `What answers at ${origin} is no libSQL server that speaks Hrana 3: ${message}`,
    );
  }
  if (kind === "status") {
    return new SQLiteError(
      `The server ${origin} answered ${status}: ${message}`,
      /utf-8/.test(message) ? resultCode.MISMATCH : resultCode.ERROR,
    );
  }
  if (kind === "refused") {
    return new PoolConnectionOpenError(
      `The server ${origin} cannot be reached: ${message}`,
      { cause },
    );
  }
  return new ConnectionLostError(
    `The server ${origin} did not answer: ${message}. The statement changed nothing.`,
    { cause },
  );
}

/** For a write whose answer was lost. */
function outcomeUnknown({ origin, cause }: RequestFailure): OutcomeUnknownError {
  return new OutcomeUnknownError(
    `The answer of ${origin} to a write was lost: it may or may not have taken effect. Read the ` +
      "data before you try again; a write that may run twice can say retry: true.",
    { cause },
  );
}
