/** The apps in examples/frameworks, started by their one command and asked with real requests. */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { type Connection, openDatabase } from "@sqlitepool/pool";

import type { Account, Transfer } from "../../examples/frameworks/bank.ts";
import { runtimeName, temporaryDirectory } from "../helpers/runtime.ts";
import { type Service, startService, stopService, untilRefused } from "../helpers/service.ts";
import { skipFor } from "../helpers/skip_reasons.ts";

interface App {
  readonly name: string;
  readonly script: string;
  /** Why it does not run here. */
  readonly unavailable?: string;
  /** Why it may not learn that a client has gone. */
  readonly deafTo?: string;
}

const apps: readonly App[] = [
  {
    name: "Express",
    script: "examples/frameworks/express.js",
    deafTo: runtimeName() === "deno"
      ? "under Express, Deno sometimes does not tell of a client that leaves in the middle of a stream"
      : undefined,
  },
  { name: "Fastify", script: "examples/frameworks/fastify.ts" },
  {
    name: "Elysia",
    script: "examples/frameworks/elysia.ts",
    unavailable: runtimeName() === "bun" ? undefined : "Elysia listens with the server of Bun",
  },
];

interface Running extends Service {
  readonly path: string;
}

/** Starts an app over a new file, where Alice has 30 and Bob nothing. */
async function start(t: TestContext, { script }: App): Promise<Running> {
  const path = join(temporaryDirectory(t), "bank.db");
  const service = await startService(t, script, { DATABASE_PATH: path });
  for (const account of [{ name: "Alice", balance: 30 }, { name: "Bob", balance: 0 }]) {
    assert.equal((await post(service, "/accounts", account)).status, 201);
  }
  return { ...service, path };
}

function post({ url }: Service, route: string, body: unknown, init?: RequestInit) {
  const headers = { "content-type": "application/json" };
  return fetch(url + route, { ...init, method: "POST", headers, body: JSON.stringify(body) });
}

const pay = (service: Service, transfer: Transfer, init?: RequestInit): Promise<Response> =>
  post(service, "/transfers", transfer, init);

async function get<T>({ url }: Service, route: string): Promise<T> {
  return await (await fetch(url + route)).json() as T;
}

const balances = async (service: Service): Promise<Record<string, number>> =>
  Object.fromEntries(
    (await get<Account[]>(service, "/accounts")).map(({ name, balance }) => [name, balance]),
  );

/** Ends a test whose app never gets there. */
const PATIENCE_MS = 10_000;

const idle = { readers: 0, writer: 0 };

/** Asks until this many connections are in use. */
async function untilInUse(service: Service, expected: typeof idle): Promise<void> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  for (;;) {
    const response = await fetch(`${service.url}/health`, { signal });
    const { readers, writer } = await response.json() as typeof idle;
    if (readers === expected.readers && writer === expected.writer) return;
  }
}

/** Runs `fn` while this process has the write lock of the file. */
async function whileLocked(path: string, fn: (holder: Connection) => Promise<void>): Promise<void> {
  const db = await openDatabase(path);
  try {
    await db.write(fn);
  } finally {
    await db.close();
  }
}

for (const app of apps) {
  const { name, unavailable, deafTo } = app;

  const answers = `${name}: a transfer is committed, and one that throws leaves nothing`;
  test(answers, skipFor(answers, unavailable), async (t) => {
    const service = await start(t, app);
    const paid = await pay(service, { from: "Alice", to: "Bob", amount: 10 });
    assert.deepEqual([paid.status, await paid.json()], [201, { name: "Alice", balance: 20 }]);

    // Both throw when the payee has the money already.
    for (const from of ["Alice", "nobody"]) {
      const refused = await pay(service, { from, to: "Bob", amount: 1000 });
      assert.equal(refused.status, 409);
      assert.match(await refused.text(), /Alice cannot pay 1000|There is no such account/);
    }
    assert.deepEqual(await balances(service), { Alice: 20, Bob: 10 });

    const statuses = await Promise.all(
      Array.from({ length: 100 }, async () => {
        const response = await pay(service, { from: "Alice", to: "Bob", amount: 1 });
        await response.text();
        return response.status;
      }),
    );
    assert.deepEqual(statuses.toSorted(), [...Array(20).fill(201), ...Array(80).fill(409)]);
    assert.deepEqual(await balances(service), { Alice: 0, Bob: 30 });
    assert.deepEqual(await get(service, "/health"), idle);
  });

  const aborts = `${name}: a client that goes away gives its connection back`;
  test(aborts, skipFor(aborts, unavailable ?? deafTo), async (t) => {
    const service = await start(t, app);
    const gone = new AbortController();
    const { signal } = gone;
    await whileLocked(service.path, async (holder) => {
      const payment = pay(service, { from: "Alice", to: "Bob", amount: 10 }, { signal });
      await untilInUse(service, { readers: 0, writer: 1 });
      gone.abort();
      await assert.rejects(payment, { name: "AbortError" });
      await untilInUse(service, idle);

      // More than any buffer between here and the app takes in.
      await holder.run(`INSERT INTO accounts WITH RECURSIVE n(i) AS (
        SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 64
      ) SELECT i || hex(zeroblob(250000)), 0 FROM n`);
    });

    const leaving = new AbortController();
    const { body } = await fetch(`${service.url}/export`, { signal: leaving.signal });
    await body!.getReader().read();
    await untilInUse(service, { readers: 1, writer: 0 });
    leaving.abort();
    await untilInUse(service, idle);

    const paid = await pay(service, { from: "Alice", to: "Bob", amount: 30 });
    assert.deepEqual([paid.status, await paid.json()], [201, { name: "Alice", balance: 0 }]);
  });

  const stops = `${name}: what is in progress is answered before the database closes`;
  test(stops, skipFor(stops, unavailable), async (t) => {
    const service = await start(t, app);
    let payment: Promise<Response> | undefined;
    let exited: Promise<unknown> | undefined;
    await whileLocked(service.path, async () => {
      payment = pay(service, { from: "Alice", to: "Bob", amount: 10 });
      await untilInUse(service, { readers: 0, writer: 1 });
      exited = stopService(service);
      await untilRefused(`${service.url}/health`);
    });
    assert.equal((await payment!).status, 201);
    assert.equal(await exited, 0);
    // A database that is closed takes its log along.
    assert.equal(existsSync(`${service.path}-wal`), false);
  });
}
