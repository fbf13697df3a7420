/** Checks what a call answers, beside whether it resolves. */

import type { Statement } from "./statements.ts";

/** The library told something that is not so. */
export class WrongAnswer extends Error {}

/** Throws when the result of a statement that worked is not its own. */
export function checkResult(
  { kind, sql }: Statement,
  { rows, rowsAffected }: { rows: unknown[]; rowsAffected: number },
): void {
  if (rows.length !== (kind.returned ?? 0)) throw new WrongAnswer(`${rows.length} rows of ${sql}`);
  // Drivers of three methods do not count.
  if (
    rowsAffected !== 0 && rowsAffected !== kind.rows.length + (kind.name === "OR REPLACE" ? 1 : 0)
  ) {
    throw new WrongAnswer(`${rowsAffected} rows affected by ${sql}`);
  }
  if (rows.some((row) => row === "changed")) throw new WrongAnswer("a row factory of later");
}
