/**
 * Callbacks through which a pool reports what it does.
 *
 * @module
 */

import { isPromiseLike } from "../platform/promise_like.ts";

/**
 * Why a connection was closed: it was idle for too long ("idle"), too old ("lifetime"), used too
 * often ("uses"), failed its health check ("invalid") or its reset ("reset"), was discarded by its
 * holder ("discarded"), was in excess after `resize` ("resized"), or the pool was closed
 * ("closed").
 */
export type DestroyReason =
  | "idle"
  | "lifetime"
  | "uses"
  | "invalid"
  | "reset"
  | "discarded"
  | "resized"
  | "closed";

/** A connection was opened. */
export interface OpenEvent {
  /** Milliseconds it took to open. */
  readonly openMs: number;
}

/** A connection was handed out. */
export interface AcquireEvent {
  /** Milliseconds the caller waited; 0 when a connection was idle. */
  readonly waitMs: number;
}

/** A connection came back. */
export interface ReleaseEvent {
  /** Milliseconds it was held. */
  readonly usedMs: number;
}

/** A connection was closed. */
export interface DestroyEvent {
  /** Why it was closed. */
  readonly reason: DestroyReason;
  /** The error of the health check, the reset or the close; `undefined` if none of them failed. */
  readonly error: unknown;
}

/** A lease was garbage-collected without having been released; its connection was taken back. */
export interface LeakEvent {
  /** Milliseconds since it was acquired. */
  readonly heldMs: number;
  /** The stack of the call that acquired it. */
  readonly stack: string;
}

/** Callbacks for pool events. They run synchronously, so keep them short. */
export interface PoolHooks {
  /** Called when a connection has been opened and set up. */
  onOpen?(event: OpenEvent): void;
  /** Called when a connection is handed out. */
  onAcquire?(event: AcquireEvent): void;
  /** Called when a connection is released, before it is reset. */
  onRelease?(event: ReleaseEvent): void;
  /** Called when a connection has been closed. */
  onDestroy?(event: DestroyEvent): void;
  /** Called when a lease was garbage-collected without release; needs `trackLeases`. */
  onLeak?(event: LeakEvent): void;
}

/** The names of all hooks. */
export const HOOK_NAMES: readonly (keyof PoolHooks)[] = [
  "onOpen",
  "onAcquire",
  "onRelease",
  "onDestroy",
  "onLeak",
];

/** Throws a TypeError that names the first hook that is not a function. */
export function checkHooks(hooks: PoolHooks): void {
  for (const name of HOOK_NAMES) {
    const hook: unknown = hooks[name];
    if (hook !== undefined && typeof hook !== "function") {
      throw new TypeError(`${name} must be a function; got ${typeof hook}`);
    }
  }
}

/**
 * Calls an observer, if there is one. If it throws or returns a promise that rejects, the error is
 * reported and has no effect on the pool.
 */
export function notify<E>(
  name: string,
  observer: ((event: E) => unknown) | undefined,
  event: E,
): void {
  const report = (error: unknown): void => reportThrown(name, error);
  try {
    const returned = observer?.(event);
    if (isPromiseLike(returned)) returned.then(undefined, report);
  } catch (error) {
    report(error);
  }
}

/** Never throws, although printing a user's error may throw again. */
function reportThrown(name: string, error: unknown): void {
  const text = `@sqlitepool/pool: the ${name} hook threw and was ignored:`;
  try {
    console.error(text, error);
  } catch {
    try {
      console.error(text, "something that cannot be printed");
    } catch {
      // The console itself throws, so the error cannot be reported at all.
    }
  }
}
