/**
 * What is known of a statement by its text, and what D1 is sent for it.
 *
 * @module
 */

import { type BindLimits, bindValues, type NulText } from "../../src/sqlite/bind.ts";
import { soleStatement, type Statement } from "../../src/sqlite/scan.ts";
import { isWrite, scanHead } from "../../src/sqlite/statement_head.ts";
import { Tokens } from "../../src/sqlite/tokens.ts";
import type { BindParams, SQLiteValue } from "../../src/sqlite/types.ts";
import { refusalOf } from "../workerd/refusals.ts";
import { TypedStatement } from "../workerd/typed_placeholders.ts";

/** What D1 cannot bind: it carries values as JSON. */
export const d1BindLimits: BindLimits & { readonly nulText: NulText } = {
  nulText: "allowed",
  refuse(value) {
    if (Object.is(value, -0)) return "is -0, which D1 would store as 0: pass 0";
    return value === Infinity || value === -Infinity
      ? "is infinite, which D1 would store as NULL: pass null if that is meant"
      : undefined;
  },
};

const REMEDY = "pass the statements that belong together to batch([...]), which is a transaction";

/** One statement. */
export class D1Statement extends TypedStatement {
  /** Whether it adds, changes or removes rows. */
  readonly writes: boolean;
  /** Whether it may change anything. */
  readonly mayChange: boolean;
  /** Whether it made a batch fail: from then on it travels by itself. */
  isSuspect = false;
  #columns: number | undefined | null = null;

  /** @throws {SQLiteError} D1 cannot run it. */
  constructor(statement: Statement) {
    super(statement);
    const { text, verb } = statement;
    const refusal = refusalOf(statement, REMEDY);
    if (refusal !== undefined) throw refusal;
    this.writes = isWrite(verb);
    const isQuestion = verb === "pragma" && scanHead(text)?.pragma?.sets !== true;
    this.mayChange = verb !== "select" && verb !== "explain" && !isQuestion;
  }

  /** How many columns it gives, where its text tells. */
  get columns(): number | undefined {
    if (this.#columns === null) this.#columns = countColumns(this.statement);
    return this.#columns;
  }

  /** The values for its parameters. */
  bind(params: BindParams | undefined): SQLiteValue[] {
    return bindValues(params, this.statement.parameters, d1BindLimits);
  }
}

/** So many are known at a time, as on every connection. */
const MOST_KNOWN = 128;

/** For all databases of the process: the text alone decides. */
const known = new Map<string, D1Statement>();

/**
 * The statement of a text.
 *
 * @throws {TypeError | SQLiteError} It is not exactly one statement, or not one for D1.
 */
export function d1Statement(sql: string): D1Statement {
  const found = known.get(sql);
  if (found !== undefined) return found;
  const made = new D1Statement(soleStatement(sql));
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(sql, made);
  return made;
}

/** What ends the list of columns. */
const AFTER_COLUMNS: ReadonlySet<string> = new Set([
  ...["FROM", "WHERE", "GROUP", "HAVING", "UNION", "INTERSECT", "EXCEPT", "ORDER", "LIMIT"],
]);
/** What a star for all columns follows. */
const BEFORE_STAR: ReadonlySet<string> = new Set([
  ...["SELECT", "DISTINCT", "ALL", "RETURNING", ",", "."],
]);

/** The columns of SELECT or RETURNING; `undefined` for `*`, and where there is no such list. */
function countColumns({ text, verb, returning }: Statement): number | undefined {
  const first = returning ? "RETURNING" : verb === "select" ? "SELECT" : undefined;
  if (first === undefined) return undefined;
  const tokens = new Tokens(text);
  let depth = 0;
  let count = 0;
  let previous = "";
  while (tokens.next()) {
    const text = tokens.word() || tokens.text();
    if (text === "(") depth += 1;
    else if (text === ")") depth -= 1;
    else if (depth === 0) {
      if (count === 0) {
        if (text === first) count = 1;
      } else if (AFTER_COLUMNS.has(text)) break;
      else if (text === ",") count += 1;
      else if (text === "*" && BEFORE_STAR.has(previous)) return undefined;
    }
    previous = text;
  }
  return count === 0 ? undefined : count;
}
