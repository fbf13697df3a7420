/**
 * Counts the threads of one pool, including abandoned ones.
 *
 * A statement in a thread cannot be interrupted, so a thread whose caller has given up keeps
 * running. It is replaced, but within limits: at most as many threads are abandoned as were ever in
 * use at once, which a pool limits to its size.
 *
 * @module
 */

/** Counts threads. */
export class ThreadCount {
  #running = 0;
  #abandoned = 0;
  /** The highest number in use at once. */
  #most = 1;
  #waiting: (() => void)[] = [];

  /** Running threads, including abandoned ones. */
  get size(): number {
    return this.#running;
  }

  /** Threads whose callers have given up. */
  get left(): number {
    return this.#abandoned;
  }

  /** Resolves when another thread may be started. */
  async room(): Promise<void> {
    while (this.#abandoned >= this.#most) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  started(): void {
    this.#running += 1;
    this.#most = Math.max(this.#most, this.#running - this.#abandoned);
  }

  ended(): void {
    this.#running -= 1;
  }

  /** @param ended settles when the thread has ended. */
  abandoned(ended: Promise<void>): void {
    this.#abandoned += 1;
    void ended.then(() => {
      this.#abandoned -= 1;
      for (const resolve of this.#waiting.splice(0)) resolve();
    });
  }
}
