// Reads many rows one after the other from a thread or a process; started by iterate.test.ts, in a
// process of its own, for its memory to be measured. Prints how many rows there were, and how many bytes more
// the process had than in any of the small queries before, which read a quarter as many. A median,
// because each thread has garbage of its own, which only that thread collects, now and then.
import process from "node:process";
import { type Execution, openDatabase } from "../../mod.ts";
import { collectGarbage } from "../helpers/runtime.ts";

const rows = Number(process.argv[2]);
const execution = process.argv[3] as Execution;
const db = await openDatabase(":memory:", { execution, onWarning: () => {} });

/** Reads `most` rows; returns their number, their sum and the memory in use on the way. */
async function read(most: number): Promise<{ count: number; sum: number; usage: number }> {
  const query = `
    WITH RECURSIVE c(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM c LIMIT ?)
    SELECT n, 'row number ' || n AS name, n / 7.0 AS fraction FROM c
  `;
  let count = 0;
  let sum = 0;
  const usage: number[] = [];
  for await (const { n } of db.iterate(query, [most])) {
    sum += n as number;
    if (++count % (rows / 20) > 0) continue;
    await collectGarbage();
    usage.push(process.memoryUsage().rss);
  }
  usage.sort((a, b) => a - b);
  return { count, sum, usage: usage[usage.length >> 1] };
}

let before = 0;
for (let round = 0; round < 5; round++) {
  before = Math.max(before, (await read(rows / 20)).usage);
}
const { count, sum, usage } = await read(rows);
await db.close();
console.log(JSON.stringify({ count, sum, growth: usage - before }));
