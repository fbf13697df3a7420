/** The tables that a run prints. */

import { STOPPED_SHARE, type Verdict } from "../scenarios/correctness.ts";
import type { Figure, LaneInfo, Results, ScenarioInfo } from "./results.ts";

/** Columns of text; the first is on the left, all others on the right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) =>
    row.map((cell, column) => column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))
      .join("  ").trimEnd()
  ).join("\n");
}

/** 12,345 or 12.3: three digits are enough. */
export function count(value: number): string {
  if (value >= 100) return Number(value.toPrecision(3)).toLocaleString("en");
  return value.toPrecision(3);
}

/** 12.3, 0.93, 0.004: two digits are enough for a ratio. */
export function times(ratio: number): string {
  if (ratio >= 10) return ratio.toFixed(1);
  return ratio >= 0.095 ? ratio.toFixed(2) : String(Number(ratio.toPrecision(1)));
}

export const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;

/** Beside the name of what is part of this project. */
export const OURS = "*";

export function nameOf({ title, ours }: LaneInfo): string {
  return ours ? `${title} ${OURS}` : title;
}

export function variantTable(
  scenario: ScenarioInfo,
  variant: string,
  figures: readonly Figure[],
  names: readonly string[],
): string {
  const measured = figures.filter(({ perSecond }) => perSecond !== undefined);
  const details = names.filter((name) =>
    measured.some(({ detail }) => detail?.[name] !== undefined)
  );
  const hasCpu = measured.some(({ cpuMicros }) => cpuMicros !== undefined);
  const rows = [
    [
      "",
      `${scenario.unit}/s`,
      "spread",
      "ratio",
      "spread",
      ...(hasCpu ? ["CPU us"] : []),
      ...details.map((name) => `${name} ms`),
    ],
    ...measured.map((figure) => [
      nameOf(scenario.lanes[figure.lane]),
      count(figure.perSecond!),
      `± ${percent(figure.spread!)}`,
      times(figure.ratio!),
      `± ${percent(figure.ratioSpread!)}`,
      ...(hasCpu ? [figure.cpuMicros === undefined ? "" : count(figure.cpuMicros)] : []),
      ...details.map((name) => {
        const value = figure.detail?.[name];
        return value === undefined ? "" : value.toPrecision(3);
      }),
    ]),
  ];
  const missing = figures.filter(({ perSecond }) => perSecond === undefined)
    .map(({ lane, absent, failed }) =>
      `  ${scenario.lanes[lane].title}: ${absent === undefined ? `failed: ${failed}` : absent}`
    );
  return [`${scenario.title}, ${variant}`, table(rows), ...missing].join("\n");
}

export function correctnessTable(
  lanes: Readonly<Record<string, LaneInfo>>,
  verdicts: Results["correctness"],
): string {
  const rows = [["", "acknowledged writes", "transactions", "after a failure", "event loop"]];
  const remarks: string[] = [];
  for (const [id, verdict] of Object.entries(verdicts)) {
    const name = nameOf(lanes[id]);
    if ("absent" in verdict) {
      remarks.push(`  ${name}: ${verdict.absent}`);
      continue;
    }
    rows.push([name, ...judge(verdict)]);
    if (verdict.remarks.length > 0) remarks.push(`  ${name}: ${verdict.remarks.join("; ")}`);
  }
  return ["Correctness beside speed", table(rows), ...remarks].join("\n");
}

function judge(verdict: Verdict): string[] {
  return [
    verdict.losesWrites ? "LOST" : "kept",
    verdict.mixesTransactions ? "MIXED" : "apart",
    verdict.keepsFailed ? "LEFT BEHIND" : "undone",
    stopsLoop(verdict) ? `STOPS (${verdict.stoppedMs.toFixed(0)} ms)` : "runs",
  ];
}

export function stopsLoop({ stoppedMs, statementMs }: Verdict): boolean {
  return stoppedMs > statementMs * STOPPED_SHARE;
}
