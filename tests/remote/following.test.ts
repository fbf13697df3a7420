/** Which replicas are asked after the primary has begun another log, on servers of the test's own. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";

import { Cluster, loadFollowing } from "../../src/remote/cluster.ts";
import { Log } from "../../src/remote/position.ts";
import {
  CLOSE,
  encodeBatch,
  encodeStatement,
  encodeStep,
  plain,
} from "../../src/remote/hrana/wire.ts";
import type { Answer, Consistency } from "../../src/remote/position.ts";
import { FakeClock } from "../helpers/fake_clock.ts";

/** A server that answers as a libSQL server does, from whichever log it has. */
interface FakeServer {
  log: string;
  index: number;
  /** Whether a replica asks the primary, as one does that is behind. */
  passesOn: boolean;
  waits: boolean;
}

const makeFollowers = await loadFollowing({
  primary: new URL("http://primary"),
  replicas: [new URL("http://replica")],
});
const READ = encodeStep(encodeStatement(plain("SELECT log")));
/** By then every replica is taken for one that has reconnected. */
const SETTLED_MS = 60_000;

class FakeCluster {
  readonly clock: FakeClock = new FakeClock();
  readonly primary: FakeServer = { log: "old", index: 700, passesOn: false, waits: true };
  readonly replica: FakeServer = { log: "old", index: 700, passesOn: false, waits: true };
  readonly cluster: Cluster;

  constructor() {
    const urls = { primary: new URL("http://primary"), replicas: [new URL("http://replica")] };
    const transport = {
      environment: { clock: this.clock, random: () => 0.5 },
      fetch: (url: string, { body, signal }: RequestInit) =>
        this.#answer(new URL(url).host, String(body), signal!),
      authToken: undefined,
      probeMs: 1_000,
    };
    this.cluster = new Cluster(urls, transport, 250, new Log(), makeFollowers);
  }

  async #answer(host: string, body: string, signal: AbortSignal): Promise<Response> {
    const isReplica = host === "replica" && !this.replica.passesOn;
    const server = isReplica ? this.replica : this.primary;
    const { replication_index: wait = 0 } = JSON.parse(body).requests[0].batch;
    if (isReplica && server.waits && server.index < Number(wait)) {
      await new Promise((_, reject) => signal.addEventListener("abort", reject));
    }
    const { log, index } = server;
    const result = {
      cols: [{ name: "log" }],
      rows: [[{ type: "text", value: log }]],
      affected_row_count: 0,
      last_insert_rowid: null,
      query_duration_ms: host === "replica" && this.replica.passesOn ? 0 : 0.01,
    };
    const batch = { step_results: [result], step_errors: [null], replication_index: `${index}` };
    const results = [{ type: "ok", response: { type: "batch", result: batch } }];
    const text = JSON.stringify({ baton: null, results });
    return { status: 200, text: () => Promise.resolve(text) } as Response;
  }

  async pass(ms: number): Promise<void> {
    // Nothing here takes longer than the reactions of promises do.
    await nextTurn();
    await this.clock.advance(ms, () => nextTurn());
  }

  async #during<T>(work: Promise<T>): Promise<T> {
    let state = "under way";
    const done = () => state = "done";
    work.then(done, done);
    for (let i = 0; state === "under way" && i < 1_000; i++) await this.pass(10);
    return await work;
  }

  open(): Promise<void> {
    return this.#during(this.cluster.open());
  }

  /** The log that answers a read of somebody who has seen the primary's index. */
  async read(seen: number = this.primary.index, of: Consistency = "session"): Promise<string> {
    const encode = (index: number) => [encodeBatch([READ], index), CLOSE];
    const signal = new AbortController().signal;
    return logIn(await this.#during(this.cluster.read(encode, of, () => seen, signal)));
  }

  /** The primary crashes and begins another log, which shows with the next write. */
  async crash(index: number): Promise<void> {
    Object.assign(this.primary, { log: "new", index });
    const requests = [encodeBatch([READ]), CLOSE];
    await this.#during(this.cluster.write(requests, new AbortController().signal));
  }
}

function logIn({ results: [reply] }: Answer): string {
  assert.ok(reply.type === "ok");
  const { step_results: [{ rows }] } = reply.response.result as {
    step_results: { rows: { value: string }[][] }[];
  };
  return rows[0][0].value;
}

test("a replica whose index has fallen follows the new log, and is asked again", async () => {
  const servers = new FakeCluster();
  await servers.open();
  await servers.crash(20);
  assert.equal(await servers.read(), "new");
  Object.assign(servers.replica, { log: "new, at the replica", index: 20 });
  await servers.pass(2_000);
  assert.equal(await servers.read(), "new, at the replica");
});

test("a replica that passes reads on to the new primary is not taken for one that follows", async () => {
  const servers = new FakeCluster();
  await servers.open();
  servers.replica.passesOn = true;
  await servers.crash(20);
  await servers.pass(2_000);
  // It was behind in the old log, and has applied now what it had received of it.
  servers.replica.passesOn = false;
  assert.equal(await servers.read(), "new");
});

test("a replica that still applies the old log is not taken for one that follows", async () => {
  const servers = new FakeCluster();
  Object.assign(servers.replica, { index: 0, passesOn: true });
  await servers.open();
  await servers.crash(20);
  servers.replica.passesOn = false;
  for (let index = 40; index < 700; index += 60) {
    servers.primary.index = servers.replica.index = index;
    await servers.pass(100);
    assert.equal(await servers.read(), "new", `at ${index}`);
  }
});

test("a replica that was not seen to reconnect is asked again after a while", async () => {
  const servers = new FakeCluster();
  Object.assign(servers.replica, { index: 0, passesOn: true });
  await servers.open();
  await servers.crash(20);
  Object.assign(servers.replica, { log: "new, at the replica", index: 20, passesOn: false });
  await servers.pass(2_000);
  assert.equal(await servers.read(), "new");
  await servers.pass(SETTLED_MS);
  assert.equal(await servers.read(), "new, at the replica");
});

test("a replica cut off from the primary never follows, however far the new log gets", async () => {
  const servers = new FakeCluster();
  await servers.open();
  await servers.crash(20);
  for (const index of [699, 701, 10_000]) {
    servers.primary.index = index;
    await servers.pass(SETTLED_MS);
    assert.equal(await servers.read(), "new", `at ${index}`);
  }
});

test("a replica that stops waiting before it has caught up is passed over", async () => {
  const servers = new FakeCluster();
  await servers.open();
  servers.primary.index = 800;
  // It has begun to follow another log meanwhile, and answers from wherever it is.
  servers.replica.waits = false;
  Object.assign(servers.replica, { log: "stale", index: 690 });
  assert.equal(await servers.read(), "old");
});
