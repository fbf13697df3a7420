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
import { anomaliesIn } from "./helpers/history.ts";
import type { Operation } from "./helpers/operation.ts";
import { noServers, startCluster, type TestCluster } from "./helpers/sqld.ts";

/** The nightly run does many more. */
const OPERATIONS = Number(process.env.CLUSTER_OPERATIONS ?? 1_000);
const SESSIONS = 32;
/** So many that lists stay short. */
const KEYS = Math.max(3, Math.ceil(OPERATIONS / 400));
const TIMEOUT_MS = 2_000;
/** What a machine that is busy with other tests may add to a deadline; nightly runs alone. */
const GRACE_MS = process.env.CLUSTER_OPERATIONS === undefined ? 1_000 : 100;
/** A session whose write failed does something else for a while, or all operations would fail. */
const AFTER_FAILURE_MS = 200;
const DOWN_MS = 200;

const READ = "SELECT key, value FROM list WHERE key IN (?, ?) ORDER BY pos";
const APPEND = "INSERT INTO list (key, value) VALUES (?, ?)";

async function restart({ primary }: TestCluster, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
  await primary.kill(signal);
  await delay(DOWN_MS);
  await primary.start();
}

/** What happens to the servers, one after the other. */
const faults: readonly ((cluster: TestCluster) => unknown)[] = [
  ({ replicas }) => replicas[0].kill(),
  ({ replicas }) => replicas[0].start(),
  ({ replicas }) => replicas[1].pause(),
  ({ replicas }) => replicas[1].resume(),
  (cluster) => restart(cluster, "SIGTERM"),
  async (cluster) => {
    const before = await cluster.primary.logIndex();
    await restart(cluster, "SIGKILL");
    const after = await cluster.primary.logIndex();
    assert.ok(after < before, `the log did not begin anew: ${before}, then ${after}`);
  },
];
/** Operations before each of them, and after the last one. */
const BETWEEN_FAULTS = OPERATIONS / (faults.length + 1);

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
): Promise<Operation> {
  const pick = (): number => Math.floor(random() * KEYS);
  const first = pick();
  const keys = [first, (first + 1 + Math.floor(random() * (KEYS - 1))) % KEYS];
  const dice = random();
  const limit = { timeoutMs: TIMEOUT_MS };
  const startedAt = performance.now();
  const done = (rest: Pick<Operation, "by" | "lists" | "append">): Operation => ({
    ...rest,
    session,
    startedAt,
    endedAt: performance.now(),
  });
  if (dice < 0.5) {
    const strong = dice < 0.1;
    const by = strong ? "primary" : "anybody";
    try {
      const consistency = strong ? "strong" : "session";
      const lists = listsOf(await db.values(READ, keys, { ...limit, consistency }), keys);
      return done({ by, lists });
    } catch (error) {
      expectTyped(error);
      return done({ by });
    }
  }
  const targets = dice < 0.7 ? [first] : keys;
  let lists: Map<number, number[]> | undefined;
  const append = (outcome: "done" | "failed" | "unknown") =>
    done({ by: "primary", append: { keys: targets, value, outcome }, lists });
  try {
    if (dice < 0.7) {
      await db.run(APPEND, [first, value], limit);
    } else if (dice < 0.85) {
      await db.batch(keys.map((key) => ({ sql: APPEND, params: [key, value] })), limit);
    } else {
      lists = await db.write(async (tx) => {
        const seen = listsOf(await tx.values(READ, keys), keys);
        for (const key of keys) await tx.run(APPEND, [key, value]);
        return seen;
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
test(title, skipFor(title, noServers), async (t) => {
  const cluster = await startCluster(2);
  t.after(() => cluster.remove());
  const { primary, replicas } = cluster;
  const db = await openDatabase({ primary: primary.url, replicas: replicas.map(({ url }) => url) });
  t.after(() => db.close({ timeoutMs: 0 }));
  await db.run("CREATE TABLE list (pos INTEGER PRIMARY KEY AUTOINCREMENT, key, value)");
  await db.run("CREATE INDEX list_key ON list (key)");

  const history: Operation[] = [];
  const pending = [...faults];
  let happening: Promise<void> | undefined;
  let quietSince = 0;
  let broken: unknown;
  const happen = async (fault: (typeof faults)[number]): Promise<void> => {
    try {
      await fault(cluster);
      quietSince = history.length;
      happening = undefined;
    } catch (error) {
      broken = error;
    }
  };
  const goesOn = (): boolean =>
    broken === undefined && (pending.length > 0 || history.length - quietSince < BETWEEN_FAULTS);
  let values = 0;
  const work = async (session: number): Promise<void> => {
    const own = db.session();
    const random = randomFrom(session + 1);
    while (goesOn()) {
      const operation = await operate(own, session, values++, random);
      history.push(operation);
      if (happening === undefined && history.length - quietSince >= BETWEEN_FAULTS) {
        const fault = pending.shift();
        if (fault !== undefined) happening = happen(fault);
      }
      if (operation.append && operation.append.outcome !== "done") await delay(AFTER_FAILURE_MS);
    }
  };
  await Promise.all(Array.from({ length: SESSIONS }, (_, session) => work(session)));
  await happening;
  assert.equal(broken, undefined);

  const final = await finalLists(primary.url);
  assert.deepEqual(anomaliesIn(history, final).slice(0, 10), []);
  const late = history.map(({ startedAt, endedAt }) => endedAt - startedAt - TIMEOUT_MS);
  assert.ok(Math.max(...late) < GRACE_MS, `a call ended ${Math.max(...late)} ms late`);
  const count = (wanted: string) =>
    history.filter(({ append }) => append?.outcome === wanted).length;
  const atReplicas = db.stats.servers.slice(1).reduce((sum, { requests }) => sum + requests, 0);
  t.diagnostic(
    `${history.length} operations, ${count("done")} appends done, ${count("failed")} failed, ` +
      `${count("unknown")} unknown; ${atReplicas} requests to replicas, ` +
      `${db.stats.fallbacks} of their reads fell back`,
  );
});

async function finalLists(url: string): Promise<Map<number, number[]>> {
  const db = await openDatabase(url as `http://${string}`);
  const rows = await db.values("SELECT key, value FROM list ORDER BY pos");
  await db.close();
  return listsOf(rows, Array.from({ length: KEYS }, (_, key) => key));
}

test("the checker finds what it is there to find", () => {
  type Kept = readonly [number, number[]];
  const at = (time: number, session: number, ended = time) =>
    ({ session, startedAt: time, endedAt: ended, by: "primary" }) as const;
  const append = (value: number, keys: number[], time: number, session = 1): Operation => ({
    ...at(time, session),
    append: { keys, value, outcome: "done" },
  });
  const read = (time: number, lists: Kept[], session = 1): Operation => ({
    ...at(time, session),
    lists: new Map(lists),
  });
  const final = new Map([[1, [10, 11]], [2, [10]]]);
  const good = [append(10, [1, 2], 1), read(2, [[1, [10]], [2, [10]]]), append(11, [1], 3)];
  assert.deepEqual(anomaliesIn(good, final), []);
  const failed: Operation = {
    ...at(1, 1),
    append: { keys: [1], value: 11, outcome: "failed" },
  };
  const twoLists = new Map([[1, [10]], [2, [20]]]);
  const elsewhere = { by: "anybody" } as const;
  const bad: readonly (readonly [Operation[], RegExp, Map<number, number[]>?])[] = [
    [[append(12, [1], 1)], /done append of 12 to 1 is there 0 times/],
    [[failed], /failed append of 11/],
    [[append(10, [1, 2], 1), read(2, [[1, []], [2, [10]]])], /seen in part/],
    [[append(10, [1, 2], 1), read(2, [[1, []]])], /misses its own 10/],
    [[read(1, [[1, [10, 11]]]), read(2, [[1, [10]]])], /went back in 1/],
    [[read(1, [[1, [11]]])], /another order/],
    // The primary forgets what it has acknowledged to somebody else.
    [[append(10, [1], 1, 1), append(20, [2], 1, 1), read(3, [[1, []]], 2)], /circle/, twoLists],
    // Two readers see two appends in different orders, neither of which is their own.
    [
      [
        append(10, [1], 1, 1),
        append(20, [2], 1, 2),
        { ...read(1, [[1, [10]], [2, []]], 3), ...elsewhere },
        { ...read(1, [[1, []], [2, [20]]], 4), ...elsewhere },
      ],
      /circle of dependencies: .* < /,
      twoLists,
    ],
    // Two transactions read what the other one is about to append to.
    [
      [
        { ...append(10, [1], 1, 1), lists: new Map([[2, []]]) },
        { ...append(20, [2], 1, 2), lists: new Map([[1, []]]) },
      ],
      /circle/,
      twoLists,
    ],
  ];
  for (const [history, message, lists = final] of bad) {
    assert.match(anomaliesIn(history, lists).join(), message);
  }
  const twice = new Map([[1, [10, 11, 11]], [2, [10]]]);
  assert.match(anomaliesIn(good, twice).join(), /append of 11 to 1 is there 2 times/);
  // What others have seen at a replica is no matter of real time.
  const late = { ...read(3, [[1, []]], 2), ...elsewhere };
  assert.deepEqual(anomaliesIn([append(10, [1], 1, 1), append(20, [2], 1, 1), late], twoLists), []);
});
