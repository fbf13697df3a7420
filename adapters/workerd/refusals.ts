/**
 * What D1 and Durable Objects must not be asked to do.
 *
 * @module
 */

import { misuse, type SQLiteError } from "../../src/sqlite/errors.ts";
import type { Statement } from "../../src/sqlite/scan.ts";
import { Tokens } from "../../src/sqlite/tokens.ts";
import type { Verb } from "../../src/sqlite/statement_head.ts";

const CONTROL: ReadonlySet<Verb> = new Set<Verb>([
  ...["begin", "commit", "rollback", "rollback to", "savepoint", "release"] as const,
]);

/**
 * Why the platform must not be given a statement: it controls a transaction, or rolls back the one
 * that the platform itself has open. Losing that resets a Durable Object, which loses its other
 * recent writes too.
 *
 * @param statement What its text tells.
 * @param remedy What to do instead of controlling a transaction in SQL.
 */
export function refusalOf(statement: Statement, remedy: string): SQLiteError | undefined {
  const { verb, text } = statement;
  if (CONTROL.has(verb)) {
    return misuse(`${verb.toUpperCase()} as SQL text is not possible on this platform: ${remedy}`);
  }
  if (!/\brollback\b/i.test(text)) return undefined;
  const tokens = new Tokens(text);
  while (tokens.next()) {
    if (tokens.word() === "ROLLBACK") {
      return misuse(
        "ROLLBACK as a conflict clause or in RAISE would end the transaction that the platform " +
          'itself has open: use ABORT. Quote a name: "rollback"',
      );
    }
  }
  return undefined;
}
