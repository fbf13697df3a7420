/**
 * Rows of a query one after the other, from a reader that is held as long as it takes.
 *
 * @module
 */

import { showOnConsole } from "../platform/inspect.ts";
import type { Clock } from "../platform/clock.ts";
import { type Deadline, withDeadline } from "../pool/deadline.ts";
import type { PooledConnection } from "../connections/leased_connection.ts";

/** Where the rows come from, and how long each may take. */
export interface RowSource<T> extends Deadline {
  readonly clock: Clock;
  /** Borrows a reader; gives up its place in the queue when the signal aborts. */
  borrow(signal: AbortSignal): Promise<PooledConnection<T>>;
  open(connection: PooledConnection<T>): AsyncIterableIterator<T>;
  /** Called when a reader was borrowed. Call what it returns when it is given back. */
  onBegin(): () => void;
}

const END: IteratorResult<never> = { done: true, value: undefined };

/**
 * Borrows a connection with the first `next()` and gives it back at the end. Calls queue, as those
 * of a generator do; but `return()` overtakes a `next()` that waits for a reader, and ends it.
 */
export class ReaderCursor<T> implements AsyncIterableIterator<T> {
  readonly #source: RowSource<T>;
  #state: "new" | "borrowing" | "open" | "ended" = "new";
  /** Settles with the last call, which the next one waits for; `undefined` while there is none. */
  #last: Promise<void> | undefined = undefined;
  #connection: PooledConnection<T> | undefined = undefined;
  #rows: AsyncIterableIterator<T> | undefined = undefined;
  /** Ends the wait for a reader. */
  readonly #leave = new AbortController();
  #onEnd: () => void = () => {};

  static {
    showOnConsole<ReaderCursor<unknown>>(this, "Cursor", (cursor) => ({ state: cursor.#state }));
  }

  constructor(source: RowSource<T>) {
    this.#source = source;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<T>> {
    return this.#inOrder(() => this.#next());
  }

  return(value?: T): Promise<IteratorResult<T>> {
    const end = async (): Promise<IteratorResult<T>> => {
      await this.#end();
      return { done: true, value };
    };
    if (this.#state !== "borrowing") return this.#inOrder(end);
    this.#leave.abort();
    return end();
  }

  /** Nobody but the caller awaits what this returns, so that the stack of an error leads there. */
  async #inOrder<R>(call: () => Promise<R>): Promise<R> {
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    if (before !== undefined) await before;
    try {
      return await call();
    } finally {
      if (this.#last === promise) this.#last = undefined;
      resolve();
    }
  }

  async #next(): Promise<IteratorResult<T>> {
    if (this.#state === "ended") return END;
    let step = "settled" as "settled" | "under way";
    try {
      const rows = this.#rows ??= await this.#start();
      if (rows === undefined) return END;
      step = "under way";
      const result = await withDeadline(
        this.#source.clock,
        this.#source,
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

  /** Opens the cursor; `undefined` when the loop was left while the reader was on its way. */
  async #start(): Promise<AsyncIterableIterator<T> | undefined> {
    const { signal } = this.#source;
    const leave = this.#leave;
    const forward = (): void => leave.abort(signal?.reason);
    signal?.addEventListener("abort", forward);
    if (signal?.aborted) forward();
    this.#state = "borrowing";
    try {
      const connection = await this.#source.borrow(leave.signal);
      if (this.#hasEnded()) {
        await connection.release();
        return undefined;
      }
      this.#state = "open";
      this.#connection = connection;
      this.#onEnd = this.#source.onBegin();
      return this.#source.open(connection);
    } catch (error) {
      if (this.#hasEnded()) return undefined;
      throw error;
    } finally {
      signal?.removeEventListener("abort", forward);
    }
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
