// Processes that write to one file get about the same share of it.
// The nightly run sets FAIRNESS_MS=10000 and FAIRNESS_PROCESSES=2,8.
import assert from "node:assert/strict";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { openDatabase } from "../../mod.ts";
import { temporaryDirectory } from "../helpers/runtime.ts";
import { type Contest, fairnessIndex, holdContest } from "./fairness_contest.ts";

const CALLERS = 16;
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));
const durationMs = Number(process.env.FAIRNESS_MS ?? 2_000);
const counts = (process.env.FAIRNESS_PROCESSES ?? "2").split(",").map(Number);

/** Of two processes one that starves makes it 0.5. The start weighs more in a short run. */
const LEAST_INDEX = durationMs < 10_000 ? 0.8 : 0.9;

/** What is written, and where it runs. */
const CONTESTS: readonly (readonly [name: string, Contest["kind"], Contest["execution"]])[] = [
  ["db.run", "run", "inline"],
  ["db.run and db.write", "mix", "inline"],
  ["db.run and db.write in threads", "mix", "worker"],
];

for (const processes of counts) {
  for (const [name, kind, execution] of CONTESTS) {
    test(`${processes} processes with ${name} starve nobody`, async (t) => {
      const { reports, stored } = await holdContest(temporaryDirectory(t), {
        processes,
        durationMs,
        callers: CALLERS,
        kind,
        // Each commit waits for the disk with the lock in hand: the worst case for whoever waits.
        durability: "full",
        execution,
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

test("a transaction goes on while another database of its process waits for the lock", async (t) => {
  const path = join(temporaryDirectory(t), "shared.db");
  const [first, second] = [await openDatabase(path), await openDatabase(path)];
  await first.run("CREATE TABLE entries (n)");
  const insert = "INSERT INTO entries VALUES (?)";
  let waiting: Promise<unknown> | undefined;
  await first.write(async (tx) => {
    // The lock is taken without the turn here, which the other database has then.
    await tx.run(insert, [1]);
    waiting = second.run(insert, [3]);
    while (second.stats.writer!.busyRetries < 2) await turn();
    await tx.run(insert, [2]);
  }, { mode: "deferred" });
  await waiting;
  assert.deepEqual(await first.values("SELECT n FROM entries"), [[1], [2], [3]]);
  await first.close();
  await second.close();
});
