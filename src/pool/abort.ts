/**
 * Listens to abort signals, which may be user-defined objects.
 *
 * @module
 */

/**
 * Calls back when a signal aborts. A signal that has already aborted fires no event, so check
 * `aborted` as well.
 *
 * @returns a function that stops listening. It never throws, so no outcome depends on it.
 */
export function listenForAbort(signal: AbortSignal, listener: () => void): () => void {
  signal.addEventListener("abort", listener);
  return () => {
    try {
      signal.removeEventListener("abort", listener);
    } catch {
      // The wait is over anyway, and the listener no longer does anything.
    }
  };
}
