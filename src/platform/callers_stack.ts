/**
 * Makes the stack of an error lead to the caller: when it was created asynchronously, such as on a
 * message from a thread, the caller is no longer on the stack; otherwise the functions of this
 * package may hide him, since engines keep only so many.
 *
 * @module
 */

interface StackCapture {
  captureStackTrace?(error: object, below: unknown): void;
}

/**
 * Makes the stack of an error lead to the async functions that await it. Costs nothing unless a
 * call fails, provided it is called where a rejection is handled anyway, since engines know the
 * awaiting functions there. V8 follows `then` as well as `await`; Bun's engine follows only
 * `await`, so every function from here to the caller must be async.
 *
 * @param error An error that nobody else holds and that user code did not create.
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
  // No async function is waiting, so the place where the error was created is more useful.
  if (!/\n\s+at async /.test(error.stack ?? "")) error.stack = own;
  return error;
}

/** The most functions of this package between a caller and the driver, in a nested transaction. */
const OWN_FRAMES = 20;

/**
 * Creates an error whose stack reaches beyond the functions of this package.
 *
 * @param create Creates the error.
 * @returns What `create` returns.
 *
 * @example
 * ```ts ignore
 * throw withLongStack(() => new SQLiteError(message, code));
 * ```
 */
export function withLongStack<E>(create: () => E): E {
  const limit = Object.getOwnPropertyDescriptor(Error, "stackTraceLimit");
  // Somebody who has set it to 0 or frozen it wants no stacks.
  if (typeof limit?.value !== "number" || limit.value <= 0 || !limit.writable) return create();
  const errors = Error as { stackTraceLimit?: number };
  errors.stackTraceLimit = limit.value + OWN_FRAMES;
  try {
    return create();
  } finally {
    errors.stackTraceLimit = limit.value;
  }
}
