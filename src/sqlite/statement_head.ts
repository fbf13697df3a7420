/**
 * Parses the first words of a statement: its verb and what belongs to it.
 *
 * @module
 */

import { Tokens } from "./tokens.ts";

/** The verb of a statement; `commit` includes `END`, and `select` includes `VALUES`. */
export type Verb =
  | "select"
  | "insert"
  | "replace"
  | "update"
  | "delete"
  | "begin"
  | "commit"
  | "rollback"
  | "rollback to"
  | "savepoint"
  | "release"
  | "pragma"
  | "explain"
  | "attach"
  | "detach"
  | "create"
  | "alter"
  | "drop"
  | "other";

/** The conflict clause of `INSERT OR ...` and `UPDATE OR ...`. */
export type ConflictClause = "abort" | "fail" | "ignore" | "replace" | "rollback";

/** A parsed PRAGMA. */
export interface Pragma {
  /** Its name in lower case, without the schema. */
  readonly name: string;
  /** Whether it sets a value, by `= value` or by `(value)` where that is not a query argument. */
  readonly sets: boolean;
}

/** What the first words of a statement say. */
export interface StatementHead {
  /** What it does, seen through `WITH`. A statement under `EXPLAIN` is an `explain`. */
  readonly verb: Verb;
  /** The word after `OR` in an INSERT or UPDATE. */
  readonly conflict: ConflictClause | undefined;
  /** The table of an INSERT or REPLACE, with its schema, as the text has them. */
  readonly target: string | undefined;
  /** The PRAGMA, even under `EXPLAIN`, since many take effect when they are prepared. */
  readonly pragma: Pragma | undefined;
}

/** The words that are verbs themselves. */
const verbs = words<Verb>(
  "select insert replace update delete begin commit rollback savepoint release pragma attach " +
    "detach create alter drop",
)
  // Other words for the same.
  .set("VALUES", "select").set("END", "commit");

const conflictClauses = words<ConflictClause>("abort fail ignore replace rollback");

/** PRAGMA statements whose argument is part of a query or command, not a value to set. */
const askingPragmas: ReadonlySet<string> = new Set((
  "foreign_key_check foreign_key_list incremental_vacuum index_info index_list index_xinfo " +
  "integrity_check optimize quick_check table_info table_list table_xinfo wal_checkpoint"
).split(" "));

/** A list in lower case, by its words in upper case as {@linkcode Tokens.word} returns them. */
function words<W extends string>(list: string): Map<string, W> {
  return new Map(list.split(" ").map((word) => [word.toUpperCase(), word as W]));
}

/**
 * Parses the beginning of the first statement of a text, in time independent of its length.
 *
 * @param sql The text.
 * @returns The head, or `undefined` if there is no statement.
 */
export function scanHead(sql: string): StatementHead | undefined {
  const tokens = firstToken(sql);
  if (tokens === undefined) return undefined;
  const head = new Tokens(sql, tokens.start);
  const { verb, conflict, target, statement } = readHead(head);
  return { verb, conflict, target, pragma: statement === "pragma" ? readPragma(head) : undefined };
}

/** The tokens of the next statement, at its first one; `undefined` if there is no statement. */
export function firstToken(sql: string, start = 0): Tokens | undefined {
  const tokens = new Tokens(sql, start);
  do tokens.next(); while (tokens.is(";"));
  return tokens.atEnd() ? undefined : tokens;
}

/**
 * Whether statements with this verb insert, update or delete rows.
 *
 * @param verb The verb of the statement.
 */
export function isWrite(verb: Verb): boolean {
  return verb === "insert" || verb === "replace" || verb === "update" || verb === "delete";
}

/**
 * Whether statements with this verb may change the schema, and so the columns of others.
 *
 * @param verb The verb of the statement.
 */
export function mayChangeSchema(verb: Verb): boolean {
  return verb === "create" || verb === "alter" || verb === "drop" || verb === "attach" ||
    verb === "detach" || verb === "other";
}

/** The beginning of a statement, without the details of a PRAGMA. */
interface Beginning extends Omit<StatementHead, "pragma"> {
  /** The verb of the statement itself, also under `EXPLAIN`. */
  readonly statement: Verb;
  /** Triggers must be recognized because their body contains semicolons. */
  readonly trigger: boolean;
}

/** Parses the beginning of a statement; of a PRAGMA, only that word. */
export function readHead(tokens: Tokens): Beginning {
  tokens.next();
  const explained = tokens.word() === "EXPLAIN";
  if (explained) {
    tokens.next();
    if (tokens.word() === "QUERY") {
      tokens.next();
      tokens.next();
    }
  }
  if (tokens.word() === "WITH") skipCommonTables(tokens);
  const verb = verbs.get(tokens.word()) ?? "other";
  const trigger = verb === "create" && createsTrigger(tokens);
  let conflict: ConflictClause | undefined;
  let target: string | undefined;
  if (verb === "insert" || verb === "replace" || verb === "update") {
    tokens.next();
    conflict = readConflict(tokens);
    if (verb !== "update") target = readTarget(tokens);
  }
  const rest = { conflict, target, statement: verb, trigger };
  if (explained) return { verb: "explain", ...rest };
  const rollsBackToSavepoint = verb === "rollback" && rollsBackTo(tokens);
  return { verb: rollsBackToSavepoint ? "rollback to" : verb, ...rest };
}

/** Reads `OR ...`, if present. */
function readConflict(tokens: Tokens): ConflictClause | undefined {
  if (tokens.word() !== "OR") return undefined;
  tokens.next();
  const clause = conflictClauses.get(tokens.word());
  tokens.next();
  return clause;
}

/** Reads `INTO schema.table`; `undefined` if the syntax is invalid. */
function readTarget(tokens: Tokens): string | undefined {
  if (tokens.word() !== "INTO" || !tokens.next()) return undefined;
  const name = tokens.text();
  tokens.next();
  if (!tokens.is(".")) return name;
  tokens.next();
  return `${name}.${tokens.text()}`;
}

/** Reads `schema.name = value` or `name(value)`, with any quoting of names. */
function readPragma(tokens: Tokens): Pragma {
  tokens.next();
  let name = bareName(tokens);
  tokens.next();
  if (tokens.is(".")) {
    tokens.next();
    name = bareName(tokens);
    tokens.next();
  }
  return { name, sets: tokens.is("=") || (tokens.is("(") && !askingPragmas.has(name)) };
}

function bareName(tokens: Tokens): string {
  const text = tokens.text().toLowerCase();
  return tokens.kind === "word" ? text : text.slice(1, -1);
}

/**
 * Skips from `WITH` to the verb after the common table expressions, whose names may be any word.
 */
function skipCommonTables(tokens: Tokens): void {
  let depth = 0;
  let closed = false;
  while (tokens.next()) {
    if (tokens.is("(")) depth++;
    else if (tokens.is(")")) depth--;
    else if (depth === 0 && closed && tokens.kind === "word" && tokens.word() !== "AS") return;
    closed = tokens.is(")");
  }
}

function createsTrigger(tokens: Tokens): boolean {
  tokens.next();
  if (tokens.word() === "TEMP" || tokens.word() === "TEMPORARY") tokens.next();
  return tokens.word() === "TRIGGER";
}

/** Whether this is `ROLLBACK TO`, which leaves the transaction open. */
function rollsBackTo(tokens: Tokens): boolean {
  while (tokens.next() && !tokens.is(";")) {
    if (tokens.word() === "TO") return true;
  }
  return false;
}
