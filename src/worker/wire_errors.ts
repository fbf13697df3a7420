/**
 * Errors on their way between threads: `postMessage` drops their codes and their classes.
 *
 * @module
 */

import { messageOf } from "../platform/describe.ts";
import { SQLiteError, SQLiteIntegerRangeError, withStatement } from "../sqlite/errors.ts";

/** An error as it travels. */
export interface WireError {
  readonly name: string;
  readonly message: string;
  /** SQLite's extended result code. */
  readonly rawCode: number | undefined;
  /** The column of a number that no JavaScript number can hold. */
  readonly column: string | undefined;
  /** The statement, where the host does not know it: one of a script. */
  readonly sql: string | undefined;
  /** What else it carried: the codes of drivers. */
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

/** Causes may go round in a circle. */
const MOST_CAUSES = 8;

/** Makes an error fit to travel, with the causes behind it. */
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
};

/** Makes an error again of what has travelled, of the class it had. */
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
