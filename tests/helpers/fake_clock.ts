import type { Clock, TimerLifetime } from "../../src/platform/clock.ts";

interface FakeTimer {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
  readonly lifetime: TimerLifetime;
}

const LONGEST_REACTION_CHAIN = 6;

/**
 * Lets promise reactions run without letting time pass, until nothing has happened for as many
 * turns as the longest chain of reactions between two events takes.
 */
export async function settle(happenings: () => number = () => 0): Promise<void> {
  let seen = happenings();
  for (let quiet = 0; quiet < LONGEST_REACTION_CHAIN; quiet++) {
    await undefined;
    const now = happenings();
    if (now !== seen) quiet = 0;
    seen = now;
  }
}

/** A clock that moves only when told to and fires its timers in order. */
export class FakeClock implements Clock {
  #now = 0;
  #order = 0;
  readonly #timers = new Set<FakeTimer>();

  now(): number {
    return this.#now;
  }

  schedule(callback: () => void, delayMs: number, lifetime: TimerLifetime): FakeTimer {
    const timer = { at: this.#now + delayMs, order: this.#order++, callback, lifetime };
    this.#timers.add(timer);
    return timer;
  }

  cancel(timer: unknown): void {
    this.#timers.delete(timer as FakeTimer);
  }

  nextTurn(callback: () => void): void {
    this.schedule(callback, 0, "keeps process alive");
  }

  /** Timers that have not fired yet. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Pending timers that would keep a process alive. */
  get keepingAlive(): number {
    return [...this.#timers].filter((timer) => timer.lifetime === "keeps process alive").length;
  }

  #nextBy(time: number): FakeTimer | undefined {
    let next: FakeTimer | undefined;
    for (const timer of this.#timers) {
      if (timer.at > time) continue;
      const isEarlier = next === undefined || timer.at < next.at ||
        (timer.at === next.at && timer.order < next.order);
      if (isEarlier) next = timer;
    }
    return next;
  }

  /** Lets time pass within one turn: no timer gets a chance to fire. */
  pass(byMs: number): void {
    this.#now += byMs;
  }

  /** Advances, firing timers as they fall due; `afterEach` runs after each timer. */
  async advance(byMs: number, afterEach: () => Promise<void> | void = settle): Promise<void> {
    const end = this.#now + byMs;
    for (let timer = this.#nextBy(end); timer !== undefined; timer = this.#nextBy(end)) {
      this.#timers.delete(timer);
      this.#now = Math.max(this.#now, timer.at);
      timer.callback();
      await afterEach();
    }
    this.#now = end;
  }
}
