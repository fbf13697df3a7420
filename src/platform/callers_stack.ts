/**
 * The stack of an error that was made for somebody who waits: in answer to a message of a thread,
 * say, where no line of the caller is on the stack any more.
 *
 * @module
 */

interface StackCapture {
  captureStackTrace?(error: object, below: unknown): void;
}

/**
 * Lets the stack of an error lead to the async functions that wait for it. Costs nothing unless
 * a call fails, if it is called where a rejection is handled in any case: engines know there who
 * waits. V8 follows `then` as well as `await`; Bun's engine follows `await` only, so that there
 * every function from here to the caller has to be an async one.
 *
 * @param error An error that nobody else has, and that no code of the user has made.
 * @returns The same error.
 *
 * @example
 * ```ts ignore
 * return call.then(pick, (error) => { throw withCallersStack(error); });
 * ```
 */
export function withCallersStack<E>(error: E): E {
  const { captureStackTrace } = Error as StackCapture;
  if (!(error instanceof Error) || captureStackTrace === undefined) return error;
  const own = error.stack;
  captureStackTrace(error, withCallersStack);
  // Nobody waits in an async function: where the error was made says more.
  if (!/\n\s+at async /.test(error.stack ?? "")) error.stack = own;
  return error;
}
