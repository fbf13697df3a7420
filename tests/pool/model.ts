import assert from "node:assert/strict";
import {
  ConnectionReleasedError,
  PoolClosedError,
  PoolConnectionAcquireTimeoutError,
  PoolConnectionOpenError,
  PoolOverloadedError,
} from "../../src/pool/errors.ts";
import type { Lease } from "../../src/pool/lease.ts";
import { Pool } from "../../src/pool/pool.ts";
import { FakeClock, settle } from "../helpers/fake_clock.ts";
import {
  type Behaviour,
  CountingSignal,
  type FakeResource,
  FakeResources,
  type Step,
  STEPS,
} from "../helpers/fake_resources.ts";

/** An acquire as its caller sees it. */
interface Request {
  readonly number: number;
  readonly signal: CountingSignal;
  state: "pending" | "granted" | "failed";
  lease: Lease<FakeResource> | undefined;
  error: unknown;
  /** Whether it had to wait for another step. */
  waited: boolean;
}

/** Everything that can come of an acquire or happen to a resource. */
export const EVENTS: readonly string[] = [
  "granted at once",
  "granted after waiting",
  "reused",
  "borrowed and given back",
  "timed out",
  "aborted",
  "overloaded",
  "open failed",
  "closed",
  "closed by force",
  "granted while closing",
  "arrived after close",
  "destroyed: idle",
  "destroyed: lifetime",
  "destroyed: uses",
  "destroyed: invalid",
  "destroyed: reset",
  "destroyed: discarded",
  "destroyed: resized",
  "destroyed: closed",
];

const BEHAVIOURS: readonly Behaviour[] = [
  "ok",
  "ok",
  "slow",
  "slow",
  "later ok",
  "error",
  "later error",
  "never",
];
const DELAYS_MS = [1, 5, 20, 60, 150, 400];

const ACQUISITION_TIMEOUT_MS = 100;
const OPERATION_TIMEOUT_MS = 50;

/**
 * Drives a pool from numbers and watches it from outside: what it knows, it knows from the
 * requests' promises and from the resources themselves.
 */
export class PoolModel {
  readonly log: string[] = [];
  readonly events: Set<string> = new Set();
  readonly #clock = new FakeClock();
  readonly #resources = new FakeResources(() => this.#clock.now());
  readonly #pool: Pool<FakeResource>;
  readonly #requests: Request[] = [];
  readonly #validateAfterIdleMs: number;
  readonly #maxUses: number;
  readonly #uses = new Map<FakeResource, number>();
  readonly #idleSince = new Map<FakeResource, number>();
  readonly #violations: unknown[] = [];
  #settled = 0;
  /** Callers that were announced and have not asked. */
  #expected = 0;
  #closing: Promise<void> | undefined;
  #closeState: "open" | "closing" | "closed" = "open";
  #drains = false;
  /** Slots that may be taken: poolSize, or what was taken before the pool was made smaller. */
  #slotLimit: number;

