/**
 * Queries written as template literals, whose values are always bound.
 *
 * @module
 */

import { describe } from "../platform/describe.ts";
import type { BindValue } from "./types.ts";
import { SqlQuery } from "./sql_query.ts";
import { checkBindValue } from "./bind/check_value.ts";

/** What `${}` accepts in a {@linkcode sql} template: a value to bind or another query. */
export type SqlArgument = BindValue | SqlQuery;

/** The tag {@linkcode sql} and its helpers. */
export interface SqlTag {
  /**
   * Creates a query from a template.
   *
   * @param strings The SQL text between the values.
   * @param args Values to bind, and queries to embed.
   * @throws {TypeError | RangeError} if a value cannot be bound; the message names it.
   */
  (strings: TemplateStringsArray, ...args: SqlArgument[]): SqlQuery;
  /**
   * Joins values or queries into one query, for `IN` lists, `VALUES` and conditions.
   *
   * @param items Values to bind, and queries to embed.
   * @param separator The separator. Default: a comma.
   * @throws {TypeError | RangeError} if a value cannot be bound; the message names it.
   */
  join(items: readonly SqlArgument[], separator?: SqlQuery): SqlQuery;
  /** An alias of {@linkcode ident}. */
  readonly ident: typeof ident;
}

const comma = new SqlQuery(", ", []);

/**
 * Tags a template literal as a query. Each `${}` becomes a parameter, so no value can change what
 * the query does; a query in `${}` is embedded.
 *
 * @example
 * ```ts
 * import { sql } from "@sqlitepool/pool";
 *
 * const active = sql`active = ${true}`;
 * const query = sql`
 *   SELECT * FROM ${sql.ident("users")}
 *   WHERE ${active} AND id IN (${sql.join([1, 2, 3])})`;
 * // query.text ends in "active = ? AND id IN (?, ?, ?)", query.values is [true, 1, 2, 3]
 * ```
 */
export const sql: SqlTag = Object.assign(tag, { join, ident });

/**
 * Quotes the name of a table, column or index for a {@linkcode sql} template.
 *
 * @param names The parts of the name: `ident("main", "users")` is `"main"."users"`.
 * @returns A query without values, for embedding in another one.
 * @throws {TypeError} if a name is not a string, is empty, or contains an invalid character.
 *
 * @example
 * ```ts
 * import { ident, sql } from "@sqlitepool/pool";
 *
 * const column = "created at";
 * const query = sql`SELECT * FROM events ORDER BY ${ident(column)}`;
 * ```
 */
export function ident(...names: [string, ...string[]]): SqlQuery {
  return new SqlQuery(names.map(quote).join("."), []);
}

function tag(strings: TemplateStringsArray, ...args: SqlArgument[]): SqlQuery {
  if (!Array.isArray(strings) || !Array.isArray(strings.raw)) {
    throw new TypeError("sql is a tag for templates: write sql`SELECT ${value}`, without ()");
  }
  const values: BindValue[] = [];
  const texts = strings.map((text: string | undefined, i) => {
    if (text === undefined) {
      throw new TypeError("the sql template contains an invalid escape sequence");
    }
    if (i === 0) return text;
    return addArgument(args[i - 1], values, `value ${i} of the sql template`) + text;
  });
  return new SqlQuery(texts.join(""), values);
}

function join(items: readonly SqlArgument[], separator: SqlQuery = comma): SqlQuery {
  if (!Array.isArray(items)) {
    throw new TypeError(`sql.join needs an array of values or queries, not ${describe(items)}`);
  }
  if (!(separator instanceof SqlQuery)) {
    throw new TypeError("the separator of sql.join must be a query: sql` AND `");
  }
  const values: BindValue[] = [];
  let text = "";
  // forEach() would skip holes.
  for (let i = 0; i < items.length; i++) {
    if (i > 0) text += addArgument(separator, values, "the separator of sql.join");
    text += addArgument(items[i], values, `item ${i + 1} of sql.join`);
  }
  return new SqlQuery(text, values);
}

/** Adds the values of an argument to `values` and returns its text. */
function addArgument(arg: SqlArgument, values: BindValue[], name: string): string {
  if (arg instanceof SqlQuery) {
    // push(...) would overflow the stack for long lists.
    for (const value of arg.values) values.push(value);
    return arg.text;
  }
  if (Array.isArray(arg)) {
    throw new TypeError(`${name} is an array: use sql.join(array) to bind each of its values`);
  }
  checkBindValue(arg, name);
  values.push(arg);
  return "?";
}

function quote(name: unknown): string {
  if (typeof name !== "string") {
    throw new TypeError(`the name of a table or column must be a string, not ${describe(name)}`);
  }
  if (name === "") throw new TypeError("the name of a table or column must not be empty");
  if (name.includes("\0") || !name.isWellFormed()) {
    throw new TypeError("the name of a table or column must not contain NUL or a lone surrogate");
  }
  return `"${name.replaceAll('"', '""')}"`;
}
