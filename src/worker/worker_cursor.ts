/**
 * Rows from a thread, one at a time for the caller and many at a time on their way.
 *
 * @module
 */

/** Some rows. */
export interface Chunk<R> {
  readonly rows: readonly R[];
  /** Whether there are no more. */
  readonly ended: boolean;
}

/** Where a cursor gets its rows. */
export interface ChunkSource<R> {
  /** Starts the statement and brings the first rows. */
  open(): Promise<Chunk<R>>;
  /** Brings more rows. */
  fetch(): Promise<Chunk<R>>;
  /** Ends the statement before its last row. */
  close(): Promise<void>;
}

/** A cursor, as far as its connection is concerned. */
export interface CutOff {
  /**
   * Ends the cursor against the will of its reader, who must not mistake this for the last row.
   *
   * @param reason What the next `next()` is rejected with.
   */
  cutOff(reason: Error): void;
}

/**
 * Streams the rows of one statement, which starts to run at the first `next()`. One chunk is
 * fetched ahead while another is read, and no more: a slow reader holds the statement back.
 */
export class WorkerCursor<R> implements AsyncIterableIterator<R, undefined>, CutOff {
  readonly #source: ChunkSource<R>;
  readonly #running: Set<CutOff>;
  #state: "new" | "running" | "ended" = "new";
  #chunk: Chunk<R> = { rows: [], ended: false };
  #at = 0;
  #ahead: Promise<Chunk<R>> | undefined;
  /** The wait for the next chunk, which callers of `next` share. */
  #turning: Promise<void> | undefined;
  #failure: Error | undefined;

  /**
   * @param source where the rows come from.
   * @param running where the cursor is to be found while the statement runs.
   */
  constructor(source: ChunkSource<R>, running: Set<CutOff>) {
    this.#source = source;
    this.#running = running;
  }

  /** The next row, or `done`; rejects when the statement fails or the cursor was cut off. */
  async next(): Promise<IteratorResult<R, undefined>> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#takeFailure();
      if (this.#at < this.#chunk.rows.length) {
        return { done: false, value: this.#chunk.rows[this.#at++] };
      }
      if (this.#state === "ended" || this.#chunk.ended) {
        this.#forget();
        return { done: true, value: undefined };
      }
      await (this.#turning ??= this.#turnOver());
    }
  }

  /** Ends the statement. */
  async return(): Promise<IteratorReturnResult<undefined>> {
    this.#failure = undefined;
    const open = this.#state === "running" && !this.#chunk.ended;
    this.#forget();
    if (open) await this.#source.close();
    return { done: true, value: undefined };
  }

  /**
   * Ends the statement.
   *
   * @param error What the promise is rejected with.
   */
  async throw(error?: unknown): Promise<IteratorReturnResult<undefined>> {
    await this.return();
    throw error;
  }

  /** Ends the cursor; the statement itself ends by other means. */
  cutOff(reason: Error): void {
    this.#forget();
    this.#failure = reason;
  }

  /** The cursor itself. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Ends the statement. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.return().then(() => {});
  }

  async #turnOver(): Promise<void> {
    try {
      const chunk = await this.#nextChunk();
      // Cut off or ended while the chunk was on its way.
      if (this.#hasEnded()) return;
      this.#chunk = chunk;
      this.#at = 0;
      if (chunk.ended) this.#running.delete(this);
      else this.#ahead = this.#fetchAhead();
    } catch (error) {
      if (this.#hasEnded()) return;
      this.#forget();
      throw error;
    } finally {
      this.#turning = undefined;
    }
  }

  #nextChunk(): Promise<Chunk<R>> {
    if (this.#state === "new") {
      this.#state = "running";
      this.#running.add(this);
      return this.#source.open();
    }
    const ahead = this.#ahead ?? this.#source.fetch();
    this.#ahead = undefined;
    return ahead;
  }

  #fetchAhead(): Promise<Chunk<R>> {
    const ahead = this.#source.fetch();
    // Whoever reads on is told; whoever does not, need not know.
    ahead.catch(() => {});
    return ahead;
  }

  #hasEnded(): boolean {
    return this.#state === "ended";
  }

  #takeFailure(): Error | undefined {
    const failure = this.#failure;
    this.#failure = undefined;
    return failure;
  }

  #forget(): void {
    this.#state = "ended";
    this.#chunk = { rows: [], ended: true };
    this.#ahead = undefined;
    this.#running.delete(this);
  }
}
