/**
 * The errors of a pool in words: what happened, in which state, and what to do.
 *
 * @module
 */

import {
  ConnectionReleasedError,
  PoolClosedError,
  PoolConnectionAcquireTimeoutError,
  PoolConnectionOpenError,
  PoolOverloadedError,
} from "./errors.ts";
import type { Resource } from "./resource.ts";
import type { PoolStats } from "./stats.ts";

const HOLDERS_NAMED = 3;

export function poolIsClosed(): PoolClosedError {
  return new PoolClosedError("The pool is closed. Create a new pool to go on.");
}

export function closedUnderLease(): PoolClosedError {
  return new PoolClosedError(
    "The pool was closed, and this connection with it. Finish your work before close(), or give " +
      "it more time: close({ timeoutMs }).",
  );
}

export function leaseIsDead(): ConnectionReleasedError {
  return new ConnectionReleasedError(
    "This connection was released and may belong to somebody else by now. Acquire a new one, and " +
      "await every call on a connection before you release it.",
  );
}

export function openFailed(cause: unknown): PoolConnectionOpenError {
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new PoolConnectionOpenError(`Could not open a connection: ${detail}`, { cause });
}

export function overloaded(maxWaiting: number): PoolOverloadedError {
  return new PoolOverloadedError(
    `No connection is free, and as many callers wait as may: maxWaiting is ${maxWaiting}. Shed ` +
      "load, or raise maxWaiting or poolSize.",
  );
}

/** Says who holds connections for longest, and where they got them if leases are tracked. */
function longestHeld<T>(resources: Iterable<Resource<T>>, now: number): string {
  const held = [...resources]
    .filter((resource) => resource.state === "leased")
    .sort((a, b) => a.leasedAt - b.leasedAt)
    .slice(0, HOLDERS_NAMED)
    .map(({ leasedAt, acquiredAtStack }) => {
      const place = acquiredAtStack === undefined ? "" : ` (${acquiredAtStack})`;
      return `${Math.round(now - leasedAt)} ms${place}`;
    });
  return held.length === 0 ? "" : `Held for longest: ${held.join(", ")}. `;
}

export function acquireTimedOut<T>(
  timeoutMs: number,
  poolSize: number,
  stats: PoolStats,
  resources: Iterable<Resource<T>>,
  now: number,
  lastOpenError: unknown,
): PoolConnectionAcquireTimeoutError {
  return new PoolConnectionAcquireTimeoutError(
    `No connection became free within ${timeoutMs} ms: poolSize ${poolSize}, size ${stats.size}, ` +
      `idle ${stats.idle}, in use ${stats.inUse}, opening ${stats.opening}, waiting ` +
      `${stats.waiting}. ${longestHeld(resources, now)}Release every connection ` +
      "(withConnection does it for you), do not acquire one while you hold another, keep " +
      "transactions short, or raise poolSize or acquisitionTimeoutMs; trackLeases: true names the " +
      "places that hold one.",
    lastOpenError === undefined ? undefined : { cause: lastOpenError },
  );
}
