/**
 * What drivers tell of a statement that has not run.
 *
 * @module
 */

import { classify } from "../sqlite/classify.ts";
import { misuse, type SQLiteError } from "../sqlite/errors.ts";
import { describeColumn } from "./columns.ts";
import type { StatementDescription } from "../sqlite/types.ts";
import type { Prepared } from "./statement_cache.ts";

/** Running a statement detects a schema change by another connection; preparing one does not. */
const LOOK_AT_SCHEMA = "SELECT 1 FROM sqlite_schema LIMIT 1";

/** The error where a driver tells the columns of a statement only once it has run. */
export function cannotDescribe(): SQLiteError {
  return misuse(
    "describe() and columnTypes do not work with this driver, which tells the columns of a " +
      "statement only once it has run: use node:sqlite, bun:sqlite, better-sqlite3 or libsql",
  );
}

/**
 * Describes a statement.
 *
 * @param prepared The statement, just prepared: one that is kept may be of an older schema.
 * @throws {SQLiteError} The driver does not know its columns yet.
 */
function describeStatement(
  { sql, driver, statement, columns }: Prepared,
): StatementDescription {
  if (columns === undefined) throw cannotDescribe();
  return {
    readonly: classify(sql).reads,
    columns: driver.describe?.() ?? columns.map((name) => describeColumn(name)),
    parameters: [...statement.parameters],
  };
}

/** @throws {SQLiteError} for a statement that SQLite would run, in part, while it is prepared. */
export function expectDescribable(sql: string): void {
  const { setting } = classify(sql);
  if (setting === undefined) return;
  throw misuse(`a PRAGMA that sets ${setting} takes effect while it is prepared: run it instead`);
}

/** What can prepare a statement for a look at it. */
export interface Inspector {
  /** Runs a statement. */
  executeSync(sql: string): unknown;
  /** Prepares a statement and finalizes it when it has been looked at. */
  inspectSync<T>(sql: string, look: (prepared: Prepared) => T): T;
}

/**
 * Tells what a statement is, without running it.
 *
 * @throws {SQLiteError} SQLite refuses it, the driver does not know, or SQLite would run it, in
 *   part, while it is prepared.
 */
export function describeWith(connection: Inspector, sql: string): StatementDescription {
  expectDescribable(sql);
  connection.executeSync(LOOK_AT_SCHEMA);
  return connection.inspectSync(sql, describeStatement);
}
