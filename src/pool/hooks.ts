/**
 * What a pool tells about its work while it goes on.
 *
 * @module
 */

import { isPromiseLike } from "../platform/promise_like.ts";

/**
 * Why a connection was closed: idle for too long ("idle"), too old ("lifetime"), lent too often
 * ("uses"), failed its health check ("invalid") or its reset ("reset"), not given back by who held
 * it ("discarded"), too many after `resize` ("resized"), or the pool was closed ("closed").
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
  /** What failed, the check, the reset or the close itself; `undefined` when nothing did. */
  readonly error: unknown;
}

/** A lease was garbage-collected without having been released; its connection was taken back. */
export interface LeakEvent {
  /** Milliseconds since it was acquired. */
  readonly heldMs: number;
  /** The stack of the call that acquired it. */
  readonly stack: string;
}

/** Callbacks for what happens in a pool. They run synchronously: keep them short. */
export interface PoolHooks {
  /** Called when a connection has been opened and set up. */
  onOpen?(event: OpenEvent): void;
  /** Called when a connection is handed out. */
  onAcquire?(event: AcquireEvent): void;
  /** Called when a connection is given back, before it is cleaned up. */
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
 * Calls an observer, if there is one. One that throws, or returns a promise that rejects, is
 * reported, and changes nothing for those it observes.
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

/** Never throws: what a user's function has thrown may throw again when it is printed. */
function reportThrown(name: string, error: unknown): void {
  const text = `@sqlitepool/pool: the ${name} hook threw and was ignored:`;
  try {
    console.error(text, error);
  } catch {
    try {
      console.error(text, "something that cannot be printed");
    } catch {
      // The console itself throws: there is nobody left to tell.
    }
  }
}
