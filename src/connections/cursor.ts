/**
 * Row iterators that end with the lease of their connection.
 *
 * @module
 */

import { showOnConsole } from "../platform/inspect.ts";
import type { Holder } from "./holder.ts";
import type { PhysicalConnection } from "./physical_connection.ts";
import { NO_ROWS } from "./query.ts";

/** An iterator over the rows of a statement that ends with its connection's lease. */
export class Cursor<T> implements AsyncIterableIterator<T> {
  readonly #holder: Holder<PhysicalConnection>;
  readonly #open: (physical: PhysicalConnection) => AsyncIterableIterator<T>;
  #rows: AsyncIterableIterator<T> | undefined = undefined;
  #physical: PhysicalConnection | undefined = undefined;
  /** Settles when the first row has arrived; `undefined` before and afterwards. */
  #starting: Promise<void> | undefined = undefined;

  static {
    showOnConsole<Cursor<unknown>>(this, "Cursor", (cursor) => {
      if (cursor.#rows === undefined) return { state: "new" };
      const isOpen = cursor.#holder.active && cursor.#physical?.activity.cursors.has(cursor.#rows);
      return { state: isOpen ? "open" : "ended" };
    });
  }

  /** @param open creates the driver's iterator; called at the first `next()`. */
  constructor(
    holder: Holder<PhysicalConnection>,
    open: (physical: PhysicalConnection) => AsyncIterableIterator<T>,
  ) {
    this.#holder = holder;
    this.#open = open;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<T>> {
    const { loading } = this.#holder.value;
    if (loading !== undefined) await loading;
    await this.#holder.value.pause();
    const physical = this.#holder.value;
    try {
      if (this.#starting !== undefined) await this.#starting;
      const result = this.#rows === undefined
        ? await this.#start(physical)
        : await physical.track(this.#rows.next());
      if (result.done) this.#forget();
      return result;
    } catch (error) {
      this.#forget();
      // A failed cursor must not restart.
      this.#rows = finished<T>();
      throw physical.explain(error, true);
    }
  }

  #start(physical: PhysicalConnection): Promise<IteratorResult<T>> {
    const rows = this.#rows = this.#open(physical);
    this.#physical = physical;
    physical.activity.cursors.add(rows);
    const first = firstRow(physical, this.#holder, () => rows.next());
    const over = (): void => {
      this.#starting = undefined;
    };
    this.#starting = first.then(over, over);
    return first;
  }

  async return(value?: T): Promise<IteratorResult<T>> {
    // After the release the connection may have a new holder; its cursors were closed then.
    if (this.#rows !== undefined && this.#holder.active) await this.#rows.return?.();
    this.#forget();
    // A cursor that was closed before its first row must not open later.
    this.#rows ??= finished<T>();
    return { done: true, value };
  }

  #forget(): void {
    if (this.#rows !== undefined) this.#physical?.activity.cursors.delete(this.#rows);
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

/** In a thread this fails if the transaction has ended, and has no other effect. */
const STILL_OPEN = "SELECT 1";

/**
 * Requests the first row of a cursor, which starts its statement. Like any other it may run only
 * inside its holder's transaction.
 */
async function firstRow<T>(
  physical: PhysicalConnection,
  holder: Holder<PhysicalConnection>,
  next: () => Promise<T>,
): Promise<T> {
  const { driver, activity } = physical;
  while (activity.ahead !== undefined) await activity.wait(activity.ahead);
  // The holder may have released the connection by now.
  void holder.value;
  if (driver.executeSync !== undefined || holder.guarded !== true) {
    return await physical.track(next());
  }
  if (driver.executeInTransaction === undefined) return await physical.track(holder.inOrder!(next));
  const first = driver.executeInTransaction(STILL_OPEN, undefined, NO_ROWS).then(() => {
    void holder.value;
    return next();
  });
  return await physical.track(activity.goAhead(first));
}
