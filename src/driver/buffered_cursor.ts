/**
 * A cursor for drivers that cannot stream, or cannot close what they stream.
 *
 * @module
 */

/** Returns rows one by one that were all read at the first `next()`. */
export class BufferedCursor<R> implements AsyncIterableIterator<R, undefined> {
  #read: (() => Promise<R[]>) | undefined;
  #rows: Promise<R[]> | undefined;
  #failure: Error | undefined;
  #at = 0;
  readonly #running: Set<BufferedCursor<unknown>>;

  /**
   * @param read Reads the rows.
   * @param running Contains the cursor while it is open.
   */
  constructor(read: () => Promise<R[]>, running: Set<BufferedCursor<unknown>>) {
    this.#read = read;
    this.#running = running;
  }

  /** Returns the next row, or `done`. Rejects if the statement failed or the cursor was aborted. */
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
   * Aborts the cursor. The reader gets an error, so that it does not mistake this for the last row.
   *
   * @param reason The error of the next `next()`.
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
