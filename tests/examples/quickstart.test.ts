import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { runScript, temporaryDirectory } from "../helpers/runtime.ts";

interface Measurement {
  workload: string;
  side: string;
  perSecond: number;
  p50: number;
  p90: number;
  p99: number;
}

test("the quickstart measures both workloads with and without the pool", async (t) => {
  const report = join(temporaryDirectory(t), "report.json");
  // A small one: what it measures is not judged here.
  const args = ["--users", "100", "--seconds", "0.01", "--report", report];
  const { code, stdout, stderr } = await runScript("examples/quickstart.ts", args);
  assert.equal(code, 0, stderr);
  const measurements: Measurement[] = JSON.parse(readFileSync(report, "utf8"));
  for (const workload of ["point reads", "mix"]) {
    const sides = measurements.filter((measurement) => measurement.workload === workload);
    assert.equal(sides.length, 3);
    for (const { side, perSecond, p50, p90, p99 } of sides) {
      assert.ok(stdout.includes(side), `${side} is not in the table`);
      assert.ok(perSecond > 0 && p50 > 0 && p50 <= p90 && p90 <= p99);
    }
  }
});
