/** Charts of the results, in SVG: one for light pages and one for dark ones each. */

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { AbsentError } from "../contenders/contender.ts";
import { load } from "../contenders/load.ts";
import { sizeOf } from "../scenarios/scale.ts";
import { type Bar, barChart, type Plotting, themes } from "./bar_chart.ts";
import type { Figure, LaneInfo, Results } from "./results.ts";
import { count, times } from "./table.ts";

interface Chart {
  /** Of its files. */
  readonly name: string;
  readonly title: string;
  readonly scenario: string;
  readonly variant: RegExp;
  /** What a bar shows, and what is written at its end. */
  readonly unit: string;
  value(figure: Figure): number | undefined;
  label(value: number, figure: Figure): string;
  /** Whether less is better. */
  readonly isLess?: boolean;
}

const rate = ({ perSecond }: Figure): number | undefined => perSecond;
const rateLabel = (value: number, { ratio }: Figure): string =>
  `${thousands(value)} · ${times(ratio!)} x`;

const charts: readonly Chart[] = [
  {
    name: "point-reads",
    title: "Point reads, 100 callers",
    scenario: "point-reads",
    variant: /^100 /,
    unit: "reads a second, and of the raw driver's rate",
    value: rate,
    label: rateLabel,
  },
  {
    name: "point-read-cost",
    title: "Processor time of a point read, 100 callers",
    scenario: "point-reads",
    variant: /^100 /,
    unit: "µs, all threads of the process included; less is better",
    value: ({ cpuMicros }) => cpuMicros,
    label: (value) => `${count(value)} µs`,
    isLess: true,
  },
  {
    name: "load-test",
    title: "aiosqlitepool's load test: 1,000 requests, 100 workers",
    scenario: "load-test",
    variant: /100 workers$/,
    unit: "requests a second, and of the raw driver's rate",
    value: rate,
    label: rateLabel,
  },
  {
    name: "durable-writes",
    title: "Durable writes, 100 callers, one statement each",
    scenario: "durable-writes",
    variant: /^one /,
    unit: "acknowledged writes a second, and times one transaction each",
    value: rate,
    label: rateLabel,
  },
  {
    name: "event-loop",
    title: "How late timers are while aggregates run, 4 callers",
    scenario: "aggregates",
    variant: /./,
    unit: "99th percentile in ms; less is better",
    value: ({ detail }) => detail?.["delay p99"],
    label: (value) => `${value < 10 ? value.toFixed(1) : count(value)} ms`,
    isLess: true,
  },
  {
    name: "http",
    title: "An HTTP service (Hono) under load, 90 % reads, 10 % writes",
    scenario: "http",
    variant: /./,
    unit: "requests a second, and of the raw driver's rate",
    value: rate,
    label: rateLabel,
  },
];

/** Writes them into `folder`/charts and returns their paths. */
export async function drawCharts(folder: string, results: readonly Results[]): Promise<string[]> {
  const plotting = await loadPlotting();
  if (plotting === undefined) return [];
  const target = join(folder, "charts");
  if (!existsSync(target)) mkdirSync(target, { recursive: true });
  const paths: string[] = [];
  for (const chart of charts) {
    const bars = inOrder(results).flatMap((each) => barsOf(chart, each));
    if (bars.every(({ value }) => value === undefined)) continue;
    for (const theme of themes) {
      const path = join(target, `${chart.name}-${theme.name}.svg`);
      const svg = barChart(plotting, theme, {
        title: chart.title,
        subtitle: `${chart.unit}; ${conditions(chart, results)}`,
        bars,
        isLess: chart.isLess ?? false,
      });
      writeFileSync(path, `${svg}\n`);
      paths.push(path);
    }
  }
  return paths;
}

/** Node, Bun, Deno, as everywhere in the documents. */
function inOrder(results: readonly Results[]): Results[] {
  const rank = ({ runtime }: Results): number =>
    ["Node", "Bun", "Deno"].findIndex((name) => runtime.startsWith(name));
  return results.toSorted((a, b) => rank(a) - rank(b));
}

/** Undefined where the library is not installed. */
async function loadPlotting(): Promise<Plotting | undefined> {
  try {
    const plot = await load<Plotting["plot"]>("@observablehq/plot");
    const { parseHTML } = await load<{ parseHTML: Plotting["parseHTML"] }>("linkedom");
    return { plot, parseHTML };
  } catch (error) {
    if (!(error instanceof AbsentError)) throw error;
    console.error(`No charts: ${error.message}`);
    return undefined;
  }
}

function barsOf(chart: Chart, { runtime, scenarios, figures }: Results): Bar[] {
  return figures
    .filter(({ scenario, variant }) => scenario === chart.scenario && chart.variant.test(variant))
    .map((figure): Bar => {
      const info: LaneInfo = scenarios[figure.scenario].lanes[figure.lane];
      const value = figure.perSecond === undefined ? undefined : chart.value(figure);
      return {
        runtime,
        lane: info.title,
        isOurs: info.ours ?? false,
        value,
        label: value === undefined
          ? (figure.failed === undefined ? "not here" : "failed")
          : chart.label(value, figure),
      };
    });
}

function conditions({ scenario }: Chart, results: readonly Results[]): string {
  const [{ machine, scenarios }] = results.filter(({ scenarios }) => scenario in scenarios);
  return `${sizeOf(scenarios[scenario].scale)}, ${machine.cores} x ${machine.cpu}`;
}

function thousands(value: number): string {
  return value >= 1_000 ? `${count(value / 1_000)}k` : count(value);
}
