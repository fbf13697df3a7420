/**
 * Sessions of databases whose readers see all that is committed.
 *
 * @module
 */

import { describeValue } from "../platform/describe.ts";
import { refuseUnknownOptions } from "../pool/option_names.ts";
import type { Database, Session, SessionOptions } from "./database.ts";

/**
 * The bookmark that a session continues from; empty without one.
 *
 * @throws {TypeError} when it is not text.
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

/** A session that is the database under another name: it sees every bookmark's writes at once. */
export function plainSession<R>(db: Database<R>, options?: SessionOptions): Session<R> {
  bookmarkIn(options);
  return sessionOf(db);
}

/** The same, for who has checked the options. */
export function sessionOf<R>(db: Database<R>): Session<R> {
  const methods = METHODS.map((method) => [method, db[method].bind(db)]);
  return { ...Object.fromEntries(methods), bookmark: "" };
}
