/**
 * Whole numbers for platforms that bind every number as REAL and no bigint at all: D1 and Durable
 * Objects. The placeholder of each value that must be an INTEGER becomes a CAST of itself.
 *
 * @module
 */

import type { Statement } from "../../src/sqlite/scan.ts";
import { Tokens } from "../../src/sqlite/tokens.ts";
import type { SQLiteValue } from "../../src/sqlite/types.ts";

// The plus takes the affinity from the CAST, with which a comparison would convert its other side.
const OPEN = "(+CAST(";
const CLOSE = " AS INTEGER))";
const WRAPPED = /\(\+CAST\((\?\d*|[:@$]\S+) AS INTEGER\)\)/g;

/** So many texts of one statement are kept: few programs give it values of more types. */
const MOST_TEXTS = 16;

/** A placeholder in the text of a statement. */
interface Placeholder {
  readonly start: number;
  readonly end: number;
  /** Which value belongs to it. */
  readonly index: number;
}

/** The texts of one statement, which depend on where the values are whole numbers. */
export class TypedStatement {
  /** What the text of the statement tells. */
  readonly statement: Statement;
  readonly #placeholders: readonly Placeholder[];
  /** By the indices of the whole numbers. The same text for the same types keeps it prepared. */
  readonly #texts = new Map<string, string>();

  /** @param statement What the text of the statement tells. */
  constructor(statement: Statement) {
    this.statement = statement;
    this.#placeholders = statement.parameters.length === 0 ? [] : placeholdersIn(statement);
  }

  /**
   * The text that stores these values as they are, for {@linkcode bindable} values.
   *
   * @param values One for each parameter of the statement.
   */
  textFor(values: readonly SQLiteValue[]): string {
    const { text } = this.statement;
    let types = "";
    for (let i = 0; i < values.length; i++) if (isInteger(values[i])) types += `${i},`;
    if (types === "") return text;
    let typed = this.#texts.get(types);
    if (typed === undefined) {
      if (this.#texts.size >= MOST_TEXTS) this.#texts.clear();
      this.#texts.set(types, typed = wrap(text, this.#placeholders, values));
    }
    return typed;
  }
}

/**
 * A value as the platform takes it for the text of {@linkcode TypedStatement.textFor}.
 *
 * @param value One of the values.
 */
export function bindable(value: SQLiteValue): SQLiteValue {
  return typeof value === "bigint" ? String(value) : value;
}

/**
 * The names of columns as the statement of the caller has them: without AS, a name is the text of
 * its expression.
 *
 * @param columns The names that the platform gives.
 */
export function namesWithoutCasts(columns: readonly string[]): string[] {
  return columns.map((name) => name.includes(OPEN) ? name.replaceAll(WRAPPED, "$1") : name);
}

/** Only REAL has a negative zero, and numbers from 2^53 on. */
function isInteger(value: SQLiteValue): boolean {
  return typeof value === "bigint" || (Number.isSafeInteger(value) && !Object.is(value, -0));
}

function wrap(
  text: string,
  placeholders: readonly Placeholder[],
  values: readonly SQLiteValue[],
): string {
  let typed = "";
  let copied = 0;
  for (const { start, end, index } of placeholders) {
    if (!isInteger(values[index])) continue;
    typed += text.slice(copied, start) + OPEN + text.slice(start, end) + CLOSE;
    copied = end;
  }
  return typed + text.slice(copied);
}

/** Where the placeholders are, numbered as SQLite does and `Statement.parameters` has them. */
function placeholdersIn({ text, parameters }: Statement): Placeholder[] {
  const found: Placeholder[] = [];
  const tokens = new Tokens(text);
  let count = 0;
  while (tokens.next()) {
    if (tokens.kind !== "parameter") continue;
    const { start, end } = tokens;
    const name = tokens.text();
    const index = name === "?"
      ? count
      : name.startsWith("?")
      ? Number(name.slice(1)) - 1
      : parameters.indexOf(name);
    count = Math.max(count, index + 1);
    found.push({ start, end, index });
  }
  return found;
}
