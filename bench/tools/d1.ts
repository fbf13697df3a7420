// What it gives that reads of one turn are one request to D1: 300 point reads in one request to a
// Worker, awaited one by one and all at once, through the binding itself and through openD1, in
// turns. Prints the best of some rounds. Local: in production each request to D1 takes milliseconds.
//
//   node bench/tools/d1.ts [--rounds 5]

import process from "node:process";
import { parseArgs } from "node:util";

import { noWorkerd, startWorker } from "../../tests/edge/harness/workerd.ts";
import { bestTimes } from "./rounds.ts";

if (noWorkerd !== undefined) {
  console.log(noWorkerd);
  process.exit(0);
}

const { values } = parseArgs({ options: { rounds: { type: "string", default: "5" } } });

const worker = await startWorker({
  source: `
    import { openD1 } from "./src/edge/d1.ts";
    const POINT = "SELECT v FROM t WHERE id = ?";
    const ids = Array.from({ length: 300 }, (_, i) => i + 1);
    const ways = {
      setUp: (db) => db.executeScript("CREATE TABLE t (id INTEGER PRIMARY KEY, v); " +
        ids.map((id) => "INSERT INTO t VALUES (" + id + ", 'value " + id + "')").join(";")),
      one: async (db) => { for (const id of ids) await db.get(POINT, [id]); },
      all: (db) => Promise.all(ids.map((id) => db.get(POINT, [id]))),
      rawOne: async (_, d1) => { for (const id of ids) await d1.prepare(POINT).bind(id).first(); },
      rawAll: (_, d1) => Promise.all(ids.map((id) => d1.prepare(POINT).bind(id).first())),
    };
    export default {
      async fetch(request, env) {
        await ways[new URL(request.url).pathname.slice(1)](openD1(env.DB0), env.DB0);
        return new Response("done");
      },
    };
  `,
});

async function ask(way: string): Promise<void> {
  const response = await worker.fetch(`http://bench/${way}`);
  if (response.status !== 200) throw new Error(await response.text());
}

await ask("setUp");
const ways = ["rawOne", "rawAll", "one", "all"];
const times = await bestTimes(Number(values.rounds), ways.map((way) => () => ask(way)));
const names = [
  "env.DB, one by one",
  "env.DB, Promise.all",
  "openD1, one by one",
  "openD1, Promise.all",
];
names.forEach((name, i) => {
  console.log(
    `${name.padEnd(22)} ${times[i].toFixed(1)} ms, ${(times[0] / times[i]).toFixed(1)} x`,
  );
});
await worker.stop();
