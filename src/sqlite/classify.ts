/**
 * Which statements may queue for the writer, and which may share a commit there.
 *
 * @module
 */

import { SQLitePoolError } from "../pool/errors.ts";
import { isWrite, scanStatement, type Verb } from "./scan.ts";

/** Statements whose meaning depends on others around them have no place in a shared queue. */
const TRANSACTION_VERBS: readonly Verb[] = [
  "begin",
  "commit",
  "rollback",
  "rollback to",
  "savepoint",
  "release",
];

const MOST_VERBS_KNOWN = 1_000;
const verbs = new Map<string, Verb | undefined>();

/**
 * Whether a statement may run in a transaction with others.
 *
 * @throws {SQLitePoolError} when it begins or ends a transaction itself.
 */
export function mayShareCommit(sql: string): boolean {
  const verb = verbOf(sql);
  if (verb !== undefined && TRANSACTION_VERBS.includes(verb)) {
    throw new SQLitePoolError(
      "run() takes no BEGIN, COMMIT, ROLLBACK or SAVEPOINT: the next statement may belong to " +
        "somebody else. Use db.write(async (tx) => ...), which begins and commits for you.",
    );
  }
  return verb !== undefined && isWrite(verb);
}

/** Whether a statement may run between those of others, outside a transaction. */
export function mayFollowOthers(sql: string): boolean {
  const verb = verbOf(sql);
  return verb === undefined || !TRANSACTION_VERBS.includes(verb);
}

function verbOf(sql: string): Verb | undefined {
  const known = verbs.get(sql);
  if (known !== undefined || verbs.has(sql)) return known;
  if (verbs.size >= MOST_VERBS_KNOWN) verbs.clear();
  const verb = scanStatement(sql)?.verb;
  verbs.set(sql, verb);
  return verb;
}
