// Every way the four steps of a resource's life can go, times every point at which a caller can
// give up. Whatever happens: all promises settle, and no slot, timer or listener is lost.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Lease } from "../../src/pool/lease.ts";
import { settle } from "../helpers/fake_clock.ts";
import { acquireMany, type FakePool, fakePool, watch } from "../helpers/fake_pool.ts";
import {
  type Behaviour,
  CountingSignal,
  type FakeResource,
  type Step,
  STEPS,
} from "../helpers/fake_resources.ts";

const BEHAVIOURS: readonly Behaviour[] = ["ok", "error", "slow", "never"];

/** "in": from inside the call of the step; "during": a turn later, while it is under way. */
const ABORT_POINTS = [
  "nowhere",
  "before the call",
  "in open",
  "during open",
  "in validate",
  "during validate",
  "while queued",
  "at hand-off",
  "in reset",
  "during reset",
  "in close",
  "during close",
] as const;

type AbortPoint = typeof ABORT_POINTS[number];

const POOL_SIZE = 2;
const CALLERS = 4;
const SLOW_MS = 20;
const OPERATION_TIMEOUT_MS = 50;
const ACQUISITION_TIMEOUT_MS = 120;

const OPTIONS = {
  poolSize: POOL_SIZE,
  operationTimeoutMs: OPERATION_TIMEOUT_MS,
  acquisitionTimeoutMs: ACQUISITION_TIMEOUT_MS,
  validateAfterIdleMs: 0,
  idleTimeoutMs: 10_000,
};

/** Points at which a caller did give up. */
const reached = new Set<string>();

interface Caller {
  readonly index: number;
  readonly signal: CountingSignal;
  outcome: string;
  state: "calling" | "done";
}

class Case {
  readonly #scene: FakePool = fakePool(OPTIONS);
  readonly #abortAt: AbortPoint;
  /** Whether the last lease is held until close takes it away. */
  readonly #overrunsDeadline: boolean;
  readonly #callers: Caller[] = [];
  #slowSteps = 0;

  constructor(
    plan: Readonly<Record<Step, Behaviour>>,
    abortAt: AbortPoint,
    overrunsDeadline: boolean,
  ) {
    const { resources, clock } = this.#scene;
    this.#abortAt = abortAt;
    this.#overrunsDeadline = overrunsDeadline;
    Object.assign(resources.plan, plan);
    resources.onStep = (step) => {
      this.#reach(`in ${step}`);
      queueMicrotask(() => this.#reach(`during ${step}`));
    };
    resources.onPending = ({ step, succeed }) => {
      if (resources.plan[step] !== "slow") return;
      this.#slowSteps += 1;
      const finish = () => {
        this.#slowSteps -= 1;
        succeed();
      };
      clock.schedule(finish, SLOW_MS, "keeps process alive");
    };
  }

  /** Waves of callers: the first needs resources opened, the second has some checked. */
  async run(): Promise<void> {
    const { clock } = this.#scene;
    for (let wave = 0; wave < 2; wave++) {
      for (let i = 0; i < CALLERS; i++) void this.#call();
      this.#reach("while queued");
      await settle();
      await clock.advance(2 * (OPERATION_TIMEOUT_MS + ACQUISITION_TIMEOUT_MS));
    }
    this.#checkNobodyWaits();
    await this.#checkNothingLost();
    await this.#checkClose();
  }

  async #call(): Promise<void> {
    const index = this.#callers.length;
    const caller: Caller = { index, signal: new CountingSignal(), outcome: "", state: "calling" };
    this.#callers.push(caller);
    this.#reach("before the call");
    try {
      const lease = await this.#scene.pool.acquire({ signal: caller.signal.asSignal() });
      caller.outcome = "served";
      await this.#hold(lease, index);
    } catch (error) {
      caller.outcome = error === "no" ? "aborted" : (error as Error).name;
    }
    caller.state = "done";
  }

