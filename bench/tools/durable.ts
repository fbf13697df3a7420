// Durable writes of small rows, where little but the sync takes time: single ones, batches and
// transactions of 100 callers beside the bare driver with a transaction each. Run it on each runtime.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { openDatabase } from "../../mod.ts";
import { nativeDriver } from "../../tests/helpers/drivers.ts";
import { bestTimes, describeRuntime } from "./rounds.ts";

const ROUNDS = Number(process.env.ROUNDS ?? 5);
const CALLERS = 100;
const WRITES = 10_000;
const INSERT = "INSERT INTO t (n) VALUES (1)";

const folder = mkdtempSync(join(process.env.FOLDER ?? tmpdir(), "sqlitepool-bench-"));
const path = join(folder, "bench.db");
const db = await openDatabase(path, { durability: "full", onWarning: () => {} });
await db.run("CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER)");
const raw = nativeDriver.open(path);
raw.exec("PRAGMA synchronous = FULL");

/** Many callers, each of which waits for its write before it makes the next. */
async function byCallers(write: () => Promise<unknown>): Promise<void> {
  let left = WRITES;
  const caller = async (): Promise<void> => {
    while (left-- > 0) await write();
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
}

/** Transactions of the bare driver, a tenth as many. */
async function alone(statements: number): Promise<void> {
  for (let n = 0; n < WRITES / 10; n++) {
    raw.exec("BEGIN IMMEDIATE");
    for (let i = 0; i < statements; i++) raw.exec(INSERT);
    raw.exec("COMMIT");
  }
}

const [one, two, run, batch, write] = await bestTimes(ROUNDS, [
  () => alone(1),
  () => alone(2),
  () => byCallers(() => db.run(INSERT)),
  () => byCallers(() => db.batch([{ sql: INSERT }, { sql: INSERT }])),
  () =>
    byCallers(() =>
      db.write(async (tx) => {
        await tx.run(INSERT);
        await tx.run(INSERT);
      })
    ),
]);
const perSecond = (ms: number, writes: number = WRITES): number => Math.round(writes / ms * 1_000);
const of = (ms: number, baseline: number): string =>
  `${perSecond(ms).toLocaleString("en")}/s, ${(10 * baseline / ms).toFixed(1)}x`;
const [ofOne, ofTwo] = [one, two].map((ms) => perSecond(ms, WRITES / 10));
console.log(
  `${describeRuntime()}: bare transactions of one statement ${ofOne}/s, of two ${ofTwo}/s`,
);
console.log(`run ${of(run, one)}; batch ${of(batch, two)}; write ${of(write, two)}`);
raw.close();
await db.close();
rmSync(folder, { recursive: true });
