/** Whether two runs say the same. */

import type { Figure, Results } from "./results.ts";
import { table, times } from "./table.ts";

/** Ratios further apart than this do not agree. */
const TOLERANCE = 0.2;

export interface Difference {
  readonly figure: Figure;
  readonly before: number;
  readonly after: number;
}

export interface Agreement {
  /** How many ratios both runs have. */
  readonly compared: number;
  /** The largest first. */
  readonly differences: readonly Difference[];
}

export function agreementOf(before: Results, after: Results): Agreement {
  const keyOf = ({ scenario, variant, lane }: Figure): string =>
    [scenario, variant, lane].join("\n");
  const earlier = new Map(before.figures.map((figure) => [keyOf(figure), figure.ratio]));
  const both = after.figures.flatMap((figure): Difference[] => {
    const ratio = earlier.get(keyOf(figure));
    if (ratio === undefined || figure.ratio === undefined) return [];
    return [{ figure, before: ratio, after: figure.ratio }];
  });
  const differences = both.filter((each) => distance(each) > TOLERANCE)
    .sort((a, b) => distance(b) - distance(a));
  return { compared: both.length, differences };
}

/** The same whichever of the two is the larger. */
function distance({ before, after }: Difference): number {
  return Math.max(before, after) / Math.min(before, after) - 1;
}

export function agreementTable(before: Results, after: Results): string {
  const { compared, differences } = agreementOf(before, after);
  const agreeing = compared - differences.length;
  const summary = `${agreeing} of ${compared} ratios agree with those of the last run (` +
    `${before.date}) within ${TOLERANCE * 100} %`;
  if (differences.length === 0) return summary;
  const rows = differences.map(({ figure, before, after }) => [
    `${figure.scenario}, ${figure.variant}, ${figure.lane}`,
    times(before),
    times(after),
  ]);
  return `${summary}\n${table([["the others", "then", "now"], ...rows])}`;
}
