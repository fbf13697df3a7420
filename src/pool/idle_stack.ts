/**
 * Idle resources and their expiry.
 *
 * @module
 */

import type { Environment, Timer } from "../platform/clock.ts";
import type { DestroyReason } from "./hooks.ts";
import type { ResolvedPoolOptions } from "./options.ts";
import type { Resource } from "./resource.ts";

/**
 * A stack: the most recently used resource is reused first, so that its caches are warm and the
 * others can grow old enough to be retired.
 */
export class IdleStack<T> {
  readonly #environment: Environment;
  readonly #options: ResolvedPoolOptions;
  readonly #expire: (resource: Resource<T>, reason: DestroyReason) => void;
  #stack: Resource<T>[] = [];
  #timer: Timer = undefined;
  #timerDueAt = Infinity;

  /** @param expire receives each resource whose idle time or lifetime has ended. */
  constructor(
    environment: Environment,
    options: ResolvedPoolOptions,
    expire: (resource: Resource<T>, reason: DestroyReason) => void,
  ) {
    this.#environment = environment;
    this.#options = options;
    this.#expire = expire;
  }

  get size(): number {
    return this.#stack.length;
  }

  /** The resource to reuse next. */
  get top(): Resource<T> | undefined {
    return this.#stack[this.#stack.length - 1];
  }

  push(resource: Resource<T>): void {
    resource.state = "idle";
    const retiredAt = this.#retireTopAt(resource);
    resource.fitUntil = Math.min(retiredAt, this.#checkDueAt(resource));
    this.#stack.push(resource);
    this.#lookAgainBy(retiredAt);
    const { minIdle } = this.#options;
    if (minIdle === 0) return;
    // The resource just below the newest `minIdle` no longer counts as one of them.
    const surplus = this.#stack[this.#stack.length - 1 - minIdle];
    if (surplus !== undefined) this.#lookAgainBy(this.#idleUntil(surplus));
  }

  pop(): Resource<T> | undefined {
    return this.#stack.pop();
  }

  /** Removes the resource that has been idle for longest. */
  takeOldest(): Resource<T> | undefined {
    return this.#stack.shift();
  }

  /** Removes all resources and stops watching them. */
  drain(): Resource<T>[] {
    this.#environment.clock.cancel(this.#timer);
    return this.#stack.splice(0);
  }

  /** The reason not to reuse the resource on top, if there is one. */
  reasonToRetire(resource: Resource<T>, now: number): "lifetime" | "idle" | undefined {
    return this.#reasonToRetire(resource, now, this.#options.minIdle > 0 ? "kept" : "surplus");
  }

  /**
   * The newest `minIdle` are kept however long they idle. Otherwise an idle pool would keep closing
   * and reopening the connections it must keep ready.
   */
  #reasonToRetire(
    resource: Resource<T>,
    now: number,
    place: "kept" | "surplus",
  ): "lifetime" | "idle" | undefined {
    if (now >= resource.expiresAt) return "lifetime";
    const idleMs = now - resource.idleSince;
    return place === "surplus" && idleMs > this.#options.idleTimeoutMs ? "idle" : undefined;
  }

  /** Whether a resource has been unchecked for so long that it needs a health check before use. */
  needsCheck(resource: Resource<T>, now: number): boolean {
    return now >= this.#checkDueAt(resource);
  }

  #checkDueAt({ idleSince, healthyAt }: Resource<T>): number {
    return Math.max(idleSince, healthyAt) + this.#options.validateAfterIdleMs;
  }

  #idleUntil({ idleSince }: Resource<T>): number {
    return idleSince + this.#options.idleTimeoutMs;
  }

  #retireTopAt(resource: Resource<T>): number {
    const { expiresAt } = resource;
    return this.#options.minIdle > 0 ? expiresAt : Math.min(this.#idleUntil(resource), expiresAt);
  }

  // One timer serves all resources. A push usually finds an earlier deadline set and costs one
  // comparison.
  #lookAgainBy(due: number): void {
    if (due >= this.#timerDueAt) return;
    const { clock } = this.#environment;
    clock.cancel(this.#timer);
    this.#timerDueAt = due;
    const delayMs = Math.max(1, due - clock.now());
    this.#timer = clock.schedule(() => this.#sweep(), delayMs, "lets process exit");
  }

  #sweep(): void {
    this.#timerDueAt = Infinity;
    const now = this.#environment.clock.now();
    const expired: [Resource<T>, "lifetime" | "idle"][] = [];
    const left: Resource<T>[] = [];
    for (const resource of this.#stack.toReversed()) {
      const place = left.length < this.#options.minIdle ? "kept" : "surplus";
      const reason = this.#reasonToRetire(resource, now, place);
      if (reason !== undefined) {
        expired.push([resource, reason]);
        continue;
      }
      left.push(resource);
      this.#lookAgainBy(resource.expiresAt);
      if (place === "surplus") this.#lookAgainBy(this.#idleUntil(resource));
    }
    this.#stack = left.reverse();
    for (const [resource, reason] of expired.reverse()) this.#expire(resource, reason);
  }
}
