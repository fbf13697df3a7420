/**
 * What opening a database has in common, whichever driver does it.
 *
 * @module
 */

import { SQLiteError } from "../src/sqlite/errors.ts";
import { codeFromMessage } from "../src/sqlite/result_codes.ts";
import { describe } from "../src/sqlite/values.ts";
import { codeOfName } from "./native_values.ts";
import { read } from "./shape.ts";

/**
 * Makes an error of SQLite of what a driver threw when it opened a database: before there is a
 * connection, nobody else does.
 *
 * @param error What the driver threw.
 */
export function openError(error: unknown): SQLiteError {
  const { errcode, errno, code, message } = error as Error & {
    readonly errcode?: number;
    readonly errno?: number;
    readonly code?: unknown;
  };
  const named = String(code).startsWith("SQLITE_") ? codeOfName(String(code)) : undefined;
  const rawCode = errcode ?? errno ?? named ?? codeFromMessage(message);
  return new SQLiteError(message, rawCode, { cause: error });
}

/**
 * Opens a handle.
 *
 * @param open Calls the driver.
 * @throws {SQLiteError} The driver cannot open it.
 */
export function openHandle<H>(open: () => H): H {
  try {
    return open();
  } catch (error) {
    throw openError(error);
  }
}

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