  constructor(setup: number) {
    const pick = <V>(values: readonly V[], shift: number): V =>
      values[(setup >> shift) % values.length];
    this.#validateAfterIdleMs = pick([0, 30, 1_000_000], 2);
    this.#maxUses = pick([Infinity, Infinity, 3], 4);
    const poolSize = 1 + (setup & 3);
    this.#slotLimit = poolSize;
    let seed = setup + 1;
    this.#pool = new Pool(
      this.#resources,
      {
        poolSize,
        minIdle: pick([0, 0, 0, 1, 2], 6) % (poolSize + 1),
        acquisitionTimeoutMs: ACQUISITION_TIMEOUT_MS,
        operationTimeoutMs: OPERATION_TIMEOUT_MS,
        idleTimeoutMs: pick([90, 1_000_000], 9),
        maxLifetimeMs: pick([Infinity, 200], 10),
        validateAfterIdleMs: this.#validateAfterIdleMs,
        maxUses: this.#maxUses,
        maxWaiting: pick([Infinity, Infinity, 2], 12),
        onDestroy: ({ reason }) => this.events.add(`destroyed: ${reason}`),
      },
      {
        clock: this.#clock,
        random: () => (seed = seed * 48271 % 2147483647) / 2147483647,
      },
    );
    this.log.push(`setup ${setup}`);
  }

  /** Runs the command a number stands for, then checks everything. */
  async step(code: number): Promise<void> {
    const argument = code >> 5;
    switch (code & 31) {
      case 0:
      case 1:
      case 2:
      case 3:
      case 4:
        this.#acquire(undefined);
        break;
      case 5:
        this.#acquire(DELAYS_MS[argument % DELAYS_MS.length]);
        break;
      case 6:
        if (argument % 4 < 2) this.#borrow(argument % 2 === 0 ? "keep" : "give back");
        else if (argument % 4 === 2) this.#expect();
        else if (this.#expected > 0) this.#arrive();
        break;
      case 7:
      case 8:
      case 9:
      case 10:
      case 11:
        this.#release(argument);
        break;
      case 12:
        this.#discard(argument);
        break;
      case 13:
        this.#abort(argument);
        break;
      case 14:
      case 15:
      case 16:
      case 17:
        this.#plan(argument);
        break;
      case 18:
      case 19:
      case 20:
      case 21:
        this.#finishStep(argument, "succeed");
        break;
      case 22:
      case 23:
        this.#finishStep(argument, "fail");
        break;
      case 24:
        this.#kill(argument);
        break;
      case 25:
        this.#resize(1 + argument % 4);
        break;
      case 26:
      case 27:
      case 28:
      case 29:
        await this.#advance(DELAYS_MS[argument % DELAYS_MS.length]);
        break;
      case 30:
        if (argument % 8 === 0) {
          this.#close(DELAYS_MS[argument % DELAYS_MS.length], argument % 16 === 0);
        }
        break;
      case 31:
        this.#useDeadLease(argument);
        break;
    }
    await this.#settleAndCheck();
  }

  /** Lets everything come to its end, and checks that nothing was lost on the way. */
  async finish(): Promise<void> {
    this.log.push("finish");
    for (const step of STEPS) this.#resources.plan[step] = "ok";
    while (this.#resources.pending.length > 0) {
      this.#resources.pending[0].succeed();
      await this.#settleAndCheck();
    }
    while (this.#expected > 0) this.#arrive();
    for (const request of this.#granted()) this.#giveBack(request);
    await this.#settleAndCheck();
    if (this.#closeState === "open") await this.#checkNothingLost();
    this.#close(10);
    for (const request of this.#granted()) this.#giveBack(request);
    await this.#advance(10 * (ACQUISITION_TIMEOUT_MS + OPERATION_TIMEOUT_MS));
    assert.equal(this.#closeState, "closed", "close() settles");
    assert.equal(this.#clock.pending, 0, "no timer outlives the pool");
    assert.equal(this.#pool.stats.size, 0, "no slot stays taken");
    for (const resource of this.#resources.made) {
      assert.ok(
        resource.closes <= 1,
        `resource ${resource.id} was closed ${resource.closes} times`,
      );
    }
    for (const request of this.#requests) {
      assert.notEqual(request.state, "pending", `request ${request.number} settled`);
      assert.equal(request.signal.listeners, 0, "no abort listener is left behind");
    }
    const granted = this.#requests.filter((request) => request.lease !== undefined).length;
    assert.equal(this.#pool.stats.acquired, granted, "every lease reached somebody");
  }

  /** After all that happened the pool still hands out poolSize resources at once. */
  async #checkNothingLost(): Promise<void> {
    await this.#advance(2 * (ACQUISITION_TIMEOUT_MS + OPERATION_TIMEOUT_MS));
    for (const request of this.#granted()) this.#giveBack(request);
    const wanted = this.#pool.poolSize;
    for (let i = 0; i < wanted; i++) this.#acquire(undefined);
    await this.#settleAndCheck();
    assert.equal(this.#granted().length, wanted, "every slot can be used");
  }

  #expect(): void {
    if (this.#closeState !== "open") return;
    this.log.push("expect");
    this.#expected += 1;
    this.#pool.expect();
  }

  #arrive(): void {
    this.log.push("arrives");
    this.#expected -= 1;
    this.#acquire(undefined, "queued");
    this.#pool.arrived();
    if (this.#closeState !== "open") this.events.add("arrived after close");
  }

  #acquire(timeoutMs: number | undefined, origin: "new" | "queued" = "new"): void {
    const number = this.#requests.length;
    this.log.push(`acquire #${number}${timeoutMs === undefined ? "" : ` for ${timeoutMs} ms`}`);
    const request = this.#request();
    const signal = request.signal.asSignal();
    this.#pool.acquire({ signal, ...(timeoutMs === undefined ? {} : { timeoutMs }) }, origin)
      .then((lease) => this.#grant(request, lease), (error) => this.#refuse(request, error))
      .catch((violation) => this.#violations.push(violation));
  }

  #borrow(then: "keep" | "give back"): void {
    this.log.push(`borrow and ${then}`);
    const resource = this.#pool.tryBorrow();
    if (resource === undefined) return;
    this.#grant(this.#request(), this.#pool.lease(resource));
    if (then === "keep") return;
    this.events.add("borrowed and given back");
    resource.value.dirty = false;
    this.#pool.giveBack(resource);
  }

  #request(): Request {
    const request: Request = {
      number: this.#requests.length,
      signal: new CountingSignal(),
      state: "pending",
      lease: undefined,
      error: undefined,
      waited: false,
    };
    this.#requests.push(request);
    return request;
  }

  #grant(request: Request, lease: Lease<FakeResource>): void {
    for (const other of this.#requests) {
      const overtaken = other.state === "pending" && other.number < request.number;
      assert.ok(!overtaken, `#${request.number} was served before #${other.number}`);
    }
    this.#settled += 1;
    request.state = "granted";
    request.lease = lease;
    this.events.add(request.waited ? "granted after waiting" : "granted at once");
    if (this.#closeState === "closing") this.events.add("granted while closing");
    // Closed by force in the same breath as it was handed over.
    if (!lease.active) return;
    const resource = lease.value;
    assert.equal(resource.closes, 0, `#${request.number} got a closed resource`);
    assert.ok(!resource.dirty, `#${request.number} got a resource that was not reset`);
    this.#checkValidated(resource);
    this.#checkLastInFirstOut(resource);
    resource.dirty = true;
    const uses = (this.#uses.get(resource) ?? 0) + 1;
    if (uses > 1) this.events.add("reused");
    assert.ok(uses <= this.#maxUses, `resource ${resource.id} was used ${uses} times`);
    this.#uses.set(resource, uses);
    this.#idleSince.delete(resource);
  }

  #refuse(request: Request, error: unknown): void {
    this.#settled += 1;
    request.state = "failed";
    request.error = error;
    if (error instanceof PoolConnectionAcquireTimeoutError) this.events.add("timed out");
    else if (error instanceof PoolOverloadedError) this.events.add("overloaded");
    else if (error instanceof PoolClosedError) this.events.add("closed");
    else if (error instanceof PoolConnectionOpenError) {
      this.events.add("open failed");
      assert.ok(error.cause instanceof Error, "the driver's error is the cause");
      const earlier = this.#requests.find((r) =>
        r.state === "pending" && r.number < request.number
      );
      assert.equal(earlier, undefined, "an open failure goes to the head of the queue");
    } else {
      assert.equal(error, `abort #${request.number}`);
      this.events.add("aborted");
    }
  }

  #granted(): Request[] {
    return this.#requests.filter((request) => request.lease?.active);
  }

  #release(argument: number): void {
    const granted = this.#granted();
    if (granted.length === 0) return;
    const request = granted[argument % granted.length];
    this.log.push(`release #${request.number}`);
    this.#giveBack(request);
  }

  #giveBack({ lease }: Request): void {
    const released = lease!.release();
    released?.catch((error: unknown) => assert.fail(`release rejected: ${error}`));
    assert.equal(lease!.active, false);
    assert.equal(lease!.release(), undefined, "a second release does nothing");
  }

  #discard(argument: number): void {
    const granted = this.#granted();
    if (granted.length === 0) return;
    const request = granted[argument % granted.length];
    this.log.push(`discard #${request.number}`);
    const resource = request.lease!.value;
    request.lease!.discard();
    assert.equal(resource.closes, 1, "a discarded resource is closed");
  }

  #abort(argument: number): void {
    const pending = this.#requests.filter((request) => request.state === "pending");
    if (pending.length === 0) return;
    const request = pending[argument % pending.length];
    this.log.push(`abort #${request.number}`);
    request.signal.abort(`abort #${request.number}`);
  }

  #plan(argument: number): void {
    const step = STEPS[argument % STEPS.length];
    const behaviour = BEHAVIOURS[(argument >> 2) % BEHAVIOURS.length];
    this.log.push(`${step} goes ${behaviour}`);
    this.#resources.plan[step] = behaviour;
  }

  #finishStep(argument: number, how: "succeed" | "fail"): void {
    const { pending } = this.#resources;
    if (pending.length === 0) return;
    const entry = pending[argument % pending.length];
    this.log.push(`${entry.step} of resource ${entry.resource.id} is to ${how}`);
    entry[how]();
  }

  #kill(argument: number): void {
    const held = this.#heldResources();
    const idle = this.#openResources().filter((resource) => !held.has(resource));
    if (idle.length === 0) return;
    const resource = idle[argument % idle.length];
    this.log.push(`kill resource ${resource.id}`);
    resource.killed = true;
  }

  #resize(poolSize: number): void {
    this.log.push(`resize ${poolSize}`);
    this.#slotLimit = Math.max(this.#slotLimit, poolSize);
    this.#pool.resize(poolSize);
  }

  async #advance(byMs: number): Promise<void> {
    this.log.push(`advance ${byMs}`);
    await this.#clock.advance(byMs, () => this.#settleAndCheck());
  }

  #close(timeoutMs: number, drain = false): void {
    this.log.push(`close in ${timeoutMs} ms${drain ? ", draining" : ""}`);
    const held = this.#granted();
    const closing = this.#pool.close({ timeoutMs, drain });
    if (this.#closing !== undefined) {
      assert.equal(closing, this.#closing, "every close() returns the same promise");
      return;
    }
    this.#closing = closing;
    this.#closeState = "closing";
    this.#drains = drain;
    closing.then(() => {
      this.#closeState = "closed";
      if (held.some((request) => !request.lease!.active)) this.events.add("closed by force");
    });
  }

  #useDeadLease(argument: number): void {
    const dead = this.#requests.filter((request) => request.lease?.active === false);
    if (dead.length === 0) return;
    const { lease } = dead[argument % dead.length];
    const before = this.#granted().length;
    const isDeadLeaseError = (error: unknown): boolean =>
      error instanceof ConnectionReleasedError || error instanceof PoolClosedError;
    assert.throws(() => lease!.value, isDeadLeaseError);
    lease!.release();
    lease!.discard();
    assert.equal(this.#granted().length, before, "a dead lease touches nobody else's");
  }

  #heldResources(): Set<FakeResource> {
    return new Set(this.#granted().map((request) => request.lease!.value));
  }

  #checkValidated(resource: FakeResource): void {
    const idleSince = this.#idleSince.get(resource);
    if (idleSince === undefined) return;
    const unseenMs = this.#clock.now() - Math.max(idleSince, resource.validatedAt);
    assert.ok(
      unseenMs < this.#validateAfterIdleMs || resource.validatedAt >= this.#clock.now(),
      `resource ${resource.id} was handed out unchecked after ${unseenMs} ms`,
    );
  }

  #checkLastInFirstOut(resource: FakeResource): void {
    const idleSince = this.#idleSince.get(resource);
    if (idleSince === undefined || this.#validateAfterIdleMs < 1_000) return;
    const held = this.#heldResources();
    for (const [other, since] of this.#idleSince) {
      const busy = held.has(other) || other.closes > 0 ||
        this.#resources.pending.some((entry) => entry.resource === other);
      assert.ok(busy || since <= idleSince, `resource ${other.id} was idle for a shorter time`);
    }
  }

  async #settleAndCheck(): Promise<void> {
    await settle(() => this.#settled + this.#resources.started);
    if (this.#violations.length > 0) throw this.#violations[0];
    this.#check();
  }

  #check(): void {
    const { stats, poolSize } = this.#pool;
    this.#noteWaitingAndIdle();
    this.#slotLimit = Math.max(poolSize, Math.min(this.#slotLimit, stats.size));
    assert.ok(stats.size <= this.#slotLimit, `${stats.size} slots of ${this.#slotLimit} taken`);
    this.#checkHolders();
    this.#checkResourcesAccountedFor();
    const pending = this.#requests.filter((request) => request.state === "pending").length;
    assert.equal(
      stats.waiting,
      pending + this.#expected,
      "everyone who waits is in the queue, once",
    );
    if (this.#closeState !== "open") {
      const mayWait = this.#drains && this.#closeState === "closing";
      assert.ok(mayWait || pending === 0, "nobody waits for a closed pool");
      const keeps = mayWait && this.#expected > 0;
      assert.ok(keeps || stats.idle === 0, "nothing idles in a closed pool");
      return;
    }
    if (pending === 0) return;
    const validating = this.#pendingSteps("validate").filter((r) => r.closes === 0).length;
    if (stats.opening + validating >= pending) return;
    assert.equal(stats.idle, 0, "nobody waits while something is idle");
    assert.ok(
      stats.size >= poolSize,
      `${pending} wait, though only ${stats.size} of ${poolSize} slots are taken`,
    );
  }

  #checkHolders(): void {
    const granted = this.#granted();
    assert.equal(this.#heldResources().size, granted.length, "a resource has two holders");
    assert.equal(this.#pool.stats.inUse, granted.length, "leases are counted right");
    for (const request of granted) {
      assert.equal(request.lease!.value.closes, 0, `the resource of #${request.number} was closed`);
    }
  }

  /** Whatever is open is known to the pool: nothing leaks, in whatever order things went wrong. */
  #checkResourcesAccountedFor(): void {
    const open = this.#openResources().length;
    assert.ok(open <= this.#pool.stats.size, `${open} are open in ${this.#pool.stats.size} slots`);
  }

  #pendingSteps(wanted: Step): FakeResource[] {
    const { pending } = this.#resources;
    return pending.filter(({ step }) => step === wanted).map(({ resource }) => resource);
  }

  #openResources(): FakeResource[] {
    const opening = new Set(this.#pendingSteps("open"));
    const { alive, failedToOpen } = this.#resources;
    return alive.filter((resource) => !opening.has(resource) && !failedToOpen.has(resource));
  }

  #noteWaitingAndIdle(): void {
    for (const request of this.#requests) if (request.state === "pending") request.waited = true;
    const held = this.#heldResources();
    for (const resource of this.#openResources()) {
      if (held.has(resource) || resource.dirty) continue;
      if (!this.#idleSince.has(resource)) this.#idleSince.set(resource, this.#clock.now());
    }
  }
}
