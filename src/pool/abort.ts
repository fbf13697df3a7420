/**
 * Listening to signals, which may be of the user's own making.
 *
 * @module
 */

/**
 * Calls back when a signal aborts. A signal that has aborted already sends no event: ask for
 * `aborted` too.
 *
 * @returns Stops listening; it never throws, so that no outcome depends on it.
 */
export function listenForAbort(signal: AbortSignal, listener: () => void): () => void {
  signal.addEventListener("abort", listener);
  return () => {
    try {
      signal.removeEventListener("abort", listener);
    } catch {
      // The wait is over all the same, and the listener does nothing any more.
    }
  };
}
