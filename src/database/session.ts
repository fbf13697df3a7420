/**
 * Sessions of databases whose readers see all commits.
 *
 * @module
 */

import { describeValue } from "../platform/describe.ts";
import { refuseUnknownOptions } from "../pool/option_names.ts";
import type { Database, Session, SessionOptions } from "./database.ts";

/**
 * Returns the bookmark that a session continues from; empty if there is none.
 *
 * @throws {TypeError} if it is not a string.
 */
export function bookmarkIn(options: SessionOptions = {}): string {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`session takes { after }; got ${describeValue(options)}`);
  }
  refuseUnknownOptions(options, ["after"]);
  const { after = "" } = options;
  if (typeof after === "string") return after;
  throw new TypeError(
    `after must be a bookmark that session.bookmark gave; got ${describeValue(after)}`,
  );
}

const METHODS = [
  ...["get", "all", "value", "values", "iterate", "read"] as const,
  ...["execute", "run", "batch", "executeScript", "write"] as const,
];

/** A session that forwards to the database, whose readers see all writes at once. */
export function plainSession<R>(db: Database<R>, options?: SessionOptions): Session<R> {
  bookmarkIn(options);
  return sessionOf(db);
}

/** The same, for who has checked the options. */
export function sessionOf<R>(db: Database<R>): Session<R> {
  const methods = METHODS.map((method) => [method, db[method].bind(db)]);
  return { ...Object.fromEntries(methods), bookmark: "" };
}
