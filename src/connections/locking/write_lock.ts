/**
 * The turn to write.
 *
 * SQLite allows one writer at a time and has no queue: connections that poll for its lock overtake
 * each other, and some starve. The connections of one process take turns here, first come, first
 * served, and only the one whose turn it is competes with other processes.
 *
 * A process that begins a transaction right after its last one nearly always gets the lock again,
 * because others wait between two attempts. So if other processes want the lock, the turn is
 * withheld for a moment now and then.
 *
 * @module
 */

import type { Clock, Environment } from "../../platform/clock.ts";
import type { WaitCounters } from "../../pool/stats.ts";
import { type Wait, type Waiter, WaitQueue } from "../../pool/wait_queue.ts";

/**
 * A process yields after it has held the lock for this long, over all its transactions. Each
 * handover invalidates page caches and leaves the lock unused for about half a millisecond.
 */
const TENURE_MS = 10;

/**
 * How long it then stays away. Others retry every 1 or 2 ms, on Deno every 2 or 3, or later if they
 * are busy. The rest of the gap costs nothing once another process has the lock.
 */
export const GAP_MS = 4;

/** An unused gap doubles the tenure. At this length the process counts as alone again. */
const TENURE_ALONE_MS = 1_280;

/** Tracks how long a process has held the lock. */
export class LockTenure {
  #limitMs = Infinity;
  #heldMs = 0;
  #takenAt = 0;
  #leftAt = -Infinity;

  /** Whether no other process seems to want the lock. */
  get alone(): boolean {
    return this.#limitMs === Infinity;
  }

  /** Records that another process has the lock. */
  metOthers(now: number): void {
    this.#limitMs = TENURE_MS;
    this.#heldMs = 0;
    this.#takenAt = now;
  }

  /** Records that this process takes the lock. */
  took(now: number): void {
    // Others have had enough time to take the lock.
    if (now - this.#leftAt >= GAP_MS) this.#heldMs = 0;
    this.#takenAt = now;
  }

  /** Records that this process has released the lock. Returns how long it must stay away. */
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

/** A waiter for the turn. */
interface Candidate<H> {
  readonly holder: H;
  readonly timeoutError: () => Error;
}

/** A first-in, first-out lock. `H` identifies a holder. */
export class WriteLock<H extends object> {
  /** The wait counters, for the queue and for other processes. */
  readonly counters: WaitCounters = { queued: 0, waitMs: 0, timeouts: 0, aborts: 0 };
  /** How many callers are waiting for other processes. */
  polling = 0;
  readonly #clock: Clock;
  readonly #queue: WaitQueue<void, Candidate<H>>;
  readonly #tenure = new LockTenure();
  #holder: H | undefined = undefined;
  /** The end of the gap for other processes; 0 outside a gap. */
  #gapEndsAt = 0;
  /** Whether a timer passes the turn on at the end of the gap. */
  #gapIsTimed = false;

  constructor({ clock }: Environment) {
    this.#clock = clock;
    this.#queue = new WaitQueue(clock, {
      counters: this.counters,
      onExpire: ({ details }: Waiter<void, Candidate<H>>) => details.timeoutError(),
    });
  }

  /** How many callers are waiting. */
  get waiting(): number {
    return this.#queue.size + this.polling;
  }

  /** Whether no other process seems to want the lock. */
  get alone(): boolean {
    return this.#tenure.alone;
  }

  /** Records that the holder found the lock held by another process. */
  metOthers(): void {
    this.#tenure.metOthers(this.#clock.now());
  }

  isHeldBy(holder: H): boolean {
    return this.#holder === holder;
  }

  /** Takes the turn synchronously if it is free or already the caller's. */
  tryTake(holder: H): boolean {
    if (this.#holder === holder) return true;
    if (this.#holder !== undefined || this.#isInGap()) return false;
    this.#give(holder);
    return true;
  }

  /**
   * Waits for the turn; returns `undefined` if the caller gets it at once. Rejects with the reason
   * of the signal, or with the error of `timeoutError` at the deadline.
   */
  take(holder: H, wait: Wait, timeoutError: () => Error): Promise<void> | undefined {
    if (this.tryTake(holder)) return undefined;
    const { promise } = this.#queue.wait(wait, { holder, timeoutError });
    if (this.#holder === undefined) this.#timeGap();
    return promise;
  }

  /**
   * Passes the turn on, after a gap if it is time to yield to other processes. Does nothing if the
   * turn is not the caller's.
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
    // A holder that keeps the turn for a transaction would wait for itself in its other calls.
    this.#queue.acceptAll(({ details }) => details.holder === holder, undefined);
  }

  #isInGap(): boolean {
    // Waiters take precedence if the timer is late, so nobody may take the turn here.
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
