// What coalescing gives: a hundred callers on one libSQL server, against @libsql/client over HTTP
// and over WebSocket, in turns. Prints the medians of some rounds.
//
//   node bench/tools/remote.ts [--rounds 3] [--ms 1000]

import { type Client, createClient } from "@libsql/client";
import process from "node:process";
import { parseArgs } from "node:util";

import { openDatabase } from "../../mod.ts";
import { noServers, Sqld } from "../../tests/remote/helpers/sqld.ts";

if (noServers !== undefined) {
  console.log(noServers);
  process.exit(0);
}

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    ms: { type: "string", default: "1000" },
  },
});
const rounds = Number(values.rounds);
const ms = Number(values.ms);

const ROWS = 10_000;
const READ = "SELECT v FROM t WHERE id = ?";
const WRITE = "INSERT INTO w (v) VALUES (?)";
const SLOW = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500000) " +
  "SELECT count(*) AS n FROM n";

const server = await Sqld.start();
const db = await openDatabase(server.url as `http://${string}`);
await db.run("CREATE TABLE t (id INTEGER PRIMARY KEY, v)");
await db.run("CREATE TABLE w (id INTEGER PRIMARY KEY, v)");
await db.run(
  `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS}) ` +
    "INSERT INTO t SELECT i, 'value ' || i FROM n",
);
const http: Client = createClient({ url: server.url });
const ws: Client = createClient({ url: server.url.replace("http:", "ws:"), concurrency: 100 });

type Call = (i: number) => Promise<unknown>;

interface Round {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
}

/** Callers that call again as soon as they are answered. */
async function run(callers: number, call: Call): Promise<Round> {
  const times: number[] = [];
  let i = 0;
  const until = performance.now() + ms;
  await Promise.all(Array.from({ length: callers }, async () => {
    while (performance.now() < until) {
      const startedAt = performance.now();
      await call(i++ % ROWS + 1);
      times.push(performance.now() - startedAt);
    }
  }));
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.floor(times.length * share)];
  return { perSecond: times.length / ms * 1000, p50: at(0.5), p99: at(0.99) };
}

const median = (numbers: number[]): number =>
  numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

async function compare(title: string, callers: number, ways: Record<string, Call>): Promise<void> {
  const found = new Map<string, Round[]>();
  for (let round = 0; round < rounds; round++) {
    for (const [name, call] of Object.entries(ways)) {
      await run(callers, call);
      found.set(name, [...found.get(name) ?? [], await run(callers, call)]);
    }
  }
  console.log(`\n${title}`);
  const [[, first]] = found;
  const own = median(first.map(({ perSecond }) => perSecond));
  for (const [name, results] of found) {
    const perSecond = median(results.map((one) => one.perSecond));
    const p50 = median(results.map((one) => one.p50)).toFixed(1);
    const p99 = median(results.map((one) => one.p99)).toFixed(1);
    const ratio = (own / perSecond).toFixed(2);
    console.log(
      `  ${name}: ${Math.round(perSecond)}/s, p50 ${p50} ms, p99 ${p99} ms, ratio ${ratio}`,
    );
  }
}

const reads = {
  "this package": (id: number) => db.get(READ, [id]),
  "@libsql/client http": (id: number) => http.execute({ sql: READ, args: [id] }),
  "@libsql/client ws": (id: number) => ws.execute({ sql: READ, args: [id] }),
};
await compare("100 callers, point reads", 100, reads);
await compare("1 caller, point reads", 1, reads);
await compare("100 callers, inserts", 100, {
  "this package": (i) => db.run(WRITE, [i]),
  "@libsql/client http": (i) => http.execute({ sql: WRITE, args: [i] }).catch(() => {}),
  // The server turns some away because another one writes.
  "@libsql/client ws": (i) => ws.execute({ sql: WRITE, args: [i] }).catch(() => {}),
});

await db.get(SLOW);
let slow = "idle" as "idle" | "running";
const quiet: number[] = [];
const disturbed: number[] = [];
for (let round = 0; round < rounds; round++) {
  quiet.push((await run(100, reads["this package"])).p99);
  slow = "running";
  const disturbing = (async () => {
    while (slow === "running") await db.get(SLOW);
  })();
  disturbed.push((await run(100, reads["this package"])).p99);
  slow = "idle";
  await disturbing;
}
console.log(
  `\np99 of 100 point readers: ${median(quiet).toFixed(1)} ms alone, ` +
    `${median(disturbed).toFixed(1)} ms beside a slow statement`,
);

http.close();
ws.close();
await db.close();
await server.remove();
process.exit(0);
