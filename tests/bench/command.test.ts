/** `npm run bench` on a tiny database, with contenders that the project has installed anyway. */

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import type { Results } from "../../bench/report/results.ts";
import { onNewestNode, repositoryRoot, runScript, temporaryDirectory } from "../helpers/runtime.ts";
import { skipFor } from "../helpers/skip_reasons.ts";

const elsewhere = onNewestNode ? undefined : "the benchmark is started from Node 26";

const SMALLEST = ["--scale", "0.0002", "--rounds", "1", "--turn-ms", "2", "--sources"];

const measuring = "the benchmark measures contenders in turn and writes results and charts";
test(measuring, skipFor(measuring, elsewhere), async (t) => {
  const output = temporaryDirectory(t);
  const { code, stdout, stderr } = await runScript("scripts/bench.ts", [
    ...SMALLEST,
    "--no-install",
    "--runtime",
    "node26",
    "--contenders",
    "database,sqlite3-generic-pool,bun-sql,aiosqlitepool",
    "--scenarios",
    "point-reads,durable-writes,leases,cold-start,http,correctness",
    "--output",
    output,
  ], { BENCH_CACHE: temporaryDirectory(t), PYTHON: "no-such-python" });
  assert.equal(code, 0, stderr);

  const results = JSON.parse(readFileSync(join(output, "node26.json"), "utf8")) as Results;
  assert.equal(results.scale, 0.0002);
  assert.ok(results.machine.cores > 0);
  const lanes = ["raw", "database", "sqlite3-generic-pool", "bun-sql", "aiosqlitepool"];
  const reads = results.figures.filter(({ scenario }) => scenario === "point-reads");
  assert.deepEqual([...new Set(reads.map(({ lane }) => lane))], lanes);
  assert.equal(reads.length, lanes.length * 4);
  for (const figure of results.figures) {
    const { lane, perSecond, ratio, failed, absent } = figure;
    assert.equal(failed, undefined, JSON.stringify(figure));
    if (absent !== undefined) continue;
    assert.ok(perSecond! > 0 && ratio! > 0, JSON.stringify(figure));
    if (lane === "raw") assert.equal(ratio, 1);
  }
  const reasons = new Set(reads.flatMap(({ absent }) => absent ?? []));
  assert.deepEqual([...reasons], ["part of Bun only", "no-such-python cannot be started"]);
  const measured = (scenario: string) =>
    results.figures.some((figure) => figure.scenario === scenario && figure.lane !== "raw");
  assert.deepEqual(
    ["durable-writes", "leases", "cold-start"].filter((name) => !measured(name)),
    [],
  );

  const { database } = results.correctness;
  assert.ok(!("absent" in database));
  assert.deepEqual(
    [database.losesWrites, database.mixesTransactions, database.keepsFailed, database.remarks],
    [false, false, false, []],
  );
  // A bare handle cannot keep its callers apart: the examination can tell.
  const { raw } = results.correctness;
  assert.ok("losesWrites" in raw && raw.losesWrites);

  assert.match(stdout, /Point reads, 100 callers\n +reads\/s +spread +ratio/);
  assert.match(stdout, /\nraw driver .* 1\.00 /);
  assert.match(stdout, /\n {2}Bun\.SQL: part of Bun only\n/);
  // The library that draws is installed with the contenders.
  if (!existsSync(join(repositoryRoot, "bench/node_modules/@observablehq/plot"))) {
    assert.match(stderr, /No charts: @observablehq\/plot is not installed/);
    return;
  }
  const charts = readdirSync(join(output, "charts"));
  assert.ok(charts.includes("point-reads-light.svg") && charts.includes("point-reads-dark.svg"));
  const chart = readFileSync(join(output, "charts/point-reads-light.svg"), "utf8");
  for (const text of ["openDatabase", "raw driver", results.runtime]) {
    assert.ok(chart.includes(text), `the chart does not say ${text}`);
  }
});

const refusing = "the benchmark refuses what it does not know, and names what there is";
test(refusing, skipFor(refusing, elsewhere), async () => {
  for (
    const [args, message] of [
      [["--scenarios", "speed"], /no scenario "speed": it is one of load-test, point-reads/],
      [["--contenders", "oracle"], /no contender "oracle": it is one of raw, database/],
      [["--scale", "huge"], /--scale must be a number above 0, not huge/],
      [["--runtime", "node18"], /Unknown runtime node18/],
    ] as const
  ) {
    const { code, stderr } = await runScript("scripts/bench.ts", ["--no-install", ...args]);
    assert.notEqual(code, 0);
    assert.match(stderr, message);
  }
});
