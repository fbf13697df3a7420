/**
 * Where a statement may run, told from the node that Kysely compiled or from its text.
 *
 * @module
 */

import type { CompiledQuery } from "kysely";
import { scanHead, type StatementHead } from "../../src/sqlite/statement_head.ts";
import { TextCache } from "../../src/sqlite/text_cache.ts";

/**
 * - `read` changes nothing and runs on any reader,
 * - `write` changes rows,
 * - `change` changes anything else of the database, such as its schema,
 * - `session` means something to later statements on the same connection only: a PRAGMA that sets
 *   something, `ATTACH`, temporary tables,
 * - `control` begins, divides or ends a transaction.
 */
export type StatementKind = "read" | "write" | "change" | "session" | "control";

const NODE_KINDS: ReadonlyMap<string, StatementKind> = new Map<string, StatementKind>([
  ["SelectQueryNode", "read"],
  ["InsertQueryNode", "write"],
  ["UpdateQueryNode", "write"],
  ["DeleteQueryNode", "write"],
  ["MergeQueryNode", "write"],
]);

/** PRAGMA statements that do something although they set nothing. */
const WORKING_PRAGMAS: ReadonlySet<string> = new Set([
  ...["incremental_vacuum", "optimize", "wal_checkpoint"],
]);

/** The word may stand for something else, but a connection too many does no harm. */
const TEMPORARY = /\btemp(orary)?\b/i;

const kinds = new TextCache<StatementKind>();

/** Tells what a compiled query does. */
export function kindOf({ query, sql }: CompiledQuery): StatementKind {
  const known = NODE_KINDS.get(query.kind) ?? kinds.get(sql);
  if (known !== undefined) return known;
  const kind = kindOfText(sql, scanHead(sql));
  kinds.set(sql, kind);
  return kind;
}

function kindOfText(sql: string, head: StatementHead | undefined): StatementKind {
  switch (head?.verb) {
    case undefined:
    case "select":
      return "read";
    case "insert":
    case "replace":
    case "update":
    case "delete":
      return "write";
    case "explain":
      // Some PRAGMA statements take effect when they are prepared.
      return head?.pragma === undefined ? "read" : "session";
    case "pragma":
      if (head?.pragma?.sets) return "session";
      return WORKING_PRAGMAS.has(head?.pragma?.name ?? "") ? "change" : "read";
    case "create":
      return TEMPORARY.test(sql) ? "session" : "change";
    case "alter":
    case "drop":
    case "other":
      return "change";
    case "attach":
    case "detach":
      return "session";
    default:
      return "control";
  }
}
