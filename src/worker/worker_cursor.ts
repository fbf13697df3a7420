/**
 * Rows from a thread, one at a time for the caller and many at a time on their way.
 *
 * @module
 */

import type { Chunk } from "./reply_reader.ts";

/** Where a cursor gets its rows. `T` is what they are before the caller's row factory. */
export interface ChunkSource<T> {
  /** Starts the statement and brings the first rows. */
  open(): Promise<Chunk<T>>;
  /** Brings more rows. */
  fetch(): Promise<Chunk<T>>;
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
export class WorkerCursor<T, R> implements AsyncIterableIterator<R, undefined>, CutOff {
  readonly #source: ChunkSource<T>;
  readonly #makeRow: (row: T, columns: readonly string[]) => R;
  readonly #running: Set<CutOff>;
  #state: "new" | "running" | "ended" = "new";
  #chunk: Chunk<T> = { rows: [], columns: [], ended: false };
  #at = 0;
  #ahead: Promise<Chunk<T>> | undefined;
  /** The wait for the next chunk, which callers of `next` share. */
  #turning: Promise<void> | undefined;
  #failure: Error | undefined;

  /**
   * @param source Where the rows come from.
   * @param makeRow Makes a row for the caller, in the very call of `next` that gives it.
   * @param running Where the cursor is to be found while the statement runs.
   */
  constructor(
    source: ChunkSource<T>,
    makeRow: (row: T, columns: readonly string[]) => R,
    running: Set<CutOff>,
  ) {
    this.#source = source;
    this.#makeRow = makeRow;
    this.#running = running;
  }

  /** The next row, or `done`; rejects when the statement fails or the cursor was cut off. */
  async next(): Promise<IteratorResult<R, undefined>> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#takeFailure();
      const { rows, columns, ended } = this.#chunk;
      if (this.#at < rows.length) {
        const row = rows[this.#at++];
        try {
          return { done: false, value: this.#makeRow(row, columns) };
        } catch (error) {
          // The row factory of the caller, whose error matters more than one of the thread.
          await this.return().catch(() => {});
          throw error;
        }
      }
      if (this.#state === "ended" || ended) {
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

  #nextChunk(): Promise<Chunk<T>> {
    if (this.#state === "new") {
      this.#state = "running";
      this.#running.add(this);
      return this.#source.open();
    }
    const ahead = this.#ahead ?? this.#source.fetch();
    this.#ahead = undefined;
    return ahead;
  }

  #fetchAhead(): Promise<Chunk<T>> {
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
    this.#chunk = { rows: [], columns: [], ended: true };
    this.#ahead = undefined;
    this.#running.delete(this);
  }
}
