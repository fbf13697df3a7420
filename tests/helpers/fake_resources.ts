import type { Lifecycle } from "../../src/pool/pool.ts";

/** How a step in the life of a fake resource goes. */
export type Behaviour = "ok" | "error" | "slow" | "never" | "later ok" | "later error";

/** The steps a pool asks for. */
export type Step = "open" | "validate" | "reset" | "close";
export const STEPS: readonly Step[] = ["open", "validate", "reset", "close"];

/** A resource that records what was done to it. */
export class FakeResource {
  readonly id: number;
  closes = 0;
  dirty = false;
  killed = false;
  validatedAt: number = -Infinity;

  constructor(id: number) {
    this.id = id;
  }
}

/** A step that was started and waits to be told how it ends. */
export interface PendingStep {
  readonly step: Step;
  readonly resource: FakeResource;
  readonly succeed: () => void;
  readonly fail: () => void;
}

/** The error of a step that the test made fail. */
export class PlannedFailure extends Error {
  override readonly name = "PlannedFailure";
}

/** Makes fake resources. Each of their steps goes as `plan` says at that moment. */
export class FakeResources implements Lifecycle<FakeResource> {
  readonly plan: Record<Step, Behaviour> = {
    open: "ok",
    validate: "ok",
    reset: "ok",
    close: "ok",
  };
  /** Steps in progress, oldest first; "slow" ones wait for the test, "never" ones forever. */
  readonly pending: PendingStep[] = [];
  readonly made: FakeResource[] = [];
  readonly failedToOpen: Set<FakeResource> = new Set();
  readonly now: () => number;
  /** Steps started so far, in total and by kind. */
  started = 0;
  readonly calls: Record<Step, number> = { open: 0, validate: 0, reset: 0, close: 0 };
  /** Called inside each step that is started. */
  onStep: (step: Step) => void = () => {};
  /** Called with each step that waits to be told how it ends. */
  onPending: (pending: PendingStep) => void = () => {};

  constructor(now: () => number = () => 0) {
    this.now = now;
  }

  open(): FakeResource | Promise<FakeResource> {
    const resource = new FakeResource(this.made.length);
    this.made.push(resource);
    return this.#run("open", resource, () => resource);
  }

  validate(resource: FakeResource): void | Promise<void> {
    return this.#run("validate", resource, () => {
      if (resource.killed) throw new PlannedFailure("validate found a dead resource");
      resource.validatedAt = this.now();
    });
  }

  reset(resource: FakeResource): void | Promise<void> {
    return this.#run("reset", resource, () => {
      resource.dirty = false;
    });
  }

  close(resource: FakeResource): void | Promise<void> {
    resource.closes += 1;
    return this.#run("close", resource, () => {});
  }

  /** The oldest step of a kind that is in progress. */
  oldest(step: Step): PendingStep {
    const found = this.pending.find((entry) => entry.step === step);
    if (found === undefined) throw new Error(`no ${step} is under way`);
    return found;
  }

  /** Resources that were opened and not closed. */
  get alive(): FakeResource[] {
    return this.made.filter((resource) => resource.closes === 0);
  }

  #run<R>(step: Step, resource: FakeResource, effect: () => R): R | Promise<R> {
    this.started += 1;
    this.calls[step] += 1;
    this.onStep(step);
    const failure = (): never => {
      if (step === "open") this.failedToOpen.add(resource);
      throw new PlannedFailure(`${step} failed`);
    };
    switch (this.plan[step]) {
      case "ok":
        return effect();
      case "error":
        return failure();
      case "later ok":
        return Promise.resolve().then(effect);
      case "later error":
        return Promise.resolve().then(failure);
      case "slow":
      case "never":
        return new Promise((resolve, reject) => {
          const finish = (end: () => R) => () => {
            const index = this.pending.indexOf(entry);
            if (index >= 0) this.pending.splice(index, 1);
            try {
              resolve(end());
            } catch (error) {
              reject(error);
            }
          };
          const entry: PendingStep = {
            step,
            resource,
            succeed: finish(effect),
            fail: finish(failure),
          };
          this.pending.push(entry);
          this.onPending(entry);
        });
    }
  }
}

/** An abort signal that counts its listeners. */
export class CountingSignal extends EventTarget {
  aborted = false;
  reason: unknown = undefined;
  onabort: null = null;
  listeners = 0;

  override addEventListener(...args: Parameters<EventTarget["addEventListener"]>): void {
    this.listeners += 1;
    super.addEventListener(...args);
  }

  override removeEventListener(...args: Parameters<EventTarget["removeEventListener"]>): void {
    this.listeners -= 1;
    super.removeEventListener(...args);
  }

  abort(reason: unknown): void {
    this.aborted = true;
    this.reason = reason;
    this.dispatchEvent(new Event("abort"));
  }

  throwIfAborted(): void {
    if (this.aborted) throw this.reason;
  }

  asSignal(): AbortSignal {
    return this as unknown as AbortSignal;
  }
}
