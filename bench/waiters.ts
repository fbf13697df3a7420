// Ten times as many waiters should take ten times as long, not a hundred times: for queues of
// 1,000 and 10,000 on a pool of one, the time to queue up and to be served one after another.
// The target is a ratio of 12 or less.
//
//   node bench/waiters.ts [rounds]
//   bun bench/waiters.ts [rounds]
//   deno run -A bench/waiters.ts [rounds]

import process from "node:process";

import { Pool } from "../src/pool/pool.ts";
import { bestTimes, describeRuntime } from "./rounds.ts";

const sizes = [1_000, 10_000];
const rounds = Number(process.argv[2] ?? 200);
const steps = { open: () => ({}), validate() {}, reset() {}, close() {} };

async function serve(waiters: number): Promise<void> {
  const pool = new Pool(steps, { poolSize: 1 });
  const holder = await pool.acquire();
  const waiting = Array.from(
    { length: waiters },
    () => pool.acquire().then((lease) => lease.release()),
  );
  holder.release();
  await Promise.all(waiting);
  await pool.close();
}

const times = await bestTimes(rounds, sizes.map((size) => () => serve(size)));

console.log(`${describeRuntime()}, best of ${rounds} rounds`);
for (const [index, ms] of times.entries()) {
  const waiters = sizes[index].toLocaleString("en").padStart(6);
  const each = (ms / sizes[index] * 1e6).toFixed(0).padStart(5);
  console.log(`${waiters} waiters  ${ms.toFixed(2).padStart(7)} ms  ${each} ns each`);
}
console.log(`ratio ${(times[1] / times[0]).toFixed(1)}`);
