/**
 * Notices a write that waits for the very transaction it is called from.
 *
 * @module
 */

import { SQLitePoolError } from "../pool/errors.ts";
import { type AsyncContext, builtin } from "../platform/builtins.ts";

/** A callback that has the writer, with those around it. */
interface WriteFrame {
  readonly writer: object;
  readonly outer: WriteFrame | undefined;
  state: "running" | "over";
}

const AsyncLocalStorage = builtin("node:async_hooks")?.AsyncLocalStorage;
// Without async context a nested write ends with its timeout instead.
const context: AsyncContext<WriteFrame> | undefined = AsyncLocalStorage === undefined
  ? undefined
  : new AsyncLocalStorage();

/** @throws {SQLitePoolError} inside a callback that has `writer` already. */
export function refuseNestedWrite(writer: object, method: string): void {
  for (let frame = context?.getStore(); frame !== undefined; frame = frame.outer) {
    if (frame.writer !== writer || frame.state === "over") continue;
    throw new SQLitePoolError(
      `db.${method}() was called inside the callback of db.write(). It would wait for the ` +
        "transaction it is in: use the callback's own connection, as in tx.run().",
    );
  }
}

/** Runs the callback of a write, so that nested ones are noticed. */
export async function asWriter<T>(writer: object, fn: () => T | PromiseLike<T>): Promise<T> {
  if (context === undefined) return await fn();
  const frame: WriteFrame = { writer, outer: context.getStore(), state: "running" };
  try {
    return await context.run(frame, fn);
  } finally {
    // Work that the callback started and left behind may write like anybody else.
    frame.state = "over";
  }
}
