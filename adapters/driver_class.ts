/**
 * The class of a driver, which the user has imported and hands over.
 *
 * @module
 */

import { describe } from "../src/platform/describe.ts";
import { read } from "./shape.ts";

/** How the class of a driver is recognised, and what to write to get at it. */
export interface DriverClass {
  /** The function that takes the class. */
  readonly taker: string;
  /** Where the class comes from. */
  readonly module: string;
  /** How it is imported and handed over. */
  readonly example: string;
  /** Whether a prototype is that of the class. */
  matches(prototype: unknown): boolean;
}

/** @throws {TypeError} for anything but the class, saying what it is and what to write. */
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
  // Not the text itself, which may be a URL with a token.
  if (typeof value === "string") return "a string, which openDatabase takes";
  return typeof value === "function" ? "another function or class" : describe(value);
}
