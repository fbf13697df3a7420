/**
 * The resources nobody uses right now, and when each of them has had its day.
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

  /** @param expire is given each resource that outstays its time here. */
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

  /** The one to be reused next. */
  get top(): Resource<T> | undefined {
    return this.#stack[this.#stack.length - 1];
  }

  push(resource: Resource<T>): void {
    const due = this.#dueAt(resource);
    resource.state = "idle";
    resource.fitUntil = Math.min(due, this.#checkDueAt(resource));
    this.#stack.push(resource);
    this.#lookAgainBy(due);
  }

  pop(): Resource<T> | undefined {
    return this.#stack.pop();
  }

  /** Takes the one that has been idle for longest. */
  takeOldest(): Resource<T> | undefined {
    return this.#stack.shift();
  }

  /** Takes all of them, and stops looking after them. */
  drain(): Resource<T>[] {
    this.#environment.clock.cancel(this.#timer);
    return this.#stack.splice(0);
  }

  /** Why a resource should not be used again, if there is a reason. */
  reasonToRetire(resource: Resource<T>, now: number): "lifetime" | "idle" | undefined {
    if (now >= resource.expiresAt) return "lifetime";
    if (now - resource.idleSince > this.#options.idleTimeoutMs) return "idle";
    return undefined;
  }

  /** Whether a resource has been out of sight for so long that it must be checked before use. */
  needsCheck(resource: Resource<T>, now: number): boolean {
    return now >= this.#checkDueAt(resource);
  }

  #checkDueAt({ idleSince, healthyAt }: Resource<T>): number {
    return Math.max(idleSince, healthyAt) + this.#options.validateAfterIdleMs;
  }

  #dueAt(resource: Resource<T>): number {
    return Math.min(resource.idleSince + this.#options.idleTimeoutMs, resource.expiresAt);
  }

  // One timer for all. Most pushes come later than the resource it was set for and cost one
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
    const all = this.#stack;
    this.#stack = all.filter((resource) => this.reasonToRetire(resource, now) === undefined);
    for (const resource of this.#stack) this.#lookAgainBy(this.#dueAt(resource));
    for (const resource of all) {
      const reason = this.reasonToRetire(resource, now);
      if (reason !== undefined) this.#expire(resource, reason);
    }
  }
}
