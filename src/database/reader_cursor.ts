/**
 * Iterates over the rows of a query, on a reader that is held until the end.
 *
 * @module
 */

import { showOnConsole } from "../platform/inspect.ts";
import type { Clock } from "../platform/clock.ts";
import { type Deadline, withDeadline } from "../pool/deadline.ts";
import type { PooledConnection } from "../connections/leased_connection.ts";

/** The source of the rows, and the time limit for each. */
export interface RowSource<T> extends Deadline {
  readonly clock: Clock;
  /** Acquires a reader; leaves the queue if the signal aborts. */
  borrow(signal: AbortSignal): Promise<PooledConnection<T>>;
  open(connection: PooledConnection<T>): AsyncIterableIterator<T>;
  /** Called when a reader was acquired. The returned function is called when it is released. */
  onBegin(): () => void;
}

const END: IteratorResult<never> = { done: true, value: undefined };

/**
 * Acquires a connection at the first `next()` and releases it at the end. Calls queue like those of
 * a generator, but `return()` overtakes a `next()` that waits for a reader, and ends it.
 */
export class ReaderCursor<T> implements AsyncIterableIterator<T> {
  readonly #source: RowSource<T>;
  #state: "new" | "borrowing" | "open" | "ended" = "new";
  /** Settles with the last call, for which the next one waits; `undefined` if there is none. */
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

  /** Only the caller awaits the returned promise, so that the stack of an error leads there. */
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
      // A caller that gave up does not wait for the statement.
      if (step === "settled") await ended;
      throw error;
    }
  }

  /** Opens the cursor; `undefined` if the loop ended while waiting for the reader. */
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
