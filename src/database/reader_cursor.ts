/**
 * Rows of a query one after the other, from a reader that is held as long as it takes.
 *
 * @module
 */

import type { PooledConnection } from "./pooled_connection.ts";

/** Borrows a connection with the first `next()` and gives it back at the end. */
export class ReaderCursor<T> implements AsyncIterableIterator<T> {
  readonly #borrow: () => Promise<PooledConnection<T>>;
  readonly #open: (connection: PooledConnection<T>) => AsyncIterableIterator<T>;
  readonly #onEnd: () => void;
  #state: "new" | "open" | "ended" = "new";
  #connection: PooledConnection<T> | undefined = undefined;
  #rows: AsyncIterableIterator<T> | undefined = undefined;

  constructor(
    borrow: () => Promise<PooledConnection<T>>,
    open: (connection: PooledConnection<T>) => AsyncIterableIterator<T>,
    onEnd: () => void,
  ) {
    this.#borrow = borrow;
    this.#open = open;
    this.#onEnd = onEnd;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<T>> {
    if (this.#state === "ended") return { done: true, value: undefined };
    try {
      this.#rows ??= await this.#start();
      const result = await this.#rows.next();
      if (result.done) await this.#end();
      return result;
    } catch (error) {
      await this.#end();
      throw error;
    }
  }

  async return(value?: T): Promise<IteratorResult<T>> {
    await this.#end();
    return { done: true, value };
  }

  async #start(): Promise<AsyncIterableIterator<T>> {
    this.#state = "open";
    const connection = await this.#borrow();
    this.#connection = connection;
    // The loop may have been left while the connection was on its way.
    if (this.#hasEnded()) await connection.release();
    return this.#open(connection);
  }

  #hasEnded(): boolean {
    return this.#state === "ended";
  }

  async #end(): Promise<void> {
    if (this.#state === "open") this.#onEnd();
    this.#state = "ended";
    // Releasing closes the cursor.
    await this.#connection?.release();
  }
}
