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

/** Reads the kind and end of the token at `start`. */
function readToken(sql: string, start: number): [TokenKind, number] {
  const first = sql[start];
  if (isDigit(first) || (first === "." && isDigit(sql[start + 1]))) {
    return ["literal", endOfNumber(sql, start)];
  }
  switch (first) {
    case "'":
      return ["literal", endOfQuoted(sql, start, first)];
    case '"':
    case "`":
      return ["quoted", endOfQuoted(sql, start, first)];
    case "[":
      return ["quoted", after(sql, "]", start)];
    case "?":
      return ["parameter", endOfDigits(sql, start + 1)];
    case ":":
    case "@":
    case "$": {
      const end = endOfName(sql, start);
      return [end > start + 1 ? "parameter" : "symbol", end];
    }
  }
  const end = endOfWord(sql, start);
  return end > start ? ["word", end] : ["symbol", Math.min(start + 1, sql.length)];
}

function skipBlanks(sql: string, start: number): number {
  let at = start;
  for (;;) {
    switch (sql[at]) {
      case " ":
      case "\t":
      case "\n":
      case "\f":
      case "\r":
      case "\uFEFF":
        at++;
        continue;
      case "\v":
        // SQLite treats a vertical tab as whitespace only after other whitespace.
        if (at === start) return at;
        at++;
        continue;
      case "-":
        if (sql[at + 1] !== "-") return at;
        at = after(sql, "\n", at + 2);
        continue;
      case "/":
        // Two characters at the very end do not start a comment: SQLite requires a third.
        if (sql[at + 1] !== "*" || at + 2 >= sql.length) return at;
        at = after(sql, "*/", at + 2);
        continue;
    }
    return at;
  }
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

function endOfDigits(sql: string, start: number): number {
  let at = start;
  while (isDigit(sql[at])) at++;
  return at;
}

function endOfWord(sql: string, start: number): number {
  let at = start;
  while (isWordCharacter(sql.charCodeAt(at))) at++;
  return at;
}

function endOfNumber(sql: string, start: number): number {
  const hexadecimal = sql[start] === "0" && (sql[start + 1] === "x" || sql[start + 1] === "X");
  let at = start;
  for (;; at++) {
    if (sql[at] === "." || isWordCharacter(sql.charCodeAt(at))) continue;
    const signed = (sql[at] === "+" || sql[at] === "-") && isDigit(sql[at + 1]);
    const exponent = !hexadecimal && (sql[at - 1] === "e" || sql[at - 1] === "E");
    if (!signed || !exponent) return at;
  }
}

/** Returns the end of `:name`, including Tcl variable syntax: `$a::b(c)`. */
function endOfName(sql: string, start: number): number {
  let at = start + 1;
  for (;;) {
    const end = endOfWord(sql, at);
    if (sql[end] === ":" && sql[end + 1] === ":") {
      at = end + 2;
    } else if (sql[end] === "(" && /[^:]/.test(sql.slice(start + 1, end))) {
      const close = endOfSuffix(sql, end);
      return close < 0 ? end : close;
    } else {
      return end;
    }
  }
}

/** Returns the end of `(...)` directly after a name; -1 if whitespace or the end comes first. */
function endOfSuffix(sql: string, start: number): number {
  const close = sql.indexOf(")", start);
  if (close < 0 || /[\t-\r ]/.test(sql.slice(start + 1, close))) return -1;
  return close + 1;
}

function isDigit(character: string | undefined): boolean {
  return character !== undefined && character >= "0" && character <= "9";
}

/** Letters, digits, `_`, `$` and everything outside ASCII; not `NaN`, which is past the end. */
function isWordCharacter(code: number): boolean {
  return code >= 0x80 || (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x30 && code <= 0x39) || code === 0x5f || code === 0x24;
}
