/** What somebody has left who begins and ends transactions by hand. */

import type { Report, ScriptReport } from "./reports.ts";
import { addCommitted, addScript, control, NOTHING, type Rows } from "./rows.ts";

/** What a holder did who begins and ends transactions himself. */
export function rowsOfLease(children: readonly Report[]): Rows {
  const rows: Rows = new Map();
  let pending: Rows | undefined;
  /** Savepoints of the open transaction; one that was begun by its first has `outermost`. */
  let marks: Set<number>[] = [];
  let outermost = false;
  const keep = (): void => {
    for (const [tag, allowed] of pending ?? []) rows.set(tag, allowed);
    pending = undefined;
  };
  for (const child of children) {
    if (child.of === "control" && / a$/.test(child.how)) {
      if (child.state === "rejected") continue;
      if (pending === undefined) {
        pending = new Map();
        marks = [];
        outermost = true;
      }
      control(child.how, pending, marks);
      if (outermost && marks.length === 0) keep();
    } else if (child.of === "control") {
      const begins = child.how.toLowerCase().startsWith("begin");
      const ends = !begins && child.state === "resolved";
      if (begins && child.state === "resolved") {
        pending = new Map();
        marks = [];
        outermost = false;
      }
      if (ends && !child.how.toLowerCase().startsWith("rollback")) keep();
      if (ends) pending = undefined;
      if (child.how === "commit()" && child.state === "rejected" && !child.inTransaction) {
        pending = undefined;
      }
    } else if (child.of === "script") {
      pending = scriptOnLease(child, rows, pending);
    } else {
      const inside = pending !== undefined;
      const own: Rows = new Map();
      addCommitted([child], own, "lenient");
      if (child.of === "transaction" && child.state === "rejected") own.clear();
      for (const [tag, allowed] of own) (pending ?? rows).set(tag, allowed);
      // SQLite has ended it, which not every driver tells.
      const ended = !child.inTransaction ||
        (child.of === "statement" && child.statement.kind.fate === "ends");
      if (inside && child.state === "rejected" && ended) pending = undefined;
      if (inside) expectTold(child);
    }
  }
  return rows;
}

/** Whatever the driver: who asks has to learn that a failure has ended the transaction. */
function expectTold(child: Report): void {
  if (child.of !== "statement" || child.statement.kind.fate !== "ends" || !child.inTransaction) {
    return;
  }
  // Other errors refuse the statement before it runs.
  const { message } = child.error as Error;
  if (!/UNIQUE constraint|asked to roll back/.test(message)) return;
  throw new Error(`After #${child.statement.tag} the lease says that its transaction is open`);
}

function scriptOnLease(child: ScriptReport, rows: Rows, open: Rows | undefined): Rows | undefined {
  const { script: { form, statements }, state } = child as ScriptReport & Report;
  const { fate } = statements.find(({ kind }) => kind.fate !== "works")?.kind ?? {};
  const ended = fate === "ends" || !(child as Report).inTransaction;
  const own: Rows = new Map();
  addScript({ ...child, script: { form: "plain", statements } }, own, "strict");
  if (open !== undefined) {
    // BEGIN is refused, and nothing of what follows runs.
    if (form !== "plain") return open;
    for (const [tag, allowed] of own) open.set(tag, allowed);
    return state === "rejected" && ended ? undefined : open;
  }
  const lenient: Rows = new Map();
  for (const [tag, allowed] of own) lenient.set(tag, [...allowed, []]);
  if (form === "plain") {
    for (const { tag, kind } of statements) {
      if (kind.fate === "works") {
        rows.set(tag, own.get(tag) ?? NOTHING);
        continue;
      }
      rows.set(tag, [...(kind.fate === "later" ? NOTHING : kind.leaves ?? NOTHING), []]);
      break;
    }
    return undefined;
  }
  if (form === "BEGIN; ...; COMMIT" && state === "resolved") {
    for (const [tag, allowed] of own) rows.set(tag, allowed);
    return undefined;
  }
  // What the script has begun is open, where the library lets the holder have it.
  return ended ? undefined : own;
}
