/**
 * The threads of one pool, and how many of them are left to themselves.
 *
 * No driver can interrupt a statement, so a thread whose caller has given up runs on. It is
 * replaced, but not without limit: at most as many are left to themselves as were ever in use at
 * once, which a pool limits to its size.
 *
 * @module
 */

/** Counts threads. */
export class ThreadCount {
  #running = 0;
  #abandoned = 0;
  /** Most that were in use at once. */
  #most = 1;
  #waiting: (() => void)[] = [];

  /** Threads that run or wait for work, those left to themselves among them. */
  get size(): number {
    return this.#running;
  }

  /** Threads that nobody waits for any more. */
  get left(): number {
    return this.#abandoned;
  }

  /** Settles when another thread may be started. */
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

  /** @param ended settles when the thread has ended after all. */
  abandoned(ended: Promise<void>): void {
    this.#abandoned += 1;
    void ended.then(() => {
      this.#abandoned -= 1;
      for (const resolve of this.#waiting.splice(0)) resolve();
    });
  }
}
