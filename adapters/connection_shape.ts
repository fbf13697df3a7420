/**
 * What is a connection already, and what was a handle before it was closed.
 *
 * @module
 */

import type { AsyncConnection, DriverConnection } from "../src/driver/connection.ts";
import { brandOf, hasMethods, read } from "./shape.ts";

/** What any object needs to be a connection. */
export const THREE_METHODS: readonly string[] = ["execute", "rollback", "close"];

/**
 * Whether something has the three methods of a connection.
 *
 * @param value Anything.
 */
export function isThreeMethods(value: unknown): value is AsyncConnection {
  return typeof value === "object" && value !== null && hasMethods(value, THREE_METHODS);
}

/**
 * Whether something is a connection of this package, or made like one.
 *
 * @param value Anything.
 */
export function isDriverConnection(value: unknown): value is DriverConnection {
  return isThreeMethods(value) && typeof read(value, "inTransactionIsCertain") === "boolean" &&
    hasMethods(value, ["iterate", "executeScript"]);
}

/**
 * Whether a handle carries the mark of a driver but has been closed.
 *
 * @param handle Anything.
 */
export function isClosed(handle: unknown): boolean {
  if (brandOf(handle) === "node:sqlite") return read(handle, "isOpen") === false;
  // The getter throws then.
  return brandOf(handle) === "bun:sqlite" && read(handle, "inTransaction") === undefined;
}
