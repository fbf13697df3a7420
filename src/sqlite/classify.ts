/**
 * Classifies a statement by its effect on the connection.
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

/** What matters for running a statement. */
export interface StatementClass {
  /** How it controls transactions; `undefined` for every other statement. */
  readonly control: Verb | undefined;
  /** Whether it inserts, updates or deletes rows and may share a commit with other statements. */
  readonly writes: boolean;
  /**
   * Whether a failure could leave part of its changes: it uses OR FAIL, or its returned rows may
   * turn out not to be deliverable after they were written. It then needs its own savepoint.
   */
  readonly atomic: boolean;
  /** The `OR ...` of an INSERT or UPDATE. */
  readonly conflict: ConflictClause | undefined;
  /** The name of the setting that a PRAGMA changes. */
  readonly setting: string | undefined;
  /** Whether a read-only connection can run it. */
  readonly reads: boolean;
}

const CONTROL_VERBS: ReadonlySet<Verb> = new Set<Verb>([
  ...["begin", "commit", "rollback", "rollback to", "savepoint", "release"] as const,
]);

/** The word occurs elsewhere too, but an unnecessary savepoint does no harm. */
const RETURNING = /\bRETURNING\b/i;

const READS: StatementClass = {
  control: undefined,
  writes: false,
  atomic: false,
  conflict: undefined,
  setting: undefined,
  reads: true,
};

/** PRAGMA statements that take effect without a value. */
const ACTING_PRAGMAS: ReadonlySet<string> = new Set([
  ...["incremental_vacuum", "optimize", "shrink_memory", "wal_checkpoint"],
]);

/** Shared by all databases of the process, since only the text matters. */
const classes = new TextCache<StatementClass>();

const S = 0x53;
const E = 0x45;
const LETTER_CASE = 0x20;

/** Only SELECT begins with these letters, so most statements need only this check. */
function isSelect(sql: string): boolean {
  return (sql.charCodeAt(0) & ~LETTER_CASE) === S && (sql.charCodeAt(1) & ~LETTER_CASE) === E;
}

/** Classifies a statement. */
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

/** A PRAGMA takes effect even under EXPLAIN. */
function readsOnly({ verb, pragma }: StatementHead): boolean {
  if (pragma !== undefined) return !pragma.sets && !ACTING_PRAGMAS.has(pragma.name);
  return verb === "select" || verb === "explain";
}
