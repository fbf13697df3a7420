/**
 * Whose turn it is to write.
 *
 * SQLite has one writer at a time and no queue: connections that poll for its lock overtake each
 * other, and some starve. Connections of one process take turns here, first come, first served,
 * and only the one whose turn it is competes with other processes.
 *
 * A process that begins its next transaction right after the last nearly always gets the lock
 * again, while others wait between two tries. So when others want the lock too, the turn is
 * nobody's for a moment now and then.
 *
 * @module
 */

import type { Clock, Environment } from "../../platform/clock.ts";
import type { WaitCounters } from "../../pool/stats.ts";
import { type Wait, type Waiter, WaitQueue } from "../../pool/wait_queue.ts";

/**
 * A process lets go after it has held the lock for this long, all its transactions together. Each
 * change of hands empties page caches and leaves the lock unused for about half a millisecond.
 */
const TENURE_MS = 10;

/**
 * How long it stays away then. Others try every 1 or 2 ms, on Deno every 2 or 3, and late when they
 * have other work. What is left of the gap once somebody has the lock costs nothing.
 */
export const GAP_MS = 4;

/** A gap that nobody used doubles the tenure. With one this long the process is alone again. */
const TENURE_ALONE_MS = 1_280;

/** Keeps count of the time for which a process holds the lock. Times are those of its clock. */
export class LockTenure {
  #limitMs = Infinity;
  #heldMs = 0;
  #takenAt = 0;
  #leftAt = -Infinity;

  /** Whether nobody else seems to want the lock. */
  get alone(): boolean {
    return this.#limitMs === Infinity;
  }

  /** Another process has the lock. */
  metOthers(now: number): void {
    this.#limitMs = TENURE_MS;
    this.#heldMs = 0;
    this.#takenAt = now;
  }

  /** The process takes the lock. */
  took(now: number): void {
    // Whoever wanted it has had the time to take it.
    if (now - this.#leftAt >= GAP_MS) this.#heldMs = 0;
    this.#takenAt = now;
  }

  /** The process has released the lock. Returns for how long it is to stay away. */
  left(now: number): number {
    this.#leftAt = now;
    this.#heldMs += now - this.#takenAt;
    if (this.#heldMs < this.#limitMs) return 0;
    this.#heldMs = 0;
    const doubled = this.#limitMs * 2;
    this.#limitMs = doubled > TENURE_ALONE_MS ? Infinity : doubled;
    return GAP_MS;
  }
}

/** Who waits for the turn. */
interface Candidate<H> {
  readonly holder: H;
  readonly timeoutError: () => Error;
}

/** A first-in-first-out lock. `H` is whatever identifies a holder. */
export class WriteLock<H extends object> {
  /** What waiting for the lock has come to, in the queue and for other processes. */
  readonly counters: WaitCounters = { queued: 0, waitMs: 0, timeouts: 0, aborts: 0 };
  /** How many wait for other processes. */
  polling = 0;
  readonly #clock: Clock;
  readonly #queue: WaitQueue<void, Candidate<H>>;
  readonly #tenure = new LockTenure();
  #holder: H | undefined = undefined;
  /** Until when other processes are left alone with the lock; 0 outside a gap. */
  #gapEndsAt = 0;
  /** Whether a timer hands on the turn at the end of the gap. */
  #gapIsTimed = false;

  constructor({ clock }: Environment) {
    this.#clock = clock;
    this.#queue = new WaitQueue(clock, {
      counters: this.counters,
      onExpire: ({ details }: Waiter<void, Candidate<H>>) => details.timeoutError(),
    });
  }

  /** How many wait at the moment. */
  get waiting(): number {
    return this.#queue.size + this.polling;
  }

  /** Whether no other process seems to want the lock. */
  get alone(): boolean {
    return this.#tenure.alone;
  }

  /** The holder has found the lock in the hands of another process. */
  metOthers(): void {
    this.#tenure.metOthers(this.#clock.now());
  }

  isHeldBy(holder: H): boolean {
    return this.#holder === holder;
  }

  /** Takes the turn in this very call if it is free or already the caller's. */
  tryTake(holder: H): boolean {
    if (this.#holder === holder) return true;
    if (this.#holder !== undefined || this.#isInGap()) return false;
    this.#give(holder);
    return true;
  }

  /**
   * Waits for the turn; `undefined` when it is the caller's at once. Rejects with the reason of the
   * signal, or with what `timeoutError` makes when the time is up.
   */
  take(holder: H, wait: Wait, timeoutError: () => Error): Promise<void> | undefined {
    if (this.tryTake(holder)) return undefined;
    const { promise } = this.#queue.wait(wait, { holder, timeoutError });
    if (this.#holder === undefined) this.#timeGap();
    return promise;
  }

  /**
   * Passes the turn on, after a gap when it is time to let others have the lock. Does nothing when
   * it is not the caller's.
   */
  leave(holder: H): void {
    if (this.#holder !== holder) return;
    this.#holder = undefined;
    if (!this.alone) {
      const now = this.#clock.now();
      const gapMs = this.#tenure.left(now);
      if (gapMs > 0) this.#gapEndsAt = now + gapMs;
    }
    if (this.#queue.size === 0) return;
    if (this.#gapEndsAt > 0) this.#timeGap();
    else this.#passOn();
  }

  #give(holder: H): void {
    this.#holder = holder;
    if (!this.alone) this.#tenure.took(this.#clock.now());
  }

  #passOn(): void {
    const next = this.#queue.first;
    if (next === undefined) return;
    const { holder } = next.details;
    this.#give(holder);
    next.accept();
    // Whoever keeps the turn for a transaction would wait for itself with its other calls.
    this.#queue.acceptAll(({ details }) => details.holder === holder, undefined);
  }

  #isInGap(): boolean {
    // Those who wait come first when the timer is late, and it must find the turn to be nobody's.
    if (this.#gapIsTimed) return true;
    if (this.#gapEndsAt > 0 && this.#clock.now() >= this.#gapEndsAt) this.#gapEndsAt = 0;
    return this.#gapEndsAt > 0;
  }

  #timeGap(): void {
    if (this.#gapIsTimed) return;
    this.#gapIsTimed = true;
    const endGap = (): void => {
      this.#gapIsTimed = false;
      this.#gapEndsAt = 0;
      this.#passOn();
    };
    const restMs = this.#gapEndsAt - this.#clock.now();
    this.#clock.schedule(endGap, Math.max(0, restMs), "keeps process alive");
  }
}
