/** Rows that are expected of what ran in a transaction. */

import type { Report, ScriptReport } from "./reports.ts";
import type { Statement } from "./statements.ts";

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
    if (child.of === "statement") {
      rows.set(
        child.statement.tag,
        child.state === "resolved" ? [child.statement.kind.rows] : leftBy(child.statement),
      );
    } else if (child.of === "script") addScript(child, rows, how);
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

/** A failing statement that leaves a part may also be undone as a whole. */
export function leftBy({ kind }: Statement): readonly (readonly number[])[] {
  return kind.leaves === undefined ? NOTHING : [...kind.leaves, []];
}

export function addScript(
  { script, state }: ScriptReport,
  rows: Rows,
  how: "strict" | "lenient",
): void {
  const { statements, form } = script;
  // The transaction it would begin is refused inside another one.
  if (form !== "plain" && state === "rejected") return;
  for (const statement of statements) {
    const { tag, kind: { fate, rows: whole } } = statement;
    const works = fate === "works" || fate === "later";
    const left = works ? [whole] : leftBy(statement);
    rows.set(tag, how === "strict" ? left : [...left, []]);
    if (!works) return;
  }
}
