/**
 * Runtimes that serve many requests in one global scope, and keep them apart.
 *
 * On Cloudflare Workers a promise, timer or stream belongs to the request that made it. A request
 * that waits for another one's is cancelled as hung, and whatever a request holds when it is
 * cancelled itself is never given back. Nothing there may outlive or cross a request but plain
 * data. There is no name for the current request, but all code between two events belongs to one.
 *
 * @module
 */

import { type Clock, type Environment, soon, systemEnvironment } from "./clock.ts";
import { detectRuntime } from "./runtime.ts";

/** Whether requests must not wait for each other here. Of unknown runtimes that is assumed. */
export function keepsRequestsApart(): boolean {
  const runtime = detectRuntime();
  return runtime === "workerd" || runtime === "other";
}

const { clock } = systemEnvironment;

const requestClock: Clock = {
  ...clock,
  schedule: (callback, delayMs, lifetime) =>
    lifetime === "lets process exit" ? undefined : clock.schedule(callback, delayMs, lifetime),
};

/** What a turn takes from its surroundings: nothing works in the background of a request. */
export const requestEnvironment: Environment = { ...systemEnvironment, clock: requestClock };

/** Something for all who ask for it in the same turn of the event loop, and so in one request. */
export class PerTurn<T> {
  readonly #make: () => T;
  #current: T | undefined = undefined;
  #asked: "no" | "yes" = "no";

  constructor(make: () => T) {
    this.#make = make;
  }

  /** The one of this turn. */
  get current(): T {
    this.#asked = "yes";
    if (this.#current === undefined) {
      this.#current = this.#make();
      this.#endSoon();
    }
    return this.#current;
  }

  /** Once nobody has asked between two microtasks: the next event may be another request's. */
  #endSoon(): void {
    soon(() => {
      if (this.#asked === "no") {
        this.#current = undefined;
        return;
      }
      this.#asked = "no";
      this.#endSoon();
    });
  }
}