  /** Holds a resource for a moment; every second caller throws it away. */
  async #hold(lease: Lease<FakeResource>, index: number): Promise<void> {
    const { clock } = this.#scene;
    await new Promise<void>((resolve) => clock.schedule(resolve, 5, "keeps process alive"));
    const released = index % 2 === 1 ? lease.discard() : lease.release();
    this.#reach("at hand-off");
    await released;
  }

  /** Every second one of those who wait or hold something gives up when the point is reached. */
  #reach(point: string): void {
    if (point !== this.#abortAt) return;
    for (const { index, signal, state } of this.#callers) {
      if (state === "done" || index % 2 === 1 || signal.aborted) continue;
      reached.add(point);
      signal.abort("no");
    }
  }

  #checkNobodyWaits(): void {
    const { stats } = this.#scene.pool;
    for (const { signal, state } of this.#callers) {
      assert.equal(state, "done", "every acquire and every release settled");
      assert.equal(signal.listeners, 0, "no abort listener is left");
    }
    const count = (wanted: string) =>
      this.#callers.filter(({ outcome }) => outcome === wanted).length;
    assert.equal(this.#callers.length, 2 * CALLERS);
    assert.equal(stats.acquired, count("served"));
    assert.equal(stats.aborts, count("aborted"));
    assert.equal(stats.timeouts, count("PoolConnectionAcquireTimeoutError"));
    assert.ok(stats.openErrors >= count("PoolConnectionOpenError"));
    assert.equal(stats.waiting, 0);
    assert.equal(stats.inUse, 0);
    assert.equal(stats.opening, 0);
    assert.equal(stats.size, stats.idle, "whatever was under way has ended");
    const destroyed = Object.values(stats.destroyed).reduce((sum, n) => sum + n, 0);
    assert.equal(stats.opened - destroyed, stats.size);
  }

  async #checkNothingLost(): Promise<void> {
    const { pool, resources } = this.#scene;
    const { plan } = resources;
    const planned = { ...plan };
    for (const step of STEPS) plan[step] = "ok";
    const leases = await acquireMany(pool, POOL_SIZE);
    assert.equal(new Set(leases.map((lease) => lease.value)).size, POOL_SIZE);
    assert.equal(pool.stats.inUse, POOL_SIZE, "no slot is lost");
    Object.assign(plan, planned);
    for (const lease of leases) void lease.release();
    await settle();
  }

  async #checkClose(): Promise<void> {
    const { pool, clock, resources } = this.#scene;
    const signal = new CountingSignal();
    const last = watch(pool.acquire({ signal: signal.asSignal() }));
    await settle();
    const closing = watch(pool.close());
    if (!this.#overrunsDeadline) await clock.advance(10);
    if (!this.#overrunsDeadline) void last.value?.release();
    for (let ms = 0; ms < 3 * OPERATION_TIMEOUT_MS && closing.state === "pending"; ms++) {
      await clock.advance(1);
    }
    await settle();
    assert.equal(closing.state, "fulfilled", "close() settles");
    assert.notEqual(last.state, "pending");
    assert.equal(signal.listeners, 0);
    assert.equal(clock.pending, this.#slowSteps, "no timer of the pool is left");
    assert.equal(pool.stats.size, 0);
    assert.equal(pool.stats.inUse, 0);
    for (const { closes } of resources.made) assert.ok(closes <= 1, "closed once");
    const opened = resources.made.filter((resource) => !resources.failedToOpen.has(resource));
    const stillOpening = resources.pending.filter(({ step }) => step === "open").length;
    const closed = opened.filter(({ closes }) => closes === 1).length;
    assert.equal(closed, opened.length - stillOpening, "all that was opened is closed");
  }
}

const cases = BEHAVIOURS.flatMap((open) =>
  BEHAVIOURS.flatMap((validate) =>
    BEHAVIOURS.flatMap((reset) =>
      BEHAVIOURS.flatMap((close) =>
        ABORT_POINTS.map((abortAt) => ({ plan: { open, validate, reset, close }, abortAt }))
      )
    )
  )
);

const COUNT = 4 ** 4 * 12;

test(`${COUNT} combinations of how each step goes and when callers give up`, async () => {
  let passed = 0;
  for (const { plan, abortAt } of cases) {
    try {
      const planNumber = Math.floor(passed / ABORT_POINTS.length);
      await new Case(plan, abortAt, (passed + planNumber) % 2 === 0).run();
    } catch (error) {
      const combination = `${JSON.stringify(plan)}, abort ${abortAt}`;
      throw new Error(`${combination}: ${(error as Error).message}`, { cause: error });
    }
    passed += 1;
  }
  assert.equal(passed, COUNT);
  assert.deepEqual(["nowhere", ...reached].sort(), [...ABORT_POINTS].sort());
});
