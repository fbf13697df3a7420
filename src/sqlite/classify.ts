/**
 * What a statement means to others on its connection, told from its text.
 *
 * @module
 */

import {
  type ConflictClause,
  isWrite,
  scanHead,
  type StatementHead,
  type Verb,
} from "./statement_head.ts";
import { TextCache } from "./text_cache.ts";

/** What has to be seen to when a statement runs. */
export interface StatementClass {
  /** How it begins, ends or divides a transaction; `undefined` for every other statement. */
  readonly control: Verb | undefined;
  /** Whether it inserts, updates or deletes rows, so that it may share a commit with others. */
  readonly writes: boolean;
  /**
   * Whether a failure could leave part of what it did: it says OR FAIL, or its rows, once written,
   * may turn out not to be deliverable. In a savepoint of its own it leaves nothing.
   */
  readonly atomic: boolean;
  /** The `OR ...` of an INSERT or UPDATE. */
  readonly conflict: ConflictClause | undefined;
  /** The name of the setting that a PRAGMA sets. */
  readonly setting: string | undefined;
  /** Whether a connection that cannot write can run it. */
  readonly reads: boolean;
}

const CONTROL_VERBS: ReadonlySet<Verb> = new Set<Verb>([
  ...["begin", "commit", "rollback", "rollback to", "savepoint", "release"] as const,
]);

/** More than RETURNING clauses have the word, but one savepoint too many does no harm. */
const RETURNING = /\bRETURNING\b/i;

const READS: StatementClass = {
  control: undefined,
  writes: false,
  atomic: false,
  conflict: undefined,
  setting: undefined,
  reads: true,
};

/** PRAGMA statements that do something, without a value that would tell. */
const ACTING_PRAGMAS: ReadonlySet<string> = new Set([
  ...["incremental_vacuum", "optimize", "shrink_memory", "wal_checkpoint"],
]);

/** For all databases of the process: the text alone decides. */
const classes = new TextCache<StatementClass>();

const S = 0x53;
const E = 0x45;
const LETTER_CASE = 0x20;

/** Only SELECT begins with these letters: most statements need no more than this look. */
function isSelect(sql: string): boolean {
  return (sql.charCodeAt(0) & ~LETTER_CASE) === S && (sql.charCodeAt(1) & ~LETTER_CASE) === E;
}

/** Tells what a statement is. */
export function classify(sql: string): StatementClass {
  if (isSelect(sql)) return READS;
  const known = classes.get(sql);
  if (known !== undefined) return known;
  const found = read(sql);
  classes.set(sql, found);
  return found;
}

function read(sql: string): StatementClass {
  const head = scanHead(sql);
  if (head === undefined) return READS;
  const { verb, conflict, pragma } = head;
  const writes = isWrite(verb);
  return {
    control: CONTROL_VERBS.has(verb) ? verb : undefined,
    writes,
    atomic: writes && (conflict === "fail" || RETURNING.test(sql)),
    conflict,
    setting: pragma?.sets ? pragma.name : undefined,
    reads: readsOnly(head),
  };
}

/** Under EXPLAIN too a PRAGMA takes effect. */
function readsOnly({ verb, pragma }: StatementHead): boolean {
  if (pragma !== undefined) return !pragma.sets && !ACTING_PRAGMAS.has(pragma.name);
  return verb === "select" || verb === "explain";
}
