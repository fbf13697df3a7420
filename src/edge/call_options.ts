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
  const values = options as Readonly<Record<string, unknown>>;
  const { after, signal, drain, name } = values;
  for (const hook of ["rowFactory", "onStatement", "onWarning"]) {
    check(values[hook], typeof values[hook] === "function", hook, "a function");
  }
  for (const limit of ["timeoutMs", "slowStatementMs"]) {
    const value = values[limit];
    const isTime = typeof value === "number" && value >= 0;
    check(value, isTime, limit, "a number from 0 up (milliseconds)");
  }
  check(name, typeof name === "string" && name !== "", "name", "a string that is not empty");
  check(drain, typeof drain === "boolean", "drain", "true or false");
  check(after, typeof after === "string", "after", "a bookmark that session.bookmark gave");
  const { aborted } = (signal ?? {}) as { readonly aborted?: unknown };
  check(signal, typeof aborted === "boolean", "signal", "an AbortSignal");
}

function check(value: unknown, holds: boolean, name: string, expected: string): void {
  if (value === undefined || holds) return;
  const message = `${name} must be ${expected}; got ${describeValue(value)}`;
  const isOutOfRange = typeof value === "number" && name.endsWith("Ms");
  throw isOutOfRange ? new RangeError(message) : new TypeError(message);
}
