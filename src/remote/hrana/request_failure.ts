/**
 * Requests that fail as a whole.
 *
 * @module
 */

import type { WireError } from "./wire.ts";

/**
 * How a request failed. "refused": nothing was sent. "lost": it may have arrived. "stuck": it was
 * given up because the server did not answer anything else either. "status": the server answered,
 * with something else than 200. "foreign": what answered is no libSQL server.
 */
export type FailureKind = "refused" | "lost" | "stuck" | "status" | "foreign";

/** A request that failed as a whole. Internal: callers get what `explain` makes. */
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

/** Whether the same request may succeed a little later. */
export function isBusyReply(error: WireError | null | undefined): boolean {
  return error?.code === "SQLITE_BUSY" && !/snapshot/i.test(error.message);
}
