/**
 * Rows of a query one after the other, from a reader that is held as long as it takes.
 *
 * @module
 */

import type { Clock } from "../platform/clock.ts";
import { type Deadline, withDeadline } from "../pool/deadline.ts";
import type { PooledConnection } from "../connections/leased_connection.ts";

/** How long a row may be waited for. */
export interface RowLimit extends Deadline {
  readonly clock: Clock;
}

/** Borrows a connection with the first `next()` and gives it back at the end. */
export class ReaderCursor<T> implements AsyncIterableIterator<T> {
  readonly #borrow: () => Promise<PooledConnection<T>>;
  readonly #open: (connection: PooledConnection<T>) => AsyncIterableIterator<T>;
  readonly #limit: RowLimit;
  readonly #onEnd: () => void;
  #state: "new" | "open" | "ended" = "new";
  #connection: PooledConnection<T> | undefined = undefined;
  #rows: AsyncIterableIterator<T> | undefined = undefined;

  constructor(
    borrow: () => Promise<PooledConnection<T>>,
    open: (connection: PooledConnection<T>) => AsyncIterableIterator<T>,
    limit: RowLimit,
    onEnd: () => void,
  ) {
    this.#borrow = borrow;
    this.#open = open;
    this.#limit = limit;
    this.#onEnd = onEnd;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<T>> {
    if (this.#state === "ended") return { done: true, value: undefined };
    let step = "settled" as "settled" | "under way";
    try {
      const rows = this.#rows ??= await this.#start();
      step = "under way";
      const result = await withDeadline(
        this.#limit.clock,
        this.#limit,
        () => rows.next().finally(() => step = "settled"),
      );
      if (result.done) await this.#end();
      return result;
    } catch (error) {
      const ended = this.#end();
      // Whoever gave up does not wait for the statement.
      if (step === "settled") await ended;
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
