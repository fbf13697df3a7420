/** What a call must have left, by what it reported. */

import { rowsOfLease } from "./lease.ts";
import type { PlaceKind } from "./places.ts";
import { predict } from "./prediction.ts";
import type { Script } from "./program.ts";
import type { CallReport } from "./reports.ts";
import { addCommitted, NOTHING, type Rows } from "./rows.ts";
import type { Statement } from "./statements.ts";

/** Whether the error leaves open if the call has taken effect. */
export function isUnknown({ state, error }: CallReport): boolean {
  if (state !== "rejected") return false;
  const name = error instanceof Error ? error.name : "";
  return name === "OutcomeUnknownError" || name === "ConnectionLostError";
}

/** What may be there; more than one thing when the outcome is unknown. */
export function alternativesOf(report: CallReport, place: PlaceKind): Rows[] {
  const { action } = report.call;
  const unknown = isUnknown(report);
  switch (action.do) {
    case "run":
      return [
        ...whetherCommitted(report, unknown, [action.statement]),
        ...hiddenRest(report, place),
      ];
    case "batch":
      return whetherCommitted(report, unknown, action.statements);
    case "transaction": {
      if (report.state === "rejected" && !unknown) return [new Map()];
      const strict = predict(report.call) === "resolves";
      const committed: Rows = new Map();
      addCommitted(report.children, committed, strict ? "strict" : "lenient");
      return unknown ? [committed, new Map()] : [committed];
    }
    case "script":
      return alternativesOfScript(report, action.script);
    case "lease":
      return [rowsOfLease(report.children)];
  }
}

/**
 * What a trigger or a table makes FAIL leaves a part of itself on a connection that a pool lends for
 * one statement; a database notices and undoes it.
 */
function hiddenRest({ call: { action }, state }: CallReport, place: PlaceKind): Rows[] {
  if (action.do !== "run" || state === "resolved" || place.oneWriter) return [];
  const { tag, kind } = action.statement;
  return kind.hidden === true ? [new Map([[tag, kind.leaves ?? NOTHING]])] : [];
}

function whetherCommitted(
  report: CallReport,
  unknown: boolean,
  statements: readonly Statement[],
): Rows[] {
  const all: Rows = new Map(statements.map(({ tag, kind }) => [tag, [kind.rows]]));
  if (report.state === "resolved") return [all];
  const mayBeThere = unknown && predict({ ...report.call, abort: undefined }) === "resolves";
  return mayBeThere ? [new Map(), all] : [new Map()];
}

/** A script is no transaction unless it makes itself one. */
function alternativesOfScript(report: CallReport, script: Script): Rows[] {
  const { statements, form } = script;
  if (form !== "plain") return whetherCommitted(report, isUnknown(report), statements);
  const failing = statements.findIndex(({ kind }) => kind.fate !== "works");
  const upTo = (count: number): Rows =>
    new Map(statements.slice(0, count).map(({ tag, kind }) => [tag, [kind.rows]]));
  const done = failing < 0 ? statements.length : failing;
  const rows = upTo(done);
  if (failing >= 0) {
    const { tag, kind } = statements[failing];
    rows.set(tag, [...(kind.leaves ?? NOTHING), []]);
  }
  if (report.call.abort === undefined || report.state === "resolved") return [rows];
  return [rows, ...Array.from({ length: done }, (_, count) => upTo(count))];
}
