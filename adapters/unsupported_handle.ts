/**
 * The error for a value that is not an open connection.
 *
 * @module
 */

import { UnsupportedHandleError } from "../src/driver/errors.ts";
import { describe } from "../src/platform/describe.ts";
import { isClosed, THREE_METHODS } from "./connection_shape.ts";
import { hasMethods } from "./shape.ts";

/**
 * Creates the error, which says what was passed, what is supported and what to do.
 *
 * @param handle The value.
 * @param drivers The drivers whose handles are supported.
 */
export function unsupportedHandle(
  handle: unknown,
  drivers: readonly string[],
): UnsupportedHandleError {
  return new UnsupportedHandleError(
    `Got ${describe(handle)}, which is not an open connection. ${remedy(handle)} Supported are ` +
      `handles of ${drivers.join(", ")}, and any object with execute(), rollback() and close().`,
  );
}

function remedy(handle: unknown): string {
  if (handle === undefined || handle === null) {
    return "Did the factory forget to return the connection?";
  }
  // Not the text itself, which may be a URL with a token.
  if (typeof handle === "string") {
    return "A path is not a handle: open it, as in new DatabaseSync(path), or use openDatabase(path).";
  }
  if (typeof handle === "function") {
    return "If it is a class, make a handle of it with new; if it is a function, call it.";
  }
  if (typeof handle !== "object") return "";
  if (hasMethods(handle, ["then"])) return "It is a promise: await it first.";
  if (isClosed(handle)) return "The handle is closed: open another one.";
  const missing = THREE_METHODS.filter((name) => !hasMethods(handle, [name]));
  return `It has no ${missing.map((name) => `${name}()`).join(" and no ")}.`;
}
