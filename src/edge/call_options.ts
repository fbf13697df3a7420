/**
 * Checks of options that take little of a Worker's bundle.
 *
 * @module
 */

import { describeValue } from "../platform/describe.ts";

/** The names of the options that say how a call waits. */
export const WAIT_OPTIONS: readonly string[] = ["signal", "timeoutMs"];

/**
 * Checks the options of a call. Does nothing without any.
 *
 * @param options What the caller passed.
 * @param known The names that the call takes.
 * @throws {TypeError | RangeError} An option is unknown, or is not what it has to be; the message
 *   names it.
 */
export function checkOptions(options: unknown, known: readonly string[]): void {
  if (options === undefined) return;
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`The options must be an object; got ${describeValue(options)}`);
  }
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) {
      throw new TypeError(
        `Unknown option ${JSON.stringify(name)}. The options are ${known.join(", ")}.`,
      );
    }
  }
  const { after, signal, timeoutMs, rowFactory, drain } = options as Readonly<
    Record<string, unknown>
  >;
  check(rowFactory, typeof rowFactory === "function", "rowFactory", "a function");
  const isTime = typeof timeoutMs === "number" && timeoutMs >= 0;
  check(timeoutMs, isTime, "timeoutMs", "a number from 0 up (milliseconds)");
  check(drain, typeof drain === "boolean", "drain", "true or false");
  check(after, typeof after === "string", "after", "a bookmark that session.bookmark gave");
  const { aborted } = (signal ?? {}) as { readonly aborted?: unknown };
  check(signal, typeof aborted === "boolean", "signal", "an AbortSignal");
}

function check(value: unknown, holds: boolean, name: string, expected: string): void {
  if (value === undefined || holds) return;
  const message = `${name} must be ${expected}; got ${describeValue(value)}`;
  const isOutOfRange = typeof value === "number" && name === "timeoutMs";
  throw isOutOfRange ? new RangeError(message) : new TypeError(message);
}
