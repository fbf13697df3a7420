/**
 * Transfers errors between threads; `postMessage` alone drops their codes and classes.
 *
 * @module
 */

import { ConnectionSetUpError } from "../../driver/errors.ts";
import { messageOf } from "../../platform/describe.ts";
import { SQLiteError, SQLiteIntegerRangeError, withStatement } from "../../sqlite/errors.ts";

/** An error on the wire. */
export interface WireError {
  readonly name: string;
  readonly message: string;
  /** SQLite's extended result code. */
  readonly rawCode: number | undefined;
  /** The column of an integer that does not fit a number. */
  readonly column: string | undefined;
  /** The statement, if the host does not know it because it is part of a script. */
  readonly sql: string | undefined;
  /** Other properties, such as driver codes. */
  readonly fields: Readonly<Record<string, string | number>>;
  readonly cause: WireError | undefined;
}

const OWN_FIELDS: readonly string[] = [
  "name",
  "message",
  "stack",
  "cause",
  "column",
  "rawCode",
  "sql",
];

/** Causes may be circular. */
const MOST_CAUSES = 8;

/** Converts an error and its causes for sending. */
export function encodeError(error: unknown, causes: number = MOST_CAUSES): WireError {
  if (!(error instanceof Error)) {
    return {
      name: "Error",
      message: messageOf(error),
      rawCode: undefined,
      column: undefined,
      sql: undefined,
      fields: {},
      cause: undefined,
    };
  }
  const { name, message, cause } = error;
  return {
    name,
    message,
    rawCode: error instanceof SQLiteError ? error.rawCode : undefined,
    column: error instanceof SQLiteIntegerRangeError ? error.column : undefined,
    sql: error instanceof SQLiteError ? error.sql : undefined,
    fields: Object.fromEntries(
      Object.entries(error).filter(([key, value]) =>
        !OWN_FIELDS.includes(key) && (typeof value === "string" || typeof value === "number")
      ),
    ),
    cause: cause === undefined || causes === 0 ? undefined : encodeError(cause, causes - 1),
  };
}

const STANDARD: Readonly<Record<string, new (message: string, options?: ErrorOptions) => Error>> = {
  TypeError,
  RangeError,
  ConnectionSetUpError,
};

/** Restores an error with its class. */
export function decodeError(wire: WireError): Error {
  const error = decode(wire);
  return wire.sql === undefined ? error : withStatement(error, wire.sql);
}

function decode(wire: WireError): Error {
  const { name, message, rawCode, column, fields } = wire;
  const cause = wire.cause && decodeError(wire.cause);
  if (column !== undefined) return Object.assign(new SQLiteIntegerRangeError(column), fields);
  const options = cause === undefined ? undefined : { cause };
  if (rawCode !== undefined) {
    return Object.assign(new SQLiteError(message, rawCode, options), fields);
  }
  const Known = Object.hasOwn(STANDARD, name) ? STANDARD[name] : undefined;
  const error = Known === undefined ? new Error(message, options) : new Known(message, options);
  if (Known === undefined) Object.defineProperty(error, "name", { value: name });
  return Object.assign(error, fields);
}
