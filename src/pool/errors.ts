/**
 * The errors of the pool. All descend from {@linkcode SQLitePoolError}.
 *
 * @module
 */

import { messageOf } from "../platform/describe.ts";
import type { Resource } from "./resource.ts";
import type { PoolStats } from "./stats.ts";

/** The base class of all errors of the pool itself; errors of the database are `SQLiteError`. */
export class SQLitePoolError extends Error {
  /** `"SQLitePoolError"`, or the name of the subclass: minifiers rename classes. */
  override readonly name: string = "SQLitePoolError";
}

/** The pool is closed or closing: no connection can be acquired from it. */
export class PoolClosedError extends SQLitePoolError {
  /** Always `"PoolClosedError"`. */
  override readonly name: string = "PoolClosedError";
}

/**
 * No connection became free in time. The message describes the state of the pool and the leases
 * that are held longest; `cause` is the last failure to open a connection, if there was one.
 */
export class PoolConnectionAcquireTimeoutError extends SQLitePoolError {
  /** Always `"PoolConnectionAcquireTimeoutError"`. */
  override readonly name: string = "PoolConnectionAcquireTimeoutError";
}

/** A connection could not be opened or set up. `cause` is the error of the factory or driver. */
export class PoolConnectionOpenError extends SQLitePoolError {
  /** Always `"PoolConnectionOpenError"`. */
  override readonly name: string = "PoolConnectionOpenError";
}

/** A lease was used after it had been released. */
export class ConnectionReleasedError extends SQLitePoolError {
  /** Always `"ConnectionReleasedError"`. */
  override readonly name: string = "ConnectionReleasedError";
}

/** As many callers as `maxWaiting` allows are waiting already. */
export class PoolOverloadedError extends SQLitePoolError {
  /** Always `"PoolOverloadedError"`. */
  override readonly name: string = "PoolOverloadedError";
}

/** A query did not finish in time. */
export class QueryTimeoutError extends SQLitePoolError {
  /** Always `"QueryTimeoutError"`. */
  override readonly name: string = "QueryTimeoutError";
}

/**
 * The work was in progress when the caller stopped waiting, or its reply was lost: it may or may
 * not have taken effect. Read the data before you retry.
 */
export class OutcomeUnknownError extends SQLitePoolError {
  /** Always `"OutcomeUnknownError"`. */
  override readonly name: string = "OutcomeUnknownError";
}

const HOLDERS_NAMED = 3;

/** Which pool or database an error comes from, if it has a name. */
export function labelled(name: string | undefined, message: string): string {
  return name === undefined ? message : `${JSON.stringify(name)}: ${message}`;
}

export function poolIsClosed(name: string | undefined): PoolClosedError {
  return new PoolClosedError(labelled(name, "The pool is closed. Create a new pool to go on."));
}

export function closedUnderLease(): PoolClosedError {
  return new PoolClosedError(
    "The pool was closed, and this connection with it. Finish your work before close(), or give " +
      "it more time: close({ timeoutMs }).",
  );
}

export function leaseIsDead(): ConnectionReleasedError {
  return new ConnectionReleasedError(
    "This connection was released and may now belong to another caller. Acquire a new one, and " +
      "await every call on a connection before you release it.",
  );
}

export function openFailed(name: string | undefined, cause: unknown): PoolConnectionOpenError {
  const message = labelled(name, `Could not open a connection: ${messageOf(cause)}`);
  return new PoolConnectionOpenError(message, { cause });
}

export function overloaded(name: string | undefined, maxWaiting: number): PoolOverloadedError {
  const message =
    `No connection is free, and maxWaiting (${maxWaiting}) callers are already waiting. Shed ` +
    "load, or raise maxWaiting or poolSize.";
  return new PoolOverloadedError(labelled(name, message));
}

/** Describes the leases that are held longest, with their origin if leases are tracked. */
function longestHeld<T>(resources: Iterable<Resource<T>>, now: number): string {
  const held = [...resources]
    .filter((resource) => resource.state === "leased")
    .sort((a, b) => a.leasedAt - b.leasedAt)
    .slice(0, HOLDERS_NAMED)
    .map(({ leasedAt, acquiredAtStack }) => {
      const place = acquiredAtStack === undefined ? "" : ` (${acquiredAtStack})`;
      return `${Math.round(now - leasedAt)} ms${place}`;
    });
  return held.length === 0 ? "" : `Longest held: ${held.join(", ")}. `;
}

export function acquireTimedOut<T>(
  name: string | undefined,
  timeoutMs: number,
  stats: PoolStats,
  resources: Iterable<Resource<T>>,
  now: number,
  lastOpenError: unknown,
): PoolConnectionAcquireTimeoutError {
  const message =
    `No connection became free within ${timeoutMs} ms: poolSize ${stats.poolSize}, size ${stats.size}, ` +
    `idle ${stats.idle}, in use ${stats.inUse}, opening ${stats.opening}, waiting ` +
    `${stats.waiting}. ${longestHeld(resources, now)}Release every connection ` +
    "(withConnection does it for you), do not acquire one while you hold another, keep " +
    "transactions short, or raise poolSize or acquisitionTimeoutMs; trackLeases: true shows " +
    "where each was acquired.";
  return new PoolConnectionAcquireTimeoutError(
    labelled(name, message),
    lastOpenError === undefined ? undefined : { cause: lastOpenError },
  );
}
