/**
 * Statements, values and rows in the shapes of `@libsql/client`.
 *
 * @module
 */

import type { InArgs, InStatement, IntMode, ResultSet, Row, Value } from "@libsql/client";
import type { BindParams, ResultSet as PoolResultSet, SQLiteValue } from "../../mod.ts";

/** A statement as a `Database` takes it. */
export interface Statement {
  readonly sql: string;
  readonly params: BindParams | undefined;
}

/** Takes apart what a client is given. */
export function statementOf(
  statement: InStatement | readonly [string, InArgs?],
  args?: InArgs,
): Statement {
  if (typeof statement === "string") return { sql: statement, params: paramsOf(args) };
  if (Array.isArray(statement)) return { sql: statement[0], params: paramsOf(statement[1]) };
  const { sql, args: own } = statement as Exclude<InStatement, string>;
  return { sql, params: paramsOf(own) };
}

function paramsOf(args: InArgs | undefined): BindParams | undefined {
  if (args === undefined) return undefined;
  if (Array.isArray(args)) return args.map(checkedValue);
  return Object.fromEntries(
    Object.entries(args).map(([name, value]) => [name.replace(/^[@$:]/, ""), checkedValue(value)]),
  );
}

/** What a `Database` would take for NULL, or store as text, is an error of the client. */
function checkedValue(value: unknown): SQLiteValue {
  if (value === undefined) {
    throw new TypeError("undefined cannot be passed as argument to the database");
  }
  if (typeof value === "number" && !Number.isFinite(value)) {
    throw new RangeError("Only finite numbers (not Infinity or NaN) can be passed as arguments");
  }
  if (value instanceof Date) return value.getTime();
  if (typeof value === "bigint" && BigInt.asIntN(64, value) !== value) {
    throw new RangeError(
      "bigint is too large to be represented as a 64-bit integer and passed as argument",
    );
  }
  return value as SQLiteValue;
}

/** Makes rows: objects whose values have both a name and an index. */
export function rowMaker(
  intMode: IntMode,
): (values: SQLiteValue[], columns: readonly string[]) => Row {
  return (values, columns) => {
    const row = {} as Row;
    Object.defineProperty(row, "length", { value: values.length });
    for (const [index, sqlValue] of values.entries()) {
      const value = valueOf(sqlValue, intMode);
      Object.defineProperty(row, index, { value });
      const name = columns[index];
      if (Object.hasOwn(row, name)) continue;
      const shown = { enumerable: true, configurable: true, writable: true };
      Object.defineProperty(row, name, { value, ...shown });
    }
    return row;
  };
}

function valueOf(value: SQLiteValue, intMode: IntMode): Value {
  if (typeof value === "bigint") {
    if (intMode === "bigint") return value;
    if (intMode === "string") return String(value);
    if (Number.isSafeInteger(Number(value))) return Number(value);
    throw new RangeError(
      "Received integer which cannot be safely represented as a JavaScript number",
    );
  }
  if (value instanceof Uint8Array) return bufferOf(value);
  return value as Value;
}

/** The bytes alone: a view may be of a larger buffer. */
function bufferOf(bytes: Uint8Array): ArrayBuffer {
  const { buffer, byteOffset, byteLength } = bytes;
  if (byteLength === buffer.byteLength && buffer instanceof ArrayBuffer) return buffer;
  return buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer;
}

/** A result of `@libsql/client`. */
export function resultOf(result: PoolResultSet<Row>, columnTypes: string[]): ResultSet {
  const { columns, rows, rowsAffected, lastInsertRowid } = result;
  return {
    columns,
    columnTypes,
    rows,
    rowsAffected,
    lastInsertRowid: lastInsertRowid === undefined ? undefined : BigInt(lastInsertRowid),
    toJSON() {
      return {
        columns,
        columnTypes,
        rows: rows.map((row) => Array.prototype.map.call(row, jsonOf)),
        rowsAffected,
        lastInsertRowid: this.lastInsertRowid === undefined ? null : String(this.lastInsertRowid),
      };
    },
  };
}

function jsonOf(value: Value): unknown {
  if (typeof value === "bigint") return String(value);
  if (!(value instanceof ArrayBuffer)) return value;
  return btoa(Array.from(new Uint8Array(value), (byte) => String.fromCharCode(byte)).join(""));
}
