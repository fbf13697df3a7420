/** Sessions on a cluster whose servers are killed, paused and started again. */

import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import {
  openDatabase,
  OutcomeUnknownError,
  type RemoteSession,
  SQLiteError,
  SQLitePoolError,
} from "../../mod.ts";
import { randomFrom } from "../helpers/random.ts";
import { skipFor } from "../helpers/skip_reasons.ts";
import { anomaliesIn, type Operation } from "./helpers/history.ts";
import { noServers, startCluster, type TestCluster } from "./helpers/sqld.ts";

/** The nightly run does many more. */
const OPERATIONS = Number(process.env.CLUSTER_OPERATIONS ?? 3_000);
const SESSIONS = 32;
/** So many that lists stay short. */
const KEYS = Math.ceil(OPERATIONS / 400);
const TIMEOUT_MS = 2_000;
/** What a machine that is busy with other tests may add to a deadline; nightly runs alone. */
const GRACE_MS = process.env.CLUSTER_OPERATIONS === undefined ? 1_000 : 100;

const READ = "SELECT key, value FROM list WHERE key IN (?, ?) ORDER BY pos";
const APPEND = "INSERT INTO list (key, value) VALUES (?, ?)";

/** What happens to the servers, by the share of operations that are done. */
const faults: readonly (readonly [number, (cluster: TestCluster) => unknown])[] = [
  [0.1, ({ replicas }) => replicas[0].kill()],
  [0.2, ({ replicas }) => replicas[0].start()],
  [0.3, ({ replicas }) => replicas[1].pause()],
  [0.4, ({ replicas }) => replicas[1].resume()],
  [0.5, async ({ primary }) => {
    await primary.kill("SIGTERM");
    await delay(200);
    await primary.start();
  }],
  // Killed amid writes, its log begins anew.
  [0.7, async ({ primary }) => {
    await primary.kill("SIGKILL");
    await delay(200);
    await primary.start();
  }],
];

function listsOf(rows: readonly unknown[][], keys: readonly number[]): Map<number, number[]> {
  const lists = new Map(keys.map((key) => [key, [] as number[]]));
  for (const [key, value] of rows as [number, number][]) lists.get(key)!.push(value);
  return lists;
}

/** One call; what went wrong with it is typed. */
async function operate(
  db: RemoteSession,
  session: number,
  value: number,
  random: () => number,
): Promise<Operation | undefined> {
  const pick = (): number => Math.floor(random() * KEYS);
  const first = pick();
  const keys = [first, (first + 1 + Math.floor(random() * (KEYS - 1))) % KEYS];
  const startedAt = performance.now();
  const limit = { timeoutMs: TIMEOUT_MS };
  const done = <O>(operation: O) => ({
    ...operation,
    session,
    startedAt,
    endedAt: performance.now(),
  });
  const dice = random();
  if (dice < 0.5) {
    try {
      const rows = await db.values(READ, keys, limit);
      return done({ kind: "read" as const, lists: listsOf(rows, keys) });
    } catch (error) {
      expectTyped(error);
      return done({ kind: "read" as const, lists: new Map() });
    }
  }
  const targets = dice < 0.8 ? [first] : keys;
  const append = (outcome: "done" | "failed" | "unknown") =>
    done({ kind: "append" as const, keys: targets, value, outcome });
  try {
    if (dice < 0.8) {
      await db.run(APPEND, [first, value], limit);
    } else if (dice < 0.9) {
      await db.batch(keys.map((key) => ({ sql: APPEND, params: [key, value] })), limit);
    } else {
      await db.write(async (tx) => {
        for (const key of keys) await tx.run(APPEND, [key, value]);
      }, limit);
    }
    return append("done");
  } catch (error) {
    expectTyped(error);
    return append(error instanceof OutcomeUnknownError ? "unknown" : "failed");
  }
}

function expectTyped(error: unknown): void {
  const isTyped = error instanceof SQLitePoolError || error instanceof SQLiteError;
  assert.ok(isTyped, `not typed: ${error}`);
}

const title = "servers come and go: nothing is lost, nothing twice, and no session goes back";
/**
 * Servers are killed at random moments here, and once in many ordinary runs a session has missed a
 * write of its own after a crash of the primary: docs/servers.md says so until it is mended.
 */
