/**
 * The outcome of one statement, for drivers that report all of it at once.
 *
 * @module
 */

import { type IntMode, objectRow, settleIntegers } from "./rows.ts";
import { isWrite, type Verb } from "./statement_head.ts";
import type { ResultSet, RowFactory, RowOptions, SQLiteValue } from "./types.ts";

/** The outcome of one statement. */
export interface Outcome {
  /** The names of the columns. */
  readonly columns: readonly string[];
  /** The rows as arrays, which the caller owns. Integers are exact, as bigints or numbers. */
  readonly rows: SQLiteValue[][];
  /** The number of rows inserted, updated or deleted by the last statement that changed any. */
  readonly changes: number;
  /** The last inserted rowid; exact. */
  readonly lastInsertRowid: number | bigint;
  /** Whether this statement inserted that rowid, if known. */
  readonly madeRowid?: boolean;
}

/**
 * Creates the result for the caller.
 *
 * @param verb The verb of the statement.
 * @param outcome The outcome.
 * @param intMode How integers are returned.
 * @param options How rows are created.
 * @param madeRowid Whether the statement inserted the last rowid. Default: derived from the verb.
 * @throws {SQLiteIntegerRangeError} if an integer does not fit a number exactly.
 */
export function resultSetOf<R>(
  verb: Verb,
  outcome: Outcome,
  intMode: IntMode,
  options: RowOptions<R> | undefined,
  madeRowid: boolean = outcome.changes > 0 && (verb === "insert" || verb === "replace"),
): ResultSet<R> {
  const { columns, changes, lastInsertRowid } = outcome;
  return {
    columns: [...columns],
    rows: makeRows(outcome, intMode, options),
    rowsAffected: isWrite(verb) ? changes : 0,
    lastInsertRowid: madeRowid ? rowidOf(lastInsertRowid, intMode) : undefined,
  };
}

function makeRows<R>(
  { rows, columns }: Outcome,
  intMode: IntMode,
  options: RowOptions<R> | undefined,
): R[] {
  const makeRow = options?.rowFactory ?? objectRow as RowFactory<R>;
  const wanted = options?.firstRowOnly === true ? rows.slice(0, 1) : rows;
  return wanted.map((values) => {
    settleIntegers(values, columns, intMode, true);
    return makeRow(values, columns);
  });
}

function rowidOf(rowid: number | bigint, intMode: IntMode): number | bigint {
  if (intMode === "bigint") return BigInt(rowid);
  const number = Number(rowid);
  return Number.isSafeInteger(number) ? number : rowid;
}
