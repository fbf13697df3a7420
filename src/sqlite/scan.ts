/**
 * Parses the text of a statement: its end, verb and parameters. Drivers report little of this, and
 * each reports something different.
 *
 * @module
 */

import { describe } from "../platform/describe.ts";
import { misuse, type SQLiteError, withStatement } from "./errors.ts";
import { firstToken, isWrite, readHead, type Verb } from "./statement_head.ts";
import { Tokens } from "./tokens.ts";

/** A parsed statement. */
export interface Statement {
  /** The statement without its semicolon and surrounding text. */
  readonly text: string;
  /** Its verb; for `WITH`, that of the main statement. For `EXPLAIN` it is `explain`. */
  readonly verb: Verb;
  /**
   * Its parameters by SQLite's index, starting at 0: `:a`, `@a` or `$a` for a named parameter, `?`
   * or `?NNN` for any other.
   */
  readonly parameters: readonly string[];
  /** Whether it writes and also returns rows. */
  readonly returning: boolean;
  /** The table of an INSERT or REPLACE, with its schema, as written in the text. */
  readonly target: string | undefined;
  /** Whether an INSERT may update rows instead: `ON CONFLICT ... DO UPDATE`. */
  readonly upserts: boolean;
  /**
   * Whether a schema change may change its column names by more than letter case, because it
   * selects `*` or the rowid.
   */
  readonly openColumns: boolean;
  /** The index after the statement and its semicolon. */
  readonly end: number;
}

/** SQLite's default limit for parameter numbers. */
const maxParameters = 32_766;

/**
 * A star after one of these tokens means columns; elsewhere it means multiplication or count(*).
 */
const beforeResultStar: ReadonlySet<string> = new Set([
  ...["SELECT", "DISTINCT", "ALL", "RETURNING", ",", "."],
]);

const rowidNames: ReadonlySet<string> = new Set(["ROWID", "_ROWID_", "OID"]);

/**
 * Parses the first statement of a text.
 *
 * @param sql The text.
 * @param start The index to start at.
 * @returns The statement, or `undefined` if only whitespace, comments and semicolons follow.
 */
export function scanStatement(sql: string, start = 0): Statement | undefined {
  const tokens = firstToken(sql, start);
  if (tokens === undefined) return undefined;
  const first = tokens.start;
  const { verb, trigger, target } = readHead(new Tokens(sql, first));
  const { last, parameters, returning, upserts, openColumns } = readToEnd(tokens, trigger);
  return {
    text: sql.slice(first, last),
    verb,
    parameters,
    returning: returning && isWrite(verb),
    target,
    upserts: upserts && verb === "insert",
    openColumns,
    end: tokens.end,
  };
}

/**
 * Parses a text that must be exactly one statement.
 *
 * @param sql The text.
 * @returns The statement.
 * @throws {TypeError} if the text is not a string.
 * @throws {SQLiteError} if there is no statement, more than one, or text that SQLite would
 *   truncate.
 */
export function soleStatement(sql: string): Statement {
  checkSqlText(sql);
  const statement = scanStatement(sql);
  if (statement === undefined) throw badText(sql, "no statement");
  if (scanStatement(sql, statement.end) !== undefined) {
    throw badText(sql, "more than one statement: run them one by one, or use executeScript");
  }
  return statement;
}

/**
 * Parses the statements of a script one by one.
 *
 * @param script SQL text with any number of statements.
 * @returns The statements in order.
 * @throws {TypeError} if the text is not a string.
 * @throws {SQLiteError} if SQLite would truncate the text.
 */
export function* splitScript(script: string): IterableIterator<Statement> {
  checkSqlText(script);
  let statement = scanStatement(script);
  while (statement !== undefined) {
    yield statement;
    statement = scanStatement(script, statement.end);
  }
}

function checkSqlText(sql: unknown): asserts sql is string {
  if (typeof sql !== "string") {
    throw new TypeError(`SQL text must be a string, not ${describe(sql)}`);
  }
  if (sql.includes("\0")) throw badText(sql, "a NUL character, at which SQLite would stop");
  if (!sql.isWellFormed()) throw badText(sql, "a lone surrogate, which SQLite would change");
}

function badText(sql: string, content: string): SQLiteError {
  return withStatement(misuse(`the SQL text contains ${content}`), sql);
}

function isRowid(name: string): boolean {
  return name.length <= 7 && rowidNames.has(name.toUpperCase());
}

/** Reads up to the statement's semicolon, or to the end of the text. */
function readToEnd(tokens: Tokens, trigger: boolean): {
  last: number;
  parameters: readonly string[];
  returning: boolean;
  upserts: boolean;
  openColumns: boolean;
} {
  const parameters = new ParameterList();
  let last = tokens.start;
  let returning = false;
  let upserts = false;
  let openColumns = false;
  let depth = 0;
  let previous = "";
  // A trigger body contains semicolons itself, up to the one after its END.
  let inBody = trigger;
  while (!tokens.atEnd() && (inBody || !tokens.is(";"))) {
    const text = tokens.word() || tokens.text();
    if (text === "(") depth++;
    else if (text === ")") depth--;
    else if (text === "RETURNING" && depth === 0) returning = true;
    else if (text === "UPDATE" && previous === "DO") upserts = true;
    else if (text === "END" && previous === ";") inBody = false;
    else if (text === "*" && beforeResultStar.has(previous)) openColumns = true;
    else if (tokens.kind === "parameter") parameters.add(text);
    else openColumns ||= isRowid(tokens.kind === "quoted" ? text.slice(1, -1) : text);
    previous = text;
    last = tokens.end;
    tokens.next();
  }
  return { last, parameters: parameters.names, returning, upserts, openColumns };
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
    // SQLite rejects such a statement, so no space is allocated for it.
    if (number < 1 || number > maxParameters) return;
    while (this.names.length < number) this.names.push("?");
    if (this.names[number - 1] === "?") this.names[number - 1] = token;
  }
}
