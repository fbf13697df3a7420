// Acknowledged writes per second with durability "full": 100 callers of db.run, against one
// transaction per write on the same connection. Run on each runtime; prints the ratio.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDatabase } from "../mod.ts";

const CALLERS = 100;
const ROUND_MS = 1_500;
const INSERT = "INSERT INTO t (worker, data) VALUES (?, ?)";

const directory = mkdtempSync(join(tmpdir(), "sqlitepool-bench-"));
const db = await openDatabase(join(directory, "bench.db"), {
  durability: "full",
  onWarning: () => {},
});
await db.run("CREATE TABLE t (id INTEGER PRIMARY KEY, worker INTEGER, data TEXT)");

/** Runs `callers` loops of `write` for a while and returns the rate per second. */
async function rate(callers: number, write: (worker: number) => Promise<unknown>): Promise<number> {
  const end = performance.now() + ROUND_MS;
  let writes = 0;
  const started = performance.now();
  await Promise.all(Array.from({ length: callers }, async (_, worker) => {
    while (performance.now() < end) {
      await write(worker);
      writes += 1;
    }
  }));
  return writes / (performance.now() - started) * 1_000;
}

const grouped = (worker: number): Promise<unknown> => db.run(INSERT, [worker, "some text"]);
const alone = (worker: number): Promise<unknown> =>
  db.write((tx) => tx.run(INSERT, [worker, "some text"]));

await rate(CALLERS, grouped);
const ratios: number[] = [];
for (let round = 1; round <= 3; round++) {
  const one = await rate(1, alone);
  const many = await rate(CALLERS, grouped);
  ratios.push(many / one);
  console.log(
    `round ${round}: one transaction per write ${one.toFixed(0)}/s, ` +
      `group commit ${many.toFixed(0)}/s, ratio ${(many / one).toFixed(1)}`,
  );
}
const median = ratios.sort((a, b) => a - b)[1];
console.log(`median ratio ${median.toFixed(1)} (at least 20 wanted)`);
await db.close();
rmSync(directory, { recursive: true });
