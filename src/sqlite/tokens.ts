/**
 * SQL text as tokens, cut where SQLite's own tokenizer cuts.
 *
 * @module
 */

/**
 * The kinds of tokens. `word` is a keyword or bare identifier, `quoted` an identifier in `""`, ` ``
 * ` or `[]`, `literal` a string or number, `parameter` one of `?`, `?NNN`, `:a`, `@a` and `$a`,
 * `symbol` any other single character.
 */
export type TokenKind = "word" | "quoted" | "literal" | "parameter" | "symbol";

/** Iterates over the tokens of SQL text, skipping whitespace and comments. */
export class Tokens {
  /** The kind of the current token. */
  kind: TokenKind = "symbol";
  /** The start index of the current token. */
  start: number;
  /** The end index of the current token (exclusive). */
  end: number;
  readonly #sql: string;

  /**
   * @param sql The SQL text.
   * @param start The index to start at.
   */
  constructor(sql: string, start = 0) {
    this.#sql = sql;
    this.start = start;
    this.end = start;
  }

  /** Moves to the next token; returns whether there is one. */
  next(): boolean {
    const sql = this.#sql;
    const start = this.start = skipBlanks(sql, this.end);
    [this.kind, this.end] = readToken(sql, start);
    return start < sql.length;
  }

  /** Whether the end of the text was reached. */
  atEnd(): boolean {
    return this.start >= this.#sql.length;
  }

  /** The text of the current token. */
  text(): string {
    return this.#sql.slice(this.start, this.end);
  }

  /** The current token in upper case if it is a keyword or bare identifier; otherwise `""`. */
  word(): string {
    return this.kind === "word" ? this.text().toUpperCase() : "";
  }

  /**
   * Whether the current token is this single character.
   *
   * @param symbol The character.
   */
  is(symbol: string): boolean {
    return this.kind === "symbol" && this.#sql[this.start] === symbol;
  }
}

// Sticky patterns match at one index only. Only the parts of a name are a repeated group: repeated
// groups make matching a long text slow on Bun.

/** Whitespace or a comment. A block comment needs a third character to begin. */
const BLANK = /[ \t\n\v\f\r\uFEFF]+|--[^\n]*|\/\*(?=[^])[^]*?(?:\*\/|$)/y;

/** The kinds that a pattern tells. Letters are those of ASCII and everything outside it. */
const PATTERNS: readonly (readonly [TokenKind, RegExp])[] = [
  ["word", /[A-Za-z_\x80-\uffff][\w$\x80-\uffff]*/y],
  ["parameter", /\?\d*|[:@$](?:::)*[\w$\x80-\uffff]+(?:::[\w$\x80-\uffff]*)*(?:\([^)\t-\r ]*\))?/y],
  // Only colons: SQLite takes that for a name too.
  ["parameter", /[:@$](?:::)+/y],
  ["literal", /0[xX][\w$.\x80-\uffff]*/y],
];

const NUMBER = /\.?\d[\w$.\x80-\uffff]*/y;
/** What follows the `e` of an exponent that has a sign. */
const EXPONENT = /(?<=[eE])[+-]\d[\w$.\x80-\uffff]*/y;

/** Reads the kind and end of the token at `start`. */
function readToken(sql: string, start: number): [TokenKind, number] {
  const first = sql[start];
  if (first === "'") return ["literal", endOfQuoted(sql, start, first)];
  if (first === '"' || first === "`") return ["quoted", endOfQuoted(sql, start, first)];
  if (first === "[") return ["quoted", after(sql, "]", start)];
  for (const [kind, pattern] of PATTERNS) {
    const end = endOf(pattern, sql, start);
    if (end > start) return [kind, end];
  }
  const end = endOfNumber(sql, start);
  return end > start ? ["literal", end] : ["symbol", Math.min(start + 1, sql.length)];
}

function endOfNumber(sql: string, start: number): number {
  let end = endOf(NUMBER, sql, start);
  if (end === start) return start;
  for (let last = start; last < end;) [last, end] = [end, endOf(EXPONENT, sql, end)];
  return end;
}

function skipBlanks(sql: string, start: number): number {
  // SQLite treats a vertical tab as whitespace only after other whitespace.
  if (sql[start] === "\v") return start;
  for (let at = start;;) {
    const end = endOf(BLANK, sql, at);
    if (end === at) return at;
    at = end;
  }
}

/** Returns the end of what a sticky pattern matches at `start`; `start` if that is nothing. */
function endOf(pattern: RegExp, sql: string, start: number): number {
  pattern.lastIndex = start;
  return pattern.test(sql) ? pattern.lastIndex : start;
}

/** Returns the index after the next `mark`, or the end of the text if there is none. */
function after(sql: string, mark: string, start: number): number {
  const at = sql.indexOf(mark, start);
  return at < 0 ? sql.length : at + mark.length;
}

function endOfQuoted(sql: string, start: number, quote: string): number {
  let at = start;
  do at = after(sql, quote, at + 1); while (sql[at] === quote);
  return at;
}
