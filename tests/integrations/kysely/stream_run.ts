// Streams many rows through Kysely; started by streaming.test.ts, in a process of its own, for its
// memory to be measured. Prints how many rows there were, their sum, and how many bytes more the
// process had at most than after a stream of few.

import { Kysely, sql } from "kysely";
import process from "node:process";

import { SqlitePoolDialect } from "../../../integrations/kysely/dialect.ts";
import { openDatabase } from "../../../mod.ts";

const rows = Number(process.argv[2]);
const db = new Kysely<Record<never, never>>({
  dialect: new SqlitePoolDialect({ database: await openDatabase(process.argv[3]) }),
});

async function read(most: number): Promise<{ count: number; sum: number; memory: number }> {
  // Wide enough that all of them together would show.
  const source = sql<{ n: number; text: string }>`(
    with recursive c (n) as (values (1) union all select n + 1 from c limit ${most})
    select n, printf('%0200d', n) as text from c
  )`;
  let count = 0;
  let sum = 0;
  let memory = 0;
  for await (const { n } of db.selectFrom(source.as("series")).selectAll().stream(1_000)) {
    sum += n;
    if (++count % 10_000 === 0) memory = Math.max(memory, process.memoryUsage().rss);
  }
  return { count, sum, memory };
}

const { memory: before } = await read(rows / 10);
const { count, sum, memory } = await read(rows);
await db.destroy();
console.log(JSON.stringify({ count, sum, growth: memory - before }));
