/**
 * What goes wrong between here and a server, and what the caller is told of it.
 *
 * @module
 */

import { ConnectionLostError } from "../../driver/errors.ts";
import { redactValues } from "../../driver/driver_error.ts";
import {
  OutcomeUnknownError,
  PoolConnectionOpenError,
  QueryTimeoutError,
  type SQLitePoolError,
} from "../../pool/errors.ts";
import { SQLiteError } from "../../sqlite/errors.ts";
import { codeFromMessage } from "../../sqlite/message_codes.ts";
import * as resultCode from "../../sqlite/result_codes.ts";
import type { SQLiteValue } from "../../sqlite/types.ts";
import type { WireError } from "./wire.ts";

/**
 * How a request failed. "refused": nothing was sent. "lost": it may have arrived. "stuck": it was
 * given up because the server did not answer anything else either. "status": the server answered,
 * with something else than 200. "foreign": what answered is no libSQL server.
 */
export type FailureKind = "refused" | "lost" | "stuck" | "status" | "foreign";

/** A request that failed as a whole. Internal: callers get what {@linkcode failureError} makes. */
export class RequestFailure extends Error {
  readonly kind: FailureKind;
  readonly origin: string;
  readonly status: number;

  constructor(
    kind: FailureKind,
    origin: string,
    detail: string,
    status: number = 0,
    cause?: unknown,
  ) {
    super(detail, cause === undefined ? undefined : { cause });
    this.kind = kind;
    this.origin = origin;
    this.status = status;
  }

  /** Whether nothing can have happened: no other server or later try can make it happen twice. */
  get isHarmless(): boolean {
    return this.kind === "refused" || this.kind === "foreign" ||
      (this.kind === "status" && this.status < 500);
  }

  /** Whether the server has no connection left, so that it has done nothing. */
  get isFull(): boolean {
    return this.status === 429;
  }

  /** Whether another server, or the same one a little later, may answer. */
  get isPassing(): boolean {
    return this.kind !== "status" && this.kind !== "foreign" ||
      // Too many connections; a proxy whose server is away.
      [429, 502, 503, 504].includes(this.status);
  }
}

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

/** What is said when a statement that only reads, or was never sent, has failed for good. */
export function failureError(failure: RequestFailure): SQLitePoolError | SQLiteError {
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
export function outcomeUnknown(origin: string, cause: unknown): OutcomeUnknownError {
  return new OutcomeUnknownError(
    `The answer of ${origin} to a write was lost: it may or may not have taken effect. Read the ` +
      "data before you try again; a write that may run twice can say retry: true.",
    { cause },
  );
}

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

/** Whether the same request may succeed a little later. */
export function isBusyReply(error: WireError | null | undefined): boolean {
  return error?.code === "SQLITE_BUSY" && !/snapshot/i.test(error.message);
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
