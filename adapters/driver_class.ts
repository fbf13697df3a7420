/**
 * Checks a driver class imported by the user.
 *
 * @module
 */

import { describe } from "../src/platform/describe.ts";
import { read } from "./shape.ts";

/** How to recognize the class of a driver, and how to import it. */
export interface DriverClass {
  /** The function that takes the class. */
  readonly taker: string;
  /** The module that exports the class. */
  readonly module: string;
  /** Example code that imports and passes the class. */
  readonly example: string;
  /** Whether a prototype belongs to the class. */
  matches(prototype: unknown): boolean;
}

/**
 * @throws {TypeError} for anything but the class. The message says what was passed and what to
 * write.
 */
export function checkDriverClass(
  value: unknown,
  { taker, module, example, matches }: DriverClass,
): void {
  if (typeof value === "function" && matches(read(value, "prototype"))) return;
  throw new TypeError(
    `${taker} takes the class that ${module} exports; got ${describeClass(value, matches)}. ` +
      `Write: ${example}`,
  );
}

function describeClass(value: unknown, matches: DriverClass["matches"]): string {
  if (matches(value)) return "an open handle of it";
  // The text itself may be a URL with a token.
  if (typeof value === "string") return "a string, which openDatabase takes";
  return typeof value === "function" ? "another function or class" : describe(value);
}
