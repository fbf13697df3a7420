/**
 * What a statement is, read from its text: where it ends, its verb and its parameters.
 * Drivers tell little of this, and each tells something else.
 *
 * @module
 */

import { describe } from "../platform/describe.ts";
import { misuse } from "./errors.ts";
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
  /** Which PRAGMA it is; under `EXPLAIN` too, because many take effect when they are prepared. */
  readonly pragma: Pragma | undefined;
}

/** One statement, as its text describes it. */
export interface Statement {
  /** The statement alone, without its semicolon and what surrounds it. */
  readonly text: string;
  /** What it does, seen through `WITH`. A statement under `EXPLAIN` is an `explain`. */
  readonly verb: Verb;
  /**
   * Its parameters by SQLite's index (the first one at 0): `:a`, `@a` or `$a` for a named one,
   * `?` or `?NNN` for any other.
   */
  readonly parameters: readonly string[];
  /** Whether it writes and gives rows all the same. */
  readonly returning: boolean;
  /**
   * Whether a change of the schema may change the names of its columns by more than their
   * letter case: it selects `*` or the rowid.
   */
  readonly openColumns: boolean;
  /** Where the text goes on after the statement and its semicolon. */
  readonly end: number;
}

/** The largest number of a parameter that SQLite allows by default. */
const maxParameters = 32_766;

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

/** A star after one of these stands for columns; after anything else it multiplies or counts. */
const beforeResultStar: ReadonlySet<string> = new Set([
  ...["SELECT", "DISTINCT", "ALL", "RETURNING", ",", "."],
]);

const rowidNames: ReadonlySet<string> = new Set(["ROWID", "_ROWID_", "OID"]);

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
  const { verb, conflict, pragma } = readHead(new Tokens(sql, tokens.start));
  return { verb, conflict, pragma };
}

/**
 * Reads the first statement of a text.
 *
 * @param sql The text.
 * @param start Where to begin in it.
 * @returns The statement, or `undefined` where only white space, comments and semicolons follow.
 */
export function scanStatement(sql: string, start = 0): Statement | undefined {
  const tokens = new Tokens(sql, start);
  do tokens.next(); while (tokens.is(";"));
  if (tokens.atEnd()) return undefined;
  const first = tokens.start;
  const { verb, trigger } = readHead(new Tokens(sql, first));
  const { last, parameters, returning, openColumns } = readToEnd(tokens, trigger);
  return {
    text: sql.slice(first, last),
    verb,
    parameters,
    returning: returning && isWrite(verb),
    openColumns,
    end: tokens.end,
  };
}

/**
 * Reads a text that must be one statement.
 *
 * @param sql The text.
 * @returns The statement.
 * @throws {TypeError} This is no string.
 * @throws {SQLiteError} There is no statement, or more than one, or text that SQLite would cut.
 */
export function soleStatement(sql: string): Statement {
  checkSqlText(sql);
  const statement = scanStatement(sql);
  if (statement === undefined) throw misuse("the SQL text holds no statement");
  if (scanStatement(sql, statement.end) !== undefined) {
    throw misuse(
      "the SQL text holds more than one statement: run them one by one, or use executeScript",
    );
  }
  return statement;
}

/**
 * Reads the statements of a script one after another.
 *
 * @param script SQL text with any number of statements.
 * @returns The statements in order.
 * @throws {TypeError} This is no string.
 * @throws {SQLiteError} SQLite would cut the text.
 */
export function* splitScript(script: string): IterableIterator<Statement> {
  checkSqlText(script);
  let statement = scanStatement(script);
  while (statement !== undefined) {
    yield statement;
    statement = scanStatement(script, statement.end);
  }
}

/**
 * Whether a statement of this verb adds, changes or removes rows of tables.
 *
 * @param verb The verb of the statement.
 */
export function isWrite(verb: Verb): boolean {
  return verb === "insert" || verb === "replace" || verb === "update" || verb === "delete";
}

function checkSqlText(sql: unknown): asserts sql is string {
  if (typeof sql !== "string") {
    throw new TypeError(`SQL text must be a string, not ${describe(sql)}`);
  }
  if (sql.includes("\0")) throw misuse("the SQL text holds a NUL character, where SQLite ends it");
  if (!sql.isWellFormed()) {
    throw misuse("the SQL text holds half of a surrogate pair, which SQLite would change");
  }
}

function isRowid(name: string): boolean {
  return name.length <= 7 && rowidNames.has(name.toUpperCase());
}

/** Reads on to the semicolon of the statement, or to the end of the text. */
function readToEnd(tokens: Tokens, trigger: boolean): {
  last: number;
  parameters: readonly string[];
  returning: boolean;
  openColumns: boolean;
} {
  const parameters = new ParameterList();
  let last = tokens.start;
  let returning = false;
  let openColumns = false;
  let depth = 0;
  let previous = "";
  // The body of a trigger holds semicolons of its own, up to the one after its END.
  let inBody = trigger;
  while (!tokens.atEnd() && (inBody || !tokens.is(";"))) {
    const text = tokens.word() || tokens.text();
    if (text === "(") depth++;
    else if (text === ")") depth--;
    else if (text === "RETURNING" && depth === 0) returning = true;
    else if (text === "END" && previous === ";") inBody = false;
    else if (text === "*" && beforeResultStar.has(previous)) openColumns = true;
    else if (tokens.kind === "parameter") parameters.add(text);
    else openColumns ||= isRowid(tokens.kind === "quoted" ? text.slice(1, -1) : text);
    previous = text;
    last = tokens.end;
    tokens.next();
  }
  return { last, parameters: parameters.names, returning, openColumns };
}

/** A trigger has to be known: its body holds semicolons. */
function readHead(tokens: Tokens): StatementHead & { readonly trigger: boolean } {
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
  const conflict = verb === "insert" || verb === "update" ? readConflict(tokens) : undefined;
  const pragma = verb === "pragma" ? readPragma(tokens) : undefined;
  if (explained) return { verb: "explain", trigger, conflict, pragma };
  const rollsBackToSavepoint = verb === "rollback" && rollsBackTo(tokens);
  return { verb: rollsBackToSavepoint ? "rollback to" : verb, trigger, conflict, pragma };
}

/** Reads `OR ...`, which nothing but the verb comes before. */
function readConflict(tokens: Tokens): ConflictClause | undefined {
  tokens.next();
  if (tokens.word() !== "OR") return undefined;
  tokens.next();
  return conflictClauses.get(tokens.word());
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

/** Numbers parameters as SQLite does. */
class ParameterList {
  readonly names: string[] = [];
  readonly #named = new Set<string>();

  add(token: string): void {
    if (token === "?") this.names.push(token);
    else if (token.startsWith("?")) this.#addNumbered(token);
    else if (!this.#named.has(token)) {
      this.#named.add(token);
      this.names.push(token);
    }
  }

  #addNumbered(token: string): void {
    const number = Number(token.slice(1));
    // SQLite refuses such a statement: no need to make room for it.
    if (number < 1 || number > maxParameters) return;
    while (this.names.length < number) this.names.push("?");
    if (this.names[number - 1] === "?") this.names[number - 1] = token;
  }
}
