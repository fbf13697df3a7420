/** Compares what is in the file with what the calls reported. */

import { alternativesOf, isUnknown } from "./expectation.ts";
import { WrongAnswer } from "./answers.ts";
import type { PlaceKind, StoredRow } from "./places.ts";
import { predict } from "./prediction.ts";
import type { CallReport, Report } from "./reports.ts";
import { NOTHING, type Rows } from "./rows.ts";
import { type Statement, storedValue } from "./statements.ts";

/** Throws when something is not as it was reported. */
export function judge(
  reports: readonly CallReport[],
  stored: readonly StoredRow[],
  copies: readonly string[],
  place: PlaceKind,
): void {
  const byTag = new Map<number, StoredRow[]>();
  for (const row of stored) {
    const rows = byTag.get(row.tag);
    if (rows === undefined) byTag.set(row.tag, [row]);
    else rows.push(row);
  }
  for (const report of reports) {
    checkReport(report, place);
    judgeCall(report, byTag, copies, place);
  }
  if (byTag.size > 0 && reports.length > 0) judgeOrder(reports, stored, place);
}

function checkReport(report: CallReport, place: PlaceKind): void {
  const name = `Call ${report.index}`;
  if (report.state === "pending") throw new Error(`${name} has not settled`);
  if (report.error instanceof WrongAnswer) throw report.error;
  checkChildren(report.children, name);
  const isLost = place.losesSyncs === true && isUnknown(report);
  const predicted = isLost ? "either" : predict(report.call);
  if (predicted === "resolves" && report.state === "rejected") {
    throw new Error(`${name} rejected: ${say(report.error)}`, { cause: report.error });
  }
  if (predicted === "rejects" && report.state === "resolved") {
    throw new Error(`${name} resolved, though it cannot have worked`);
  }
  for (const { state, statement } of report.reentered) {
    if (state !== "rejected") throw new Error(`#${statement.tag} of ${name} was not refused`);
  }
}

function checkChildren(children: readonly Report[], name: string): void {
  for (const child of children) {
    if (child.error instanceof WrongAnswer) throw child.error;
    if (child.of === "transaction") checkChildren(child.children, name);
    if (child.of !== "statement" || child.state === "rejected") continue;
    const { fate } = child.statement.kind;
    if (fate === "works" || fate === "later") continue;
    throw new Error(`#${child.statement.tag} of ${name} resolved, though it cannot have worked`);
  }
}

function say(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : typeof error;
}

function judgeCall(
  report: CallReport,
  byTag: ReadonlyMap<number, StoredRow[]>,
  copies: readonly string[],
  place: PlaceKind,
): void {
  const statements = statementsOf(report);
  const alternatives = alternativesOf(report, place);
  const problems: string[] = [];
  for (const alternative of alternatives) {
    const problem = mismatch(statements, alternative, byTag, copies);
    if (problem === undefined) return;
    problems.push(problem);
  }
  const outcome = report.state === "resolved" ? "resolved" : `rejected (${say(report.error)})`;
  throw new Error(`Call ${report.index} ${outcome}: ${problems.join("; or ")}`, {
    cause: report.error,
  });
}

function statementsOf({ call: { action }, children, reentered }: CallReport): Statement[] {
  const own = action.do === "run"
    ? [action.statement]
    : action.do === "batch"
    ? action.statements
    : action.do === "script"
    ? action.script.statements
    : [];
  return [...own, ...statementsIn(children), ...reentered.map(({ statement }) => statement)];
}

function statementsIn(children: readonly Report[]): Statement[] {
  return children.flatMap((child) => {
    if (child.of === "statement") return [child.statement];
    if (child.of === "script") return child.script.statements;
    return child.of === "transaction" ? statementsIn(child.children) : [];
  });
}

function mismatch(
  statements: readonly Statement[],
  expected: Rows,
  byTag: ReadonlyMap<number, StoredRow[]>,
  copies: readonly string[],
): string | undefined {
  for (const statement of statements) {
    const { tag, kind } = statement;
    const found = byTag.get(tag) ?? [];
    const ns = found.map(({ n }) => n);
    const allowed = expected.get(tag) ?? NOTHING;
    if (!allowed.some((rows) => rows.join() === ns.join())) {
      const list = allowed.map((rows) => `[${rows}]`).join(" or ");
      return `#${tag} (${kind.name}) has left rows [${ns}], not ${list}`;
    }
    const value = kind.name === "full" ? undefined : storedValue(statement);
    const other = found.find((row) => row.value !== value);
    if (other !== undefined) return `#${tag} has the value "${other.value}", not "${value}"`;
    const wanted = (kind.copies ?? []).filter((n) => ns.includes(n)).map((n) => `${tag}.${n}`);
    const copied = copies.filter((copy) => copy.startsWith(`${tag}.`));
    if (wanted.join() !== copied.join()) {
      return `#${tag} has left the copies [${copied}], not [${wanted}]`;
    }
  }
  return undefined;
}

/** Whoever began later is behind; and nobody is between the rows of a transaction. */
function judgeOrder(
  reports: readonly CallReport[],
  stored: readonly StoredRow[],
  place: PlaceKind,
): void {
  const owner = new Map<number, CallReport>();
  for (const report of reports) {
    for (const { tag } of statementsOf(report)) owner.set(tag, report);
  }
  const spans = new Map<CallReport, { first: number; last: number }>();
  let previous: CallReport | undefined;
  for (const { id, tag } of stored) {
    const report = owner.get(tag);
    if (report === undefined) continue;
    const span = spans.get(report);
    if (span === undefined) {
      spans.set(report, { first: id, last: id });
    } else {
      const { action } = report.call;
      const whole = action.do !== "lease" && (action.do !== "script" || place.oneWriter);
      if (previous !== report && whole) {
        throw new Error(`Call ${previous?.index} wrote between the rows of call ${report.index}`);
      }
      span.last = id;
    }
    previous = report;
  }
  for (const [one, { first }] of spans) {
    for (const [other, { last }] of spans) {
      if (one.startedAt >= other.startedAt) continue;
      const inOrder = one.settledAt < other.startedAt ||
        (place.oneWriter && one.call.abort === undefined && other.call.abort === undefined);
      if (inOrder && first > last) {
        throw new Error(`Call ${other.index} is before call ${one.index} in the file`);
      }
    }
  }
}

/** How the calls have settled, for the count of what was seen. */
export function seenIn(reports: readonly CallReport[]): string[] {
  return reports.map((report) => {
    return `${report.call.action.do} ${isUnknown(report) ? "unknown" : report.state}`;
  });
}
