/**
 * The rows of a cursor, counted for those who watch.
 *
 * @module
 */

import { begin } from "./begin.ts";
import type { Operation, Watched } from "./operation.ts";

/**
 * Passes rows on. The operation is over when they are, or when the cursor is closed; its time is
 * that of the calls to the driver.
 */
export function watchedRows<T>(
  rows: AsyncIterableIterator<T>,
  watch: Watched,
  sql: string,
): AsyncIterableIterator<T> {
  let operation: Operation | undefined;
  let count = 0;
  return {
    async next(): Promise<IteratorResult<T>> {
      const first = operation === undefined;
      const watched = operation ??= begin(watch, "query", sql);
      if (first) watched.count(count);
      else watched.resume();
      try {
        const result = await (first ? watched.enter(() => rows.next()) : rows.next());
        watched.pause();
        if (result.done) watched.end();
        else watched.count(++count);
        return result;
      } catch (error) {
        watched.fail(error);
        throw error;
      }
    },
    async return(value?: T): Promise<IteratorResult<T>> {
      await rows.return?.();
      operation?.end();
      return { done: true, value };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
