/**
 * Recognizes connections, and handles that were closed.
 *
 * @module
 */

import type { AsyncConnection, DriverConnection } from "../src/driver/connection.ts";
import { brandOf, hasMethods, read } from "./shape.ts";

/** The methods that make any object a connection. */
export const THREE_METHODS: readonly string[] = ["execute", "rollback", "close"];

/**
 * Whether a value has the three methods of a connection.
 *
 * @param value Any value.
 */
export function isThreeMethods(value: unknown): value is AsyncConnection {
  return typeof value === "object" && value !== null && hasMethods(value, THREE_METHODS);
}

/**
 * Whether a value is a connection of this package, or has the same interface.
 *
 * @param value Any value.
 */
export function isDriverConnection(value: unknown): value is DriverConnection {
  return isThreeMethods(value) && typeof read(value, "inTransactionIsCertain") === "boolean" &&
    hasMethods(value, ["iterate", "executeScript"]);
}

/**
 * Whether a value is a handle of a built-in driver that was closed.
 *
 * @param handle Any value.
 */
export function isClosed(handle: unknown): boolean {
  if (brandOf(handle) === "node:sqlite") return read(handle, "isOpen") === false;
  // The getter of a closed handle throws.
  return brandOf(handle) === "bun:sqlite" && read(handle, "inTransaction") === undefined;
}
