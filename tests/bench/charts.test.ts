/** The charts of the benchmark. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { type Bar, barChart, type Plotting, themes } from "../../bench/report/bar_chart.ts";
import { repositoryRoot } from "../helpers/runtime.ts";

interface Plot {
  readonly y: { readonly domain: readonly string[] };
  readonly fx: { readonly domain: readonly string[] };
  readonly marks: readonly { readonly data: readonly Bar[] }[];
}

/** Keeps what it is told to draw. */
function recording(): { plotting: Plotting; drawn: Plot[] } {
  const drawn: Plot[] = [];
  const plot = {
    plot(options: object) {
      drawn.push(options as Plot);
      return { outerHTML: '<svg viewBox="0 0 1 1"></svg>' };
    },
    barX: (data: readonly object[]) => ({ data }),
    text: (data: readonly object[]) => ({ data }),
  };
  return { plotting: { plot, parseHTML: () => ({ document: {} }) }, drawn };
}

const bar = (runtime: string, lane: string, value: number | undefined): Bar => ({
  runtime,
  lane,
  isOurs: lane === "ours",
  value,
  label: value === undefined ? "not here" : `${value}`,
});

const bars = [
  bar("Node", "slow", 1),
  bar("Node", "ours", 9),
  bar("Node", "absent", undefined),
  bar("Bun", "slow", 2),
  bar("Bun", "ours", 8),
  bar("Bun", "absent", 5),
];

test("a chart has a column for each runtime, and the best contender at the top", () => {
  const { plotting, drawn } = recording();
  const chart = { title: "Reads", subtitle: "a second", bars };
  barChart(plotting, themes[0], { ...chart, isLess: false });
  barChart(plotting, themes[0], { ...chart, isLess: true });
  assert.deepEqual(drawn.map(({ y }) => y.domain), [
    ["ours", "absent", "slow"],
    ["slow", "absent", "ours"],
  ]);
  assert.deepEqual(drawn[0].fx.domain, ["Node", "Bun"]);
  // Each bar has its label, and what is missing is said in words.
  assert.deepEqual(drawn[0].marks.map(({ data }) => data.length), [bars.length, bars.length]);
});

test("a chart is a file of its own, with title and subtitle in the colours of its theme", () => {
  for (const theme of themes) {
    const { plotting } = recording();
    const chart = { title: "Reads & writes", subtitle: '"a second"', bars, isLess: false };
    const svg = barChart(plotting, theme, chart);
    assert.match(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" width="1000" /);
    assert.match(svg, new RegExp(`fill="${theme.text}">Reads &amp; writes</text>`));
    assert.match(svg, new RegExp(`fill="${theme.quiet}">&quot;a second&quot;</text>`));
    assert.match(svg, /<svg x="0" y="62" viewBox="0 0 1 1"><\/svg>\n<\/svg>$/);
  }
});

test("the charts that documents show are there, for light and for dark pages", () => {
  const charts = readdirSync(join(repositoryRoot, "bench/results/charts"));
  const page = readFileSync(join(repositoryRoot, "docs/performance.md"), "utf8");
  const shown = [...page.matchAll(/bench\/results\/charts\/([\w-]+\.svg)/g)].map(([, name]) =>
    name
  );
  assert.ok(shown.length > 0, "docs/performance.md shows no chart");
  assert.deepEqual(shown.filter((name) => !charts.includes(name)), []);
  const names = (theme: string) =>
    shown.filter((name) => name.endsWith(`-${theme}.svg`)).map((name) =>
      name.split(`-${theme}`)[0]
    );
  assert.deepEqual([...new Set(names("light"))], [...new Set(names("dark"))]);
});
