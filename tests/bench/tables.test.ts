/** What the benchmark prints: tables, and whether the goals are reached. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { agreementTable } from "../../bench/report/agreement.ts";
import { goalsTable } from "../../bench/report/goals.ts";
import type { Figure, Results, ScenarioInfo } from "../../bench/report/results.ts";
import { correctnessTable, count, variantTable } from "../../bench/report/table.ts";
import type { Verdict } from "../../bench/scenarios/correctness.ts";

const lanes = {
  raw: { title: "raw driver" },
  database: { title: "openDatabase", ours: true },
  rival: { title: "a rival" },
  absentee: { title: "an absentee" },
  failure: { title: "a failure" },
};
const info: ScenarioInfo = { title: "Point reads", unit: "reads", scale: 0.05, lanes };

const figure = (lane: string, more: Partial<Figure>): Figure => ({
  scenario: "point-reads",
  variant: "100 callers",
  lane,
  ...more,
});

const figures: readonly Figure[] = [
  figure("raw", { perSecond: 400_000, spread: 0.01, ratio: 1, ratioSpread: 0 }),
  figure("database", { perSecond: 384_321, spread: 0.02, ratio: 0.96, ratioSpread: 0.01 }),
  figure("rival", {
    perSecond: 40_000,
    spread: 0.1,
    ratio: 0.1,
    ratioSpread: 0.02,
    detail: { p99: 12.345 },
  }),
  figure("absentee", { absent: "is not installed" }),
  figure("failure", { failed: "database is locked" }),
];

test("a table has a line for each contender, and tells why one is missing", () => {
  assert.equal(
    variantTable(info, "100 callers", figures, ["p99"]),
    `Point reads, 100 callers
                reads/s  spread  ratio  spread  p99 ms
raw driver      400,000   ± 1 %   1.00   ± 0 %
openDatabase *  384,000   ± 2 %   0.96   ± 1 %
a rival          40,000  ± 10 %   0.10   ± 2 %    12.3
  an absentee: is not installed
  a failure: failed: database is locked`,
  );
});

test("numbers have three digits", () => {
  assert.equal(count(1_234_567), "1,230,000");
  assert.equal(count(12.345), "12.3");
  assert.equal(count(0.5), "0.500");
});

test("what a contender does wrong stands out", () => {
  const good: Verdict = {
    losesWrites: false,
    mixesTransactions: false,
    keepsFailed: false,
    stoppedMs: 3,
    statementMs: 400,
    remarks: [],
  };
  const bad: Verdict = {
    losesWrites: true,
    mixesTransactions: true,
    keepsFailed: true,
    stoppedMs: 399,
    statementMs: 400,
    remarks: ["database is locked"],
  };
  const verdicts = { database: good, rival: bad, absentee: { absent: "is not installed" } };
  assert.equal(
    correctnessTable(lanes, verdicts),
    `Correctness beside speed
                acknowledged writes  transactions  after a failure      event loop
openDatabase *                 kept         apart           undone            runs
a rival                        LOST         MIXED      LEFT BEHIND  STOPS (399 ms)
  a rival: database is locked
  an absentee: is not installed`,
  );
});

const results: Results = {
  name: "node26",
  runtime: "Node 26.10.0",
  date: "2026-11-26",
  machine: { cpu: "a processor", cores: 2, memoryGiB: 8, system: "Linux 6" },
  scale: 0.05,
  rounds: 5,
  turnMs: 150,
  scenarios: { "point-reads": info },
  figures,
  correctness: {},
};

test("goals are reached or missed, and only those that were measured are listed", () => {
  const lines = goalsTable(results).split("\n");
  assert.equal(lines[0], "Goals, Node 26.10.0");
  assert.match(lines[2], /^db\.get, .* 0\.96 +at least 0\.95 +reached$/);
  assert.match(lines[3], /best rival \(a rival\) +9\.60 +at least 4 +reached$/);
  assert.equal(lines.length, 4);
  const slower = figures.map((each) => each.lane === "database" ? { ...each, ratio: 0.3 } : each);
  const [, , reads, rival] = goalsTable({ ...results, figures: slower }).split("\n");
  assert.match(reads, /MISSED$/);
  assert.match(rival, /3\.00 +at least 4 +MISSED$/);
});

test("two runs agree where figures are within 20 %, whichever is the larger", () => {
  const again = (factor: number): Results => ({
    ...results,
    figures: figures.map((each) =>
      each.lane === "rival" ? { ...each, ratio: each.ratio! * factor } : each
    ),
  });
  const all = "Within 20 % of the last run (2026-11-26) are 3 of 3 ratios and " +
    "0 of 0 processor times, all to the baseline's";
  assert.equal(agreementTable(results, again(1.19)), all);
  assert.equal(agreementTable(results, again(1 / 1.19)), all);
  for (const factor of [1.3, 1 / 1.3]) {
    const lines = agreementTable(results, again(factor)).split("\n");
    assert.match(lines[0], / 2 of 3 ratios /);
    assert.match(lines[2], /^point-reads, 100 callers, rival +0\.10 +0\.\d+$/);
    assert.equal(lines.length, 3);
  }
});

test("processor times are compared as multiples of the baseline's", () => {
  const measured = (cpu: Readonly<Record<string, number>>): Results => ({
    ...results,
    figures: figures.map((each) => ({ ...each, cpuMicros: cpu[each.lane] })),
  });
  const first = measured({ raw: 2, database: 3, rival: 20 });
  const onSlowerMachine = measured({ raw: 4, database: 6, rival: 40 });
  assert.match(agreementTable(first, onSlowerMachine), / 3 of 3 processor times/);
  assert.match(agreementTable(first, measured({ raw: 2, database: 4, rival: 20 })), / 2 of 3 pro/);
});
