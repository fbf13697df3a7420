/**
 * What one statement gave and did, where a driver tells all of it at once.
 *
 * @module
 */

import { type IntMode, objectRow, settleIntegers } from "./rows.ts";
import { isWrite, type Verb } from "./statement_head.ts";
import type { ResultSet, RowFactory, RowOptions, SQLiteValue } from "./types.ts";

/** What one statement gave and did. */
export interface Outcome {
  /** The names of the columns. */
  readonly columns: readonly string[];
  /** The values by row, in arrays that are the caller's; integers exact, as bigints or numbers. */
  readonly rows: SQLiteValue[][];
  /** Rows inserted, updated or deleted by the last statement that did any of these. */
  readonly changes: number;
  /** The rowid inserted last; exact. */
  readonly lastInsertRowid: number | bigint;
  /** Whether it is this statement's own, where that is known. */
  readonly madeRowid?: boolean;
}

/**
 * Makes a result for the caller.
 *
 * @param verb What the statement does.
 * @param outcome What it gave and did.
 * @param intMode How integers come out.
 * @param options How its rows are made.
 * @param madeRowid Whether the last rowid is its own; told from the verb without this.
 * @throws {SQLiteIntegerRangeError} An integer cannot come out as a number.
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