const nightly = process.env.CLUSTER_OPERATIONS === undefined
  ? "kills servers at random, and has a known rare failure: part of the nightly run"
  : undefined;

test(title, skipFor(title, noServers ?? nightly), async (t) => {
  const cluster = await startCluster(2);
  t.after(() => cluster.remove());
  const { primary, replicas } = cluster;
  const db = await openDatabase({ primary: primary.url, replicas: replicas.map(({ url }) => url) });
  t.after(() => db.close({ timeoutMs: 0 }));
  await db.run("CREATE TABLE list (pos INTEGER PRIMARY KEY AUTOINCREMENT, key, value)");
  await db.run("CREATE INDEX list_key ON list (key)");

  const history: Operation[] = [];
  const pending = [...faults];
  const running: Promise<unknown>[] = [];
  let values = 0;
  const work = async (session: number): Promise<void> => {
    const own = db.session();
    const random = randomFrom(session + 1);
    while (history.length < OPERATIONS) {
      const operation = await operate(own, session, values++, random);
      history.push(operation!);
      const next = pending[0];
      if (next !== undefined && history.length >= next[0] * OPERATIONS) {
        pending.shift();
        running.push(Promise.resolve(next[1](cluster)));
      }
      const failed = operation!.kind === "append" && operation!.outcome !== "done";
      if (failed) await delay(20);
    }
  };
  await Promise.all(Array.from({ length: SESSIONS }, (_, session) => work(session)));
  await Promise.all(running);
  assert.equal(pending.length, 0);

  const final = await finalLists(primary.url);
  assert.deepEqual(anomaliesIn(history, final).slice(0, 10), []);
  const late = history.map(({ startedAt, endedAt }) => endedAt - startedAt - TIMEOUT_MS);
  assert.ok(Math.max(...late) < GRACE_MS, `a call ended ${Math.max(...late)} ms late`);
  const count = (wanted: string) =>
    history.filter((one) => one.kind === "append" && one.outcome === wanted).length;
  t.diagnostic(
    `${history.length} operations, ${count("done")} appends done, ${count("failed")} failed, ` +
      `${count("unknown")} unknown; ${db.stats.fallbacks} reads fell back`,
  );
});

async function finalLists(url: string): Promise<Map<number, number[]>> {
  for (let i = 0;; i++) {
    try {
      const db = await openDatabase(url as `http://${string}`);
      const rows = await db.values("SELECT key, value FROM list ORDER BY pos");
      await db.close();
      return listsOf(rows, Array.from({ length: KEYS }, (_, key) => key));
    } catch (error) {
      if (i === 200) throw error;
      await delay(20);
    }
  }
}

test("the checker finds what it is there to find", () => {
  const at = (startedAt: number) => ({ session: 1, startedAt, endedAt: startedAt });
  const append = (value: number, keys: number[], time: number) =>
    ({ ...at(time), kind: "append", keys, value, outcome: "done" }) as const;
  const read = (time: number, ...lists: [number, number[]][]) =>
    ({ ...at(time), kind: "read", lists: new Map(lists) }) as const;
  const final = new Map([[1, [10, 11]], [2, [10]]]);
  const good = [append(10, [1, 2], 1), read(2, [1, [10]], [2, [10]]), append(11, [1], 3)];
  assert.deepEqual(anomaliesIn(good, final), []);
  const bad: readonly (readonly [Operation[], RegExp])[] = [
    [[append(12, [1], 1)], /done append of 12 to 1 is there 0 times/],
    [[{ ...append(11, [1], 1), outcome: "failed" }], /failed append of 11/],
    [[append(10, [1, 2], 1), read(2, [1, []], [2, [10]])], /seen in part/],
    [[append(10, [1, 2], 1), read(2, [1, []])], /misses its own 10/],
    [[read(1, [1, [10, 11]]), read(2, [1, [10]])], /went back in 1/],
    [[read(1, [1, [11]])], /another order/],
  ];
  for (const [history, message] of bad) assert.match(anomaliesIn(history, final).join(), message);
  const twice = new Map([[1, [10, 11, 11]], [2, [10]]]);
  assert.match(anomaliesIn(good, twice).join(), /append of 11 to 1 is there 2 times/);
});
