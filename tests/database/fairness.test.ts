// Processes that write to one file get about the same share of it.
// The nightly run sets FAIRNESS_MS=10000 and FAIRNESS_PROCESSES=2,8.
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { temporaryDirectory } from "../helpers/runtime.ts";
import { fairnessIndex, holdContest } from "./fairness_contest.ts";

const CALLERS = 16;
const durationMs = Number(process.env.FAIRNESS_MS ?? 2_000);
const counts = (process.env.FAIRNESS_PROCESSES ?? "2").split(",").map(Number);

/** Of two processes one that starves makes it 0.5. The start weighs more in a short run. */
const LEAST_INDEX = durationMs < 10_000 ? 0.8 : 0.9;

for (const processes of counts) {
  for (const [kind, what] of [["run", "db.run"], ["mix", "db.run and db.write"]] as const) {
    test(`${processes} processes with ${what} starve nobody`, async (t) => {
      const { reports, stored } = await holdContest(temporaryDirectory(t), {
        processes,
        durationMs,
        callers: CALLERS,
        kind,
        // Each commit waits for the disk with the lock in hand: the worst case for whoever waits.
        durability: "full",
      });
      const shares = reports.map(({ acknowledged }) => acknowledged);
      console.log(JSON.stringify(reports));
      assert.deepEqual(reports.map(({ firstFailure }) => firstFailure), shares.map(() => ""));
      assert.equal(stored, shares.reduce((sum, share) => sum + share, 0));
      const index = fairnessIndex(shares);
      assert.ok(index >= LEAST_INDEX, `Jain's index of ${shares.join(", ")} is ${index}`);
    });
  }
}
