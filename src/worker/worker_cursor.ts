/**
 * Streams rows from a thread, one by one for the caller and in chunks between threads.
 *
 * @module
 */

import type { Chunk } from "./reply_reader.ts";

/** The source of a cursor's rows. `T` is their type before the caller's row factory. */
export interface ChunkSource<T> {
  /** Starts the statement and fetches the first rows. */
  open(): Promise<Chunk<T>>;
  /** Fetches more rows. */
  fetch(): Promise<Chunk<T>>;
  /** Ends the statement before its last row. */
  close(): Promise<void>;
}

/** A cursor as seen by its connection. */
export interface CutOff {
  /**
   * Aborts the cursor. The reader gets an error, so that it does not mistake this for the last row.
   *
   * @param reason The error of the next `next()`.
   */
  cutOff(reason: Error): void;
}

/**
 * Streams the rows of one statement, which starts at the first `next()`. Only one chunk is fetched
 * ahead while another is read, so a slow reader pauses the statement.
 */
export class WorkerCursor<T, R> implements AsyncIterableIterator<R, undefined>, CutOff {
  readonly #source: ChunkSource<T>;
  readonly #makeRow: (row: T, columns: readonly string[]) => R;
  readonly #running: Set<CutOff>;
  #state: "new" | "running" | "ended" = "new";
  #chunk: Chunk<T> = { rows: [], columns: [], ended: false };
  #at = 0;
  #ahead: Promise<Chunk<T>> | undefined;
  /** The wait for the next chunk, shared by all callers of `next`. */
  #turning: Promise<void> | undefined;
  #failure: Error | undefined;

  /**
   * @param source The source of the rows.
   * @param makeRow Creates a row for the caller, during the call of `next` that returns it.
   * @param running Contains the cursor while its statement runs.
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

  /** Returns the next row, or `done`. Rejects if the statement fails or the cursor was aborted. */
  async next(): Promise<IteratorResult<R, undefined>> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#takeFailure();
      const { rows, columns, ended } = this.#chunk;
      if (this.#at < rows.length) {
        const row = rows[this.#at++];
        try {
          return { done: false, value: this.#makeRow(row, columns) };
        } catch (error) {
          // The caller's row factory threw, and its error takes precedence over one of the thread.
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

  /** Ends the cursor; the statement itself ends elsewhere. */
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
      // The cursor was aborted or closed while the chunk was in transit.
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
    // A reader that continues gets the error; others do not need it.
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
