/**
 * Rows one after the other, for as long as the connection is in its holder's hands.
 *
 * @module
 */

import type { Holder, PhysicalConnection } from "./physical_connection.ts";

/** An iterator over the rows of a statement that ends with its connection's lease. */
export class Cursor<T> implements AsyncIterableIterator<T> {
  readonly #holder: Holder;
  readonly #open: () => AsyncIterableIterator<T>;
  #rows: AsyncIterableIterator<T> | undefined = undefined;
  #session: PhysicalConnection | undefined = undefined;

  /** @param open makes the driver's iterator; called with the first `next()`. */
  constructor(holder: Holder, open: () => AsyncIterableIterator<T>) {
    this.#holder = holder;
    this.#open = open;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<T>> {
    await this.#holder.value.pause();
    const session = this.#holder.value;
    if (this.#rows === undefined) {
      this.#rows = this.#open();
      this.#session = session;
      session.addCursor(this.#rows);
    }
    try {
      const result = await session.watch(this.#rows.next());
      if (result.done) this.#forget();
      return result;
    } catch (error) {
      this.#forget();
      throw session.explain(error);
    }
  }

  async return(value?: T): Promise<IteratorResult<T>> {
    // After release the session may be somebody else's; its cursors were closed then.
    if (this.#rows !== undefined && this.#holder.active) await this.#rows.return?.();
    this.#forget();
    // A cursor that was closed before its first row must not open later.
    this.#rows ??= finished<T>();
    return { done: true, value };
  }

  #forget(): void {
    if (this.#rows !== undefined) this.#session?.removeCursor(this.#rows);
  }
}

function finished<T>(): AsyncIterableIterator<T> {
  const end: IteratorResult<T> = { done: true, value: undefined };
  return {
    next: () => Promise.resolve(end),
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
