/**
 * A generic asynchronous resource pool. It knows neither SQL nor the runtime: clock and randomness
 * are injected, and a resource only has to be opened, checked, reset and closed.
 *
 * Demand and supply meet in one place. A caller that finds no idle resource joins the queue; a
 * resource that becomes available (opened, checked, returned) is offered to the head of the queue;
 * and `#serve` ensures that nobody waits while a resource is idle or a slot is free.
 *
 * @module
 */

import { Backoff } from "./backoff.ts";
import { type Environment, systemEnvironment, type Timer } from "../platform/clock.ts";
import { isPromiseLike } from "../platform/promise_like.ts";
import { checkHooks, type DestroyReason, notify, type PoolHooks } from "./hooks.ts";
import { IdleStack } from "./idle_stack.ts";
import { LeakDetector, type LostLease } from "./leak_detector.ts";
import { Lease } from "./lease.ts";
import { awaitStep, type Outcome, runStep, type StepLimit } from "./step.ts";
import {
  type AcquireOptions,
  checkAcquireOptions,
  checkCloseOptions,
  checkPoolSize,
  type CloseOptions,
  type CorePoolOptions,
  type ResolvedPoolOptions,
  resolveOptions,
} from "./options.ts";
import { acquireTimedOut, openFailed, poolIsClosed } from "./errors.ts";
import { Resource } from "./resource.ts";
import { Counters, type PoolStats, type WaitCounters } from "./stats.ts";
import { type Waiter, WaitQueue } from "./wait_queue.ts";

/** How a pool operates on its resources. Each step may be synchronous. */
export interface Lifecycle<T> {
  /** Opens a resource that is ready for use. */
  open(): T | PromiseLike<T>;
  /** Adds to the error of a failed open what the pool does not know, such as the file name. */
  explainOpen?(error: unknown): unknown;
  /** Throws or rejects when the resource is broken. */
  validate(resource: T): unknown;
  /** Returns a resource to its initial state for the next holder. */
  reset(resource: T): void | PromiseLike<void>;
  /** Whether a resource is already known to be unusable. */
  isBroken?(resource: T): boolean;
  close(resource: T): void | PromiseLike<void>;
  /** Who is told of loans. */
  readonly watch?: LoanWatch;
}

/** Tells those who watch of loans. Nothing is done for them unless somebody does. */
export interface LoanWatch {
  readonly seesLoans: boolean;
  readonly seesReleases: boolean;
  /** Waits for a resource, perhaps not at once. */
  around<S>(kind: "acquire", subject: undefined, call: () => Promise<S>): Promise<S>;
  /** A resource has come back. */
  released(): void;
}

/**
 * Uses a resource in the very moment it is handed over, and gives it back or turns it into a lease.
 * Returns what its caller gets.
 */
export type Use<T, S> = (resource: Resource<T>, calledFrom: string | undefined) => S | Promise<S>;

/** What a caller waits for. */
interface Demand<T> {
  readonly use: Use<T, unknown>;
  /** The stack of its call, if leases are tracked. */
  readonly calledFrom: string | undefined;
}

/** Lifetimes are shortened by up to this share, so that resources do not expire together. */
const LIFETIME_JITTER = 0.1;

/** A pool of resources of one kind. */
export class Pool<T> {
  readonly #lifecycle: Lifecycle<T>;
  readonly #options: ResolvedPoolOptions;
  /** Those of the options; instrumentation adds its own. */
  hooks: PoolHooks;
  readonly #environment: Environment;
  readonly #leaks: LeakDetector<Resource<T>> | undefined;
  readonly #counters = new Counters();

  /** All resources that occupy a slot. */
  readonly #resources = new Set<Resource<T>>();
  readonly #idle: IdleStack<T>;
  readonly #waiters: WaitQueue<unknown, Demand<T>>;
  /** Resources that came back while one was handed over; `undefined` at other times. */
  #returned: Resource<T>[] | undefined = undefined;
  /** Callers that ask in the next turn of the event loop. */
  #expected = 0;
  readonly #supply = (): void => this.#refill();
  readonly #toLease: Use<T, Lease<T>> = (resource, calledFrom) => this.lease(resource, calledFrom);
  #opening = 0;
  #validating = 0;
  #leased = 0;
  #closing = 0;

  #phase: "open" | "closing" | "closed" = "open";
  #serving: "no" | "yes" = "no";
  readonly #warmUpBackoff: Backoff;
  #lastOpenError: unknown = undefined;
  #closed: Promise<void> | undefined = undefined;
  #announceClosed: () => void = () => {};
  #closeTimer: Timer = undefined;
  /** Whether those who wait are served after `close`. */
  #drains = false;

