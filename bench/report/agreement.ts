/** Whether two runs say the same. */

import type { Figure, Results } from "./results.ts";
import { table, times } from "./table.ts";

/** Figures further apart than this do not agree. */
const TOLERANCE = 0.2;

export interface Difference {
  readonly figure: Figure;
  readonly before: number;
  readonly after: number;
}

export interface Agreement {
  /** How many figures both runs have. */
  readonly compared: number;
  /** The largest first. */
  readonly differences: readonly Difference[];
}

/** By figure: what is compared, if it has it. */
type Measure = (results: Results) => ReadonlyMap<Figure, number | undefined>;

const ratios: Measure = ({ figures }) => new Map(figures.map((figure) => [figure, figure.ratio]));

/** Processor time of a call as a multiple of the baseline's, which other load hardly changes. */
const costs: Measure = ({ figures, scenarios }) =>
  new Map(figures.map((figure) => {
    const [baseline] = Object.keys(scenarios[figure.scenario].lanes);
    const cheapest = figures.find(({ scenario, variant, lane }) =>
      scenario === figure.scenario && variant === figure.variant && lane === baseline
    )?.cpuMicros;
    const { cpuMicros } = figure;
    const isKnown = cpuMicros !== undefined && cheapest !== undefined;
    return [figure, isKnown ? cpuMicros / cheapest : undefined];
  }));

export function agreementOf(before: Results, after: Results, measure: Measure): Agreement {
  const keyOf = ({ scenario, variant, lane }: Figure): string =>
    [scenario, variant, lane].join("\n");
  const earlier = new Map([...measure(before)].map(([figure, value]) => [keyOf(figure), value]));
  const both = [...measure(after)].flatMap(([figure, value]): Difference[] => {
    const then = earlier.get(keyOf(figure));
    return then === undefined || value === undefined
      ? []
      : [{ figure, before: then, after: value }];
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
  const summary = (what: string, { compared, differences }: Agreement): string =>
    `${compared - differences.length} of ${compared} ${what}`;
  const rates = agreementOf(before, after, ratios);
  const lines = [
    `Within ${TOLERANCE * 100} % of the last run (${before.date}) are ` +
    `${summary("ratios", rates)} and ` +
    `${summary("processor times", agreementOf(before, after, costs))}, all to the baseline's`,
  ];
  if (rates.differences.length > 0) {
    const rows = rates.differences.map(({ figure, before, after }) => [
      `${figure.scenario}, ${figure.variant}, ${figure.lane}`,
      times(before),
      times(after),
    ]);
    lines.push(table([["other ratios", "then", "now"], ...rows]));
  }
  return lines.join("\n");
}
