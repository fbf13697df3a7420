/** Rows that are expected of what ran in a transaction. */

import type { Report, ScriptReport, StatementReport } from "./reports.ts";

/** For each statement the rows that may be there; none of those that are not listed. */
export type Rows = Map<number, readonly (readonly number[])[]>;

export const NOTHING: readonly (readonly number[])[] = [[]];

/** What a transaction that was committed has left. */
export function addCommitted(
  children: readonly Report[],
  rows: Rows,
  how: "strict" | "lenient",
): void {
  const marks: Set<number>[] = [];
  for (const child of children) {
    if (child.of === "control" && child.state === "resolved") control(child.how, rows, marks);
    if (child.of === "statement") rows.set(child.statement.tag, leftBy(child, how));
    else if (child.of === "script") addScript(child, rows, how);
    else if (child.of === "transaction" && child.state === "resolved") {
      addCommitted(child.children, rows, how);
    }
  }
}

/** Savepoints as text. */
export function control(how: string, rows: Rows, marks: Set<number>[]): void {
  if (how.startsWith("SAVEPOINT")) marks.push(new Set(rows.keys()));
  else if (how.startsWith("RELEASE")) marks.pop();
  else if (how.startsWith("ROLLBACK TO")) {
    const mark = marks.at(-1);
    for (const tag of [...rows.keys()]) if (mark?.has(tag) === false) rows.delete(tag);
  }
}

function leftBy(
  { statement: { kind }, state }: StatementReport,
  how: "strict" | "lenient",
): readonly (readonly number[])[] {
  if (state === "resolved") return [kind.rows];
  const leaves = kind.leaves ?? NOTHING;
  return how === "strict" ? leaves : [...leaves, []];
}

export function addScript(
  { script, state }: ScriptReport,
  rows: Rows,
  how: "strict" | "lenient",
): void {
  const { statements, form } = script;
  // The transaction it would begin is refused inside another one.
  if (form !== "plain" && state === "rejected") return;
  for (const { tag, kind } of statements) {
    const works = kind.fate === "works" || kind.fate === "later";
    const left = works ? [kind.rows] : kind.leaves ?? NOTHING;
    rows.set(tag, how === "strict" ? left : [...left, []]);
    if (!works) return;
  }
}