  /**
   * @param lifecycle how resources are opened, checked, reset and closed.
   * @param options limits and hooks; see {@linkcode CorePoolOptions}.
   * @param environment clock and randomness.
   * @throws {TypeError | RangeError} for an invalid option.
   */
  constructor(
    lifecycle: Lifecycle<T>,
    options: CorePoolOptions = {},
    environment: Environment = systemEnvironment,
  ) {
    checkHooks(options);
    this.#lifecycle = lifecycle;
    this.#options = resolveOptions(options);
    this.hooks = options;
    this.#environment = environment;
    this.#waiters = new WaitQueue(environment.clock, {
      name: this.#options.name,
      counters: this.#counters,
      maxWaiting: this.#options.maxWaiting,
      aboutToBeServed: () => this.#supplyAtHand(),
      onExpire: ({ timeoutMs }) => this.#timeoutError(timeoutMs),
    });
    this.#idle = new IdleStack(
      environment,
      this.#options,
      (resource, reason) => this.#destroy(resource, reason),
    );
    this.#warmUpBackoff = new Backoff(environment);
    this.#leaks = this.#options.trackLeases
      ? new LeakDetector((lost) => this.#reclaim(lost))
      : undefined;
    this.#warmUp();
  }

  /** The maximum number of resources. */
  get poolSize(): number {
    return this.#options.poolSize;
  }

  /** Whether `close` was called. */
  get closed(): boolean {
    return this.#phase !== "open";
  }

  get state(): "open" | "closing" | "closed" {
    return this.#phase;
  }

  /** Callers that are waiting. */
  get waiting(): number {
    return this.#waiters.size + this.#expected;
  }

  /** Whether nobody is served any more. After `close`, those who wait may be. */
  get #stopped(): boolean {
    return this.closed && this.#unserved === 0;
  }

  /** Callers that `close` must wait for. */
  get #unserved(): number {
    return this.#waiters.size + (this.#drains ? this.#expected : 0);
  }

  /** Counters shared with other queues for the same resources. */
  get counters(): WaitCounters {
    return this.#counters;
  }

  /** Resources that are ready and unused. */
  get idle(): number {
    return this.#idle.size;
  }

  /** Whether one more resource could be opened. */
  get hasRoom(): boolean {
    return this.#resources.size < this.#options.poolSize && !this.closed;
  }

  /** How many more callers would get a resource, idle or new, if they asked now. */
  get available(): number {
    return Math.max(0, this.#options.poolSize - this.#leased - this.#waiters.size);
  }

  get #isWatched(): boolean {
    const { watch } = this.#lifecycle;
    return watch !== undefined && watch.seesLoans;
  }

  /** How many idle resources are kept ready. */
  get minIdle(): number {
    return this.#options.minIdle;
  }

  /** A snapshot of gauges and counters. */
  get stats(): PoolStats {
    return {
      poolSize: this.#options.poolSize,
      size: this.#resources.size,
      idle: this.#idle.size,
      inUse: this.#leased,
      opening: this.#opening,
      waiting: this.waiting,
      ...this.#counters,
      destroyed: { ...this.#counters.destroyed },
    };
  }

  /**
   * Synchronously takes an idle resource that can be used without a check. Synchronous callers then
   * call `giveBack` or `release`; others turn it into a lease.
   *
   * @returns `undefined` if there is none, if callers are waiting, or after `close`.
   */
  tryBorrow(): Resource<T> | undefined {
    let resource = this.#idle.top;
    // A new caller never overtakes waiting ones.
    if (resource === undefined || this.#waiters.size > 0) return undefined;
    const now = this.#environment.clock.now();
    const fit = now < resource.fitUntil && !this.#isBroken(resource);
    if (!fit) resource = this.#retireUnfit(now);
    if (resource === undefined) return undefined;
    this.#idle.pop();
    this.#lend(resource, now);
    this.#announceLoan(0);
    if (this.#options.minIdle > 0) this.#warmUp();
    return resource;
  }

  /** The same, as a lease. When somebody watches there is one way to it, which is `acquire`. */
  tryAcquire(): Lease<T> | undefined {
    if (this.#isWatched) return undefined;
    const resource = this.tryBorrow();
    return resource === undefined ? undefined : this.lease(resource);
  }

  /** Turns a resource that has just been borrowed into a lease. */
  lease(resource: Resource<T>, calledFrom: string | undefined = this.#callSite()): Lease<T> {
    const { leaseId } = resource;
    const lease = new Lease(this, resource, leaseId);
    resource.acquiredAtStack = calledFrom;
    this.#leaks?.watch(lease, { resource, leaseId, stack: calledFrom ?? "" });
    return lease;
  }

  /**
   * Takes a resource, waiting for one if necessary.
   *
   * @throws {PoolClosedError} after `close`.
   * @throws {PoolConnectionAcquireTimeoutError} when no resource became free in time.
   * @throws {PoolConnectionOpenError} when the resource for this caller could not be opened.
   * @throws {PoolOverloadedError} when `maxWaiting` callers are already waiting.
   * @throws {TypeError | RangeError} for invalid options.
   * @param origin "queued" for a caller who has waited in another queue since before `close`.
   * @param use turns the resource into what the caller gets. Those who use it on the spot and give it
   *   back are served one after the other by what comes back first. Leases each take a turn of the
   *   microtask queue, in which more callers find nothing idle and wait.
   */
  acquire(options?: AcquireOptions, origin?: "new" | "queued"): Promise<Lease<T>>;
  acquire<S>(
    options: AcquireOptions | undefined,
    origin: "new" | "queued" | undefined,
    use: Use<T, S>,
  ): Promise<S>;
  acquire(
    options: AcquireOptions = {},
    origin: "new" | "queued" = "new",
    use: Use<T, unknown> = this.#toLease,
  ): Promise<unknown> {
    const watched = this.#isWatched;
    try {
      checkAcquireOptions(options);
      const free = !watched && !this.closed && !options.signal?.aborted;
      const resource = free ? this.tryBorrow() : undefined;
      if (resource !== undefined) return Promise.resolve(use(resource, this.#callSite()));
    } catch (error) {
      return Promise.reject(error);
    }
    const demand = { use, calledFrom: this.#callSite() };
    const wait = (): Promise<unknown> => this.#wait(demand, options, origin);
    return watched ? this.#lifecycle.watch!.around("acquire", undefined, wait) : wait();
  }

  #wait(
    demand: Demand<T>,
    { signal, timeoutMs = this.#options.acquisitionTimeoutMs }: AcquireOptions,
    origin: "new" | "queued",
  ): Promise<unknown> {
    if (this.closed && (origin === "new" || !this.#drains)) {
      return Promise.reject(poolIsClosed(this.#options.name));
    }
    return this.#waiters.wait({ signal, timeoutMs }, demand, this.#supply).promise;
  }

  /** Sets the pool size. Excess resources are closed as they are released. */
  resize(poolSize: number): void {
    this.#options.poolSize = checkPoolSize(poolSize);
    while (this.#excess() > 0 && this.#idle.size > 0) {
      this.#destroy(this.#idle.takeOldest()!, "resized");
    }
    this.#refill();
  }

  /**
   * Closes the pool: waiters are rejected, or served with `drain`; idle resources close at once, and leases may finish
   * until the deadline, when they are closed by force. Always settles; every call returns the same
   * promise.
   *
   * @throws {TypeError | RangeError} for an invalid timeout; the pool then stays open.
   */
  close(options: CloseOptions = {}): Promise<void> {
    if (this.#closed !== undefined) return this.#closed;
    let timeoutMs: number;
    try {
      timeoutMs = checkCloseOptions(options, this.#options.operationTimeoutMs);
    } catch (error) {
      return Promise.reject(error);
    }
    this.#closed = new Promise((resolve) => {
      this.#announceClosed = resolve;
    });
    this.#phase = "closing";
    this.#warmUpBackoff.cancel();
    this.#drains = options.drain === true;
    if (!this.#drains) this.#waiters.failAll(() => poolIsClosed(this.#options.name));
    this.#closeIdle();
    if (this.#resources.size + this.#unserved > 0) {
      const { clock } = this.#environment;
      const force = (): void => this.#closeByForce();
      this.#closeTimer = clock.schedule(force, timeoutMs, "keeps process alive");
    }
    this.#finishClosing();
    return this.#closed;
  }

  /**
   * Announces callers that ask in the next turn of the event loop. Until then they count as
   * waiting, and are served by a pool that drains.
   */
  expect(callers: number = 1): void {
    this.#expected += callers;
  }

  /** The callers have asked. */
  arrived(callers: number = 1): void {
    this.#expected -= callers;
    if (!this.closed) return;
    this.#closeIdle();
    this.#finishClosing();
  }

  /** Takes back a resource that its holder left clean, so it needs no reset. */
  giveBack(resource: Resource<T>): void {
    const now = this.#endLoan(resource);
    const reason = this.#reasonToRetireOnReturn(resource, now);
    if (reason !== undefined) return this.#destroy(resource, reason);
    resource.idleSince = now;
    this.#offer(resource, now);
  }

  /** Takes a resource back and resets it. Settles when it is ready for its next holder. */
  release(resource: Resource<T>): void | Promise<void> {
    const now = this.#endLoan(resource);
    const reason = this.#reasonToRetireOnReturn(resource, now);
    if (reason !== undefined) return this.#destroy(resource, reason);
    let resetting: void | PromiseLike<void>;
    try {
      resetting = this.#lifecycle.reset(resource.value);
    } catch (error) {
      return this.#destroy(resource, "reset", error);
    }
    if (isPromiseLike(resetting)) return this.#awaitReset(resource, resetting);
    resource.idleSince = now;
    this.#deliver(resource, now);
  }

  /** Closes a leased resource instead of taking it back. Only {@linkcode Lease} calls this. */
  discard(resource: Resource<T>): void {
    this.#endLoan(resource);
    this.#destroy(resource, "discarded");
  }

  /**
   * Starts as many opens and checks as the queue needs. Not reentrant: the loop picks up changes
   * made by a step, so ten thousand failing opens do not recurse ten thousand deep.
   */
  #serve(): void {
    if (this.#serving === "yes" || this.#stopped) return;
    this.#serving = "yes";
    while (this.#waiters.size > this.#opening + this.#validating && this.#supplyOne());
    this.#serving = "no";
  }

  /** Starts to supply one resource to a waiter. Returns false if the pool is exhausted. */
  #supplyOne(): boolean {
    const resource = this.#idle.pop();
    if (resource === undefined) {
      if (this.#resources.size >= this.#options.poolSize) return false;
      this.#open();
      return true;
    }
    const now = this.#environment.clock.now();
    const reason = this.#reasonToRetireIdle(resource, now);
    if (reason !== undefined) this.#destroy(resource, reason);
    else if (this.#idle.needsCheck(resource, now)) this.#validate(resource);
    else this.#deliver(resource, now);
    return true;
  }

  /**
   * An open outlives its requester: the resource goes to the first waiter at that time, or becomes
   * idle.
   */
  #open(): void {
    const { clock } = this.#environment;
    const resource = new Resource<T>();
    this.#resources.add(resource);
    this.#opening += 1;
    const startedAt = clock.now();
    runStep(
      this.#limit("open"),
      () => this.#lifecycle.open(),
      (outcome) => {
        this.#opening -= 1;
        if (outcome.ok) this.#opened(resource, outcome.value, startedAt);
        else this.#openFailed(resource, outcome.error);
      },
      (lateComer) =>
        runStep(this.#limit("close"), () => this.#lifecycle.close(lateComer), () => {}),
    );
  }

  #opened(resource: Resource<T>, value: T, startedAt: number): void {
    const { clock, random } = this.#environment;
    const now = clock.now();
    const openMs = now - startedAt;
    const lifetimeMs = this.#options.maxLifetimeMs * (1 - LIFETIME_JITTER * random());
    resource.value = value;
    resource.idleSince = now;
    resource.expiresAt = now + lifetimeMs;
    this.#counters.opened += 1;
    this.#counters.openMs += openMs;
    this.#lastOpenError = undefined;
    this.#warmUpBackoff.reset();
    notify("onOpen", this.hooks.onOpen, { openMs });
    this.#deliver(resource, now);
  }

  #openFailed(resource: Resource<T>, error: unknown): void {
    const cause = this.#lifecycle.explainOpen?.(error) ?? error;
    this.#counters.openErrors += 1;
    this.#lastOpenError = cause;
    this.#forget(resource);
    this.#waiters.first?.fail(openFailed(this.#options.name, cause));
    this.#serve();
    this.#finishClosing();
    // Retrying a warm-up at once would be a busy loop.
    if (this.#options.minIdle > 0 && !this.closed) this.#warmUpBackoff.retry(() => this.#warmUp());
  }

  #validate(resource: Resource<T>): void {
    resource.state = "validating";
    this.#validating += 1;
    resource.abandonStep = runStep(
      this.#limit("health check"),
      () => this.#lifecycle.validate(resource.value),
      (outcome) => {
        this.#validating -= 1;
        // The pool may have been closed by force in the meantime.
        if (resource.state !== "validating") return;
        const now = this.#environment.clock.now();
        resource.healthyAt = now;
        if (outcome.ok) this.#deliver(resource, now);
        else this.#destroy(resource, "invalid", outcome.error);
      },
    );
  }

  #awaitReset(resource: Resource<T>, resetting: PromiseLike<void>): Promise<void> {
    return new Promise((resolve) => {
      resource.abandonStep = awaitStep(this.#limit("reset"), resetting, (outcome) => {
        resolve();
        if (resource.state !== "resetting") return;
        const now = this.#environment.clock.now();
        resource.idleSince = now;
        if (outcome.ok) this.#deliver(resource, now);
        else this.#destroy(resource, "reset", outcome.error);
      });
    });
  }

  /** Puts a ready resource to use, unless the pool was closed or has shrunk. */
  #deliver(resource: Resource<T>, now: number): void {
    if (this.#stopped) return this.#destroy(resource, "closed");
    if (this.#excess() > 0) return this.#destroy(resource, "resized");
    this.#offer(resource, now);
  }

  /** Gives a ready resource to the first waiter, or makes it idle. */
  #offer(resource: Resource<T>, now: number): void {
    const waiter = this.#waiters.first;
    if (waiter === undefined) return this.#idle.push(resource);
    if (this.#returned === undefined) return this.#handOver(resource, waiter, now);
    resource.idleSince = now;
    this.#returned.push(resource);
  }

  /**
   * Hands a ready resource to a waiter. Not reentrant: when a waiter has used it and given it back,
   * a loop hands it to the next, so ten thousand of them do not recurse ten thousand deep.
   */
  #handOver(resource: Resource<T>, waiter: Waiter<unknown, Demand<T>>, now: number): void {
    const returned: Resource<T>[] = this.#returned = [];
    try {
      this.#serveWaiter(resource, waiter, now);
      for (let next = returned.pop(); next !== undefined; next = returned.pop()) {
        const { idleSince } = next;
        const first = this.#waiters.first;
        const reason = this.#reasonToRetireOnReturn(next, idleSince);
        if (reason !== undefined) this.#destroy(next, reason);
        else if (first === undefined) this.#idle.push(next);
        else this.#serveWaiter(next, first, idleSince);
      }
    } finally {
      this.#returned = undefined;
    }
  }

  #serveWaiter(resource: Resource<T>, waiter: Waiter<unknown, Demand<T>>, now: number): void {
    const { use, calledFrom } = waiter.details;
    this.#lend(resource, now);
    // Before the hook, which could abort the caller.
    waiter.take(now);
    this.#announceLoan(now - waiter.since);
    try {
      waiter.accept(use(resource, calledFrom));
    } catch (error) {
      waiter.fail(error);
    }
  }

  #lend(resource: Resource<T>, now: number): void {
    resource.state = "leased";
    resource.leasedAt = now;
    resource.uses += 1;
    resource.leaseId += 1;
    this.#leased += 1;
    this.#counters.acquired += 1;
  }

  #announceLoan(waitMs: number): void {
    if (this.hooks.onAcquire !== undefined) {
      notify("onAcquire", this.hooks.onAcquire, { waitMs });
    }
  }

  /**
   * The caller's stack, captured at the call because a queued lease is created later. Kept as text:
   * an Error would keep the objects on its stack alive, including a dropped lease.
   */
  #callSite(): string | undefined {
    return this.#leaks === undefined ? undefined : new Error("acquired here").stack;
  }

  #reclaim({ resource, leaseId, stack }: LostLease<Resource<T>>): void {
    if (resource.leaseId !== leaseId) return;
    this.#counters.leaked += 1;
    const heldMs = this.#environment.clock.now() - resource.leasedAt;
    void this.release(resource);
    notify("onLeak", this.hooks.onLeak, { heldMs, stack });
  }

  /** Ends a loan and invalidates its lease. Returns the current time. */
  #endLoan(resource: Resource<T>): number {
    const now = this.#environment.clock.now();
    const usedMs = now - resource.leasedAt;
    resource.state = "resetting";
    resource.leaseId += 1;
    resource.acquiredAtStack = undefined;
    this.#leased -= 1;
    this.#counters.usedMs += usedMs;
    this.#leaks?.unwatch(resource);
    if (this.hooks.onRelease !== undefined) {
      notify("onRelease", this.hooks.onRelease, { usedMs });
    }
    const { watch } = this.#lifecycle;
    if (watch !== undefined && watch.seesReleases) watch.released();
    return now;
  }

  /** Closes a resource. Its slot stays occupied until the close settles or times out. */
  #destroy(resource: Resource<T>, reason: DestroyReason, failure?: unknown): void {
    resource.state = "closing";
    this.#closing += 1;
    this.#counters.destroyed[reason] += 1;
    runStep(
      this.#limit("close"),
      () => this.#lifecycle.close(resource.value),
      (outcome: Outcome<void>) => {
        this.#closing -= 1;
        this.#forget(resource);
        this.#refill();
        const error = failure ?? (outcome.ok ? undefined : outcome.error);
        notify("onDestroy", this.hooks.onDestroy, { reason, error });
      },
    );
    // A waiter may have relied on this resource although another slot is free.
    this.#refill();
  }

  #refill(): void {
    this.#serve();
    this.#warmUp();
  }

  #forget(resource: Resource<T>): void {
    resource.state = "closed";
    this.#resources.delete(resource);
    this.#finishClosing();
  }

  /** Closes idle resources, unless callers are expected who are still to be served. */
  #closeIdle(): void {
    if (this.#drains && this.#expected > 0) return;
    for (const resource of this.#idle.drain()) this.#destroy(resource, "closed");
  }

  #closeByForce(): void {
    this.#drains = false;
    this.#waiters.failAll(() => poolIsClosed(this.#options.name));
    this.#closeIdle();
    for (const resource of [...this.#resources]) {
      if (resource.state === "leased") this.#endLoan(resource);
      else if (resource.state !== "validating" && resource.state !== "resetting") continue;
      this.#destroy(resource, "closed");
      resource.abandonStep?.();
    }
  }

  #finishClosing(): void {
    if (this.#phase !== "closing" || this.#resources.size + this.#unserved > 0) return;
    this.#phase = "closed";
    this.#environment.clock.cancel(this.#closeTimer);
    this.#announceClosed();
  }

  /** Opens resources until `minIdle` are ready, using only slots that no waiter needs. */
  #warmUp(): void {
    const { minIdle, poolSize } = this.#options;
    while (
      minIdle > this.#idle.size + this.#opening + this.#validating - this.#waiters.size &&
      this.#resources.size < poolSize && !this.closed && !this.#warmUpBackoff.waiting
    ) {
      this.#open();
    }
  }

  /** Closes expired idle resources until it finds one that can be used without a check. */
  #retireUnfit(now: number): Resource<T> | undefined {
    for (let top = this.#idle.top; top !== undefined; top = this.#idle.top) {
      const reason = this.#reasonToRetireIdle(top, now);
      if (reason === undefined) return this.#idle.needsCheck(top, now) ? undefined : top;
      this.#idle.pop();
      this.#destroy(top, reason);
    }
    return undefined;
  }

  #isBroken({ value }: Resource<T>): boolean {
    return this.#lifecycle.isBroken?.(value) === true;
  }

  #reasonToRetireIdle(resource: Resource<T>, now: number): DestroyReason | undefined {
    return this.#isBroken(resource) ? "invalid" : this.#idle.reasonToRetire(resource, now);
  }

  #reasonToRetireOnReturn(resource: Resource<T>, now: number): DestroyReason | undefined {
    if (this.#stopped) return "closed";
    if (now >= resource.expiresAt) return "lifetime";
    if (resource.uses >= this.#options.maxUses) return "uses";
    if (this.#excess() > 0) return "resized";
    return undefined;
  }

  /** The number of resources in excess of `poolSize`, not counting those being closed. */
  #excess(): number {
    return this.#resources.size - this.#closing - this.#options.poolSize;
  }

  /** How many waiters can be served before any lease is returned; `maxWaiting` ignores these. */
  #supplyAtHand(): number {
    const onItsWay = this.#opening + this.#validating + this.#idle.size;
    const freeSlots = Math.max(0, this.#options.poolSize - this.#resources.size);
    return onItsWay + freeSlots;
  }

  #limit(name: string): StepLimit {
    const { clock } = this.#environment;
    return { clock, name, timeoutMs: this.#options.operationTimeoutMs };
  }

  #timeoutError(timeoutMs: number): Error {
    return acquireTimedOut(
      this.#options.name,
      timeoutMs,
      this.stats,
      this.#resources,
      this.#environment.clock.now(),
      this.#lastOpenError,
    );
  }
}
