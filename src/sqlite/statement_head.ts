/**
 * What the first words of a statement tell: its verb, and what goes with it.
 *
 * @module
 */

import { Tokens } from "./tokens.ts";

/** What a statement does; `commit` stands for `END` too, and `select` for `VALUES`. */
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

/** What `INSERT OR ...` and `UPDATE OR ...` do about a row that breaks a constraint. */
export type ConflictClause = "abort" | "fail" | "ignore" | "replace" | "rollback";

/** What a PRAGMA statement is about. */
export interface Pragma {
  /** Its name in lower case, without the schema. */
  readonly name: string;
  /** Whether it sets something: `= value` or `(value)` follow, and the latter is no question. */
  readonly sets: boolean;
}

/** What the first words of a statement tell. */
export interface StatementHead {
  /** What it does, seen through `WITH`. A statement under `EXPLAIN` is an `explain`. */
  readonly verb: Verb;
  /** What follows `OR` in an INSERT or UPDATE. */
  readonly conflict: ConflictClause | undefined;
  /** The table of an INSERT or REPLACE, with its schema, as the text has them. */
  readonly target: string | undefined;
  /** Which PRAGMA it is; under `EXPLAIN` too, because many take effect when they are prepared. */
  readonly pragma: Pragma | undefined;
}

const verbs: ReadonlyMap<string, Verb> = new Map<string, Verb>([
  ["SELECT", "select"],
  ["VALUES", "select"],
  ["INSERT", "insert"],
  ["REPLACE", "replace"],
  ["UPDATE", "update"],
  ["DELETE", "delete"],
  ["BEGIN", "begin"],
  ["COMMIT", "commit"],
  ["END", "commit"],
  ["ROLLBACK", "rollback"],
  ["SAVEPOINT", "savepoint"],
  ["RELEASE", "release"],
  ["PRAGMA", "pragma"],
  ["ATTACH", "attach"],
  ["DETACH", "detach"],
  ["CREATE", "create"],
  ["ALTER", "alter"],
  ["DROP", "drop"],
]);

const conflictClauses: ReadonlyMap<string, ConflictClause> = new Map<string, ConflictClause>([
  ["ABORT", "abort"],
  ["FAIL", "fail"],
  ["IGNORE", "ignore"],
  ["REPLACE", "replace"],
  ["ROLLBACK", "rollback"],
]);

/** PRAGMA statements whose argument says what they are asked, or what they are to do now. */
const askingPragmas: ReadonlySet<string> = new Set([
  ...["foreign_key_check", "foreign_key_list", "incremental_vacuum", "index_info", "index_list"],
  ...["index_xinfo", "integrity_check", "optimize", "quick_check", "table_info", "table_list"],
  ...["table_xinfo", "wal_checkpoint"],
]);

/**
 * Reads the beginning of the first statement of a text, which takes as long for a long text as
 * for a short one.
 *
 * @param sql The text.
 * @returns What it tells, or `undefined` where there is no statement.
 */
export function scanHead(sql: string): StatementHead | undefined {
  const tokens = new Tokens(sql);
  do tokens.next(); while (tokens.is(";"));
  if (tokens.atEnd()) return undefined;
  const head = new Tokens(sql, tokens.start);
  const { verb, conflict, target, statement } = readHead(head);
  return { verb, conflict, target, pragma: statement === "pragma" ? readPragma(head) : undefined };
}

/**
 * Whether a statement of this verb adds, changes or removes rows of tables.
 *
 * @param verb The verb of the statement.
 */
export function isWrite(verb: Verb): boolean {
  return verb === "insert" || verb === "replace" || verb === "update" || verb === "delete";
}

/**
 * Whether a statement of this verb may change the schema, and with it the columns of others.
 *
 * @param verb The verb of the statement.
 */
export function mayChangeSchema(verb: Verb): boolean {
  return verb === "create" || verb === "alter" || verb === "drop" || verb === "attach" ||
    verb === "detach" || verb === "other";
}

/** The beginning of a statement, up to what only a PRAGMA has. */
interface Beginning extends Omit<StatementHead, "pragma"> {
  /** The verb of the statement itself, also under `EXPLAIN`. */
  readonly statement: Verb;
  /** A trigger has to be known: its body holds semicolons. */
  readonly trigger: boolean;
}

/** Reads the beginning of a statement; of a PRAGMA, no more than that word. */
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

/** Reads `OR ...`, if that is what comes. */
function readConflict(tokens: Tokens): ConflictClause | undefined {
  if (tokens.word() !== "OR") return undefined;
  tokens.next();
  const clause = conflictClauses.get(tokens.word());
  tokens.next();
  return clause;
}

/** Reads `INTO schema.table`; `undefined` for what SQLite will refuse. */
function readTarget(tokens: Tokens): string | undefined {
  if (tokens.word() !== "INTO" || !tokens.next()) return undefined;
  const name = tokens.text();
  tokens.next();
  if (!tokens.is(".")) return name;
  tokens.next();
  return `${name}.${tokens.text()}`;
}

/** Reads `schema.name = value` or `name(value)`; names may be quoted in any way. */
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

/** Walks from `WITH` to the verb behind the common tables, whose names may be any word. */
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
