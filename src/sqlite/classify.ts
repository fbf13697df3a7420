/**
 * What a statement means to others on its connection, told from its text.
 *
 * @module
 */

import { SQLitePoolError } from "../pool/errors.ts";
import { type ConflictClause, isWrite, scanHead, type StatementHead } from "./scan.ts";
import { TextCache } from "./text_cache.ts";

/** Statements whose meaning depends on others around them have no place in a shared queue. */
const TRANSACTION_VERBS: ReadonlySet<string> = new Set([
  "begin",
  "commit",
  "rollback",
  "rollback to",
  "savepoint",
  "release",
]);

/** For all databases of the process: the text alone decides. */
const heads = new TextCache<StatementHead>();

const NO_STATEMENT: StatementHead = { verb: "other", conflict: undefined, pragma: undefined };

/** Whether a statement begins or ends a transaction or a savepoint. */
export function controlsTransaction(sql: string): boolean {
  return TRANSACTION_VERBS.has(headOf(sql).verb);
}

/**
 * The `OR ...` of an INSERT or UPDATE. SQLite undoes a failing statement by itself, unless it says
 * `"fail"`, which keeps the rows so far, or `"rollback"`, which ends the transaction.
 */
export function conflictClauseOf(sql: string): ConflictClause | undefined {
  return headOf(sql).conflict;
}

/** The name of the setting that a PRAGMA statement sets; `undefined` for any other statement. */
export function pragmaSetBy(sql: string): string | undefined {
  const { pragma } = headOf(sql);
  return pragma?.sets ? pragma.name : undefined;
}

/** Whether a statement attaches or detaches a database. */
export function attachesOrDetaches(sql: string): boolean {
  const { verb } = headOf(sql);
  return verb === "attach" || verb === "detach";
}

/** Whether a statement inserts, updates or deletes rows. */
export function writesRows(sql: string): boolean {
  return isWrite(headOf(sql).verb);
}

/**
 * Whether a statement may run in a transaction with others.
 *
 * @throws {SQLitePoolError} when it begins or ends a transaction itself.
 */
export function mayShareCommit(sql: string): boolean {
  if (controlsTransaction(sql)) {
    throw new SQLitePoolError(
      "run() takes no BEGIN, COMMIT, ROLLBACK or SAVEPOINT: the next statement may belong to " +
        "somebody else. Use db.write(async (tx) => ...), which begins and commits for you.",
    );
  }
  return writesRows(sql);
}

/** Whether a statement may run between those of others, outside a transaction. */
export function mayFollowOthers(sql: string): boolean {
  return !controlsTransaction(sql);
}

function headOf(sql: string): StatementHead {
  const known = heads.get(sql);
  if (known !== undefined) return known;
  const head = scanHead(sql) ?? NO_STATEMENT;
  heads.set(sql, head);
  return head;
}
