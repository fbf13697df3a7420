/**
 * A cursor for drivers that cannot stream, or cannot close what they stream.
 *
 * @module
 */

/** Gives rows one by one that were read all at once, at the first `next()`. */
export class BufferedCursor<R> implements AsyncIterableIterator<R, undefined> {
  #read: (() => Promise<R[]>) | undefined;
  #rows: Promise<R[]> | undefined;
  #failure: Error | undefined;
  #at = 0;
  readonly #running: Set<BufferedCursor<unknown>>;

  /**
   * @param read Reads the rows.
   * @param running Where the cursor is to be found while it is read.
   */
  constructor(read: () => Promise<R[]>, running: Set<BufferedCursor<unknown>>) {
    this.#read = read;
    this.#running = running;
  }

  /** The next row, or `done`; rejects when the statement failed or the cursor was cut off. */
  async next(): Promise<IteratorResult<R, undefined>> {
    if (this.#read !== undefined) {
      this.#running.add(this);
      this.#rows = this.#read();
      this.#read = undefined;
    }
    try {
      const rows = await this.#rows;
      if (this.#failure !== undefined) throw this.#failure;
      if (rows !== undefined && this.#at < rows.length) {
        return { done: false, value: rows[this.#at++] };
      }
      this.#end();
      return { done: true, value: undefined };
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  /** Ends the cursor. */
  return(): Promise<IteratorReturnResult<undefined>> {
    this.#end();
    return Promise.resolve({ done: true, value: undefined });
  }

  /**
   * Ends the cursor.
   *
   * @param error What the promise is rejected with.
   */
  throw(error?: unknown): Promise<IteratorReturnResult<undefined>> {
    this.#end();
    return Promise.reject(error);
  }

  /**
   * Ends the cursor against the will of its reader, who must not mistake this for the last row.
   *
   * @param reason What the next `next()` is rejected with.
   */
  cutOff(reason: Error): void {
    this.#end();
    this.#failure = reason;
  }

  /** The cursor itself. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Ends the cursor. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.return().then(() => {});
  }

  #end(): void {
    this.#read = undefined;
    this.#rows = undefined;
    this.#failure = undefined;
    this.#running.delete(this);
  }
}
