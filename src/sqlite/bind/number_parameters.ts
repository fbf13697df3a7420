/**
 * Numbers in place of the names of parameters, for those who take values by position only.
 *
 * @module
 */

import type { Statement } from "../scan.ts";
import { Tokens } from "../tokens.ts";

/**
 * The text of a statement whose parameters have numbers.
 *
 * @param statement The statement.
 */
export function numberParameters(
  { text, parameters }: Pick<Statement, "text" | "parameters">,
): string {
  const tokens = new Tokens(text);
  let numbered = "";
  let end = 0;
  while (tokens.next()) {
    if (tokens.kind !== "parameter" || text[tokens.start] === "?") continue;
    numbered += `${text.slice(end, tokens.start)}?${parameters.indexOf(tokens.text()) + 1}`;
    end = tokens.end;
  }
  return numbered + text.slice(end);
}
