/**
 * libSQL servers from a Worker, over a database of each request and over one that all requests
 * share. workerd cancels a request that waits for another one's, and drops the timers of a request
 * that has ended.
 */

import assert from "node:assert/strict";
import { after, test, type TestContext } from "node:test";

import { skipFor } from "../helpers/skip_reasons.ts";
import { noServers, Sqld, startCluster } from "../remote/helpers/sqld.ts";
import { noWorkerd, startWorker } from "./harness/workerd.ts";

/** Before this date workerd went on in whichever request had settled a promise. */
const DATES = { new: undefined, old: "2024-09-01" };

/** Answers with what a call gives; its error is the answer too, with its name. */
const SOURCE = `
import { openRemote } from "./src/remote/remote.ts";

let shared, requests = 0;

const operations = {
  get: (db, i) => db.get("SELECT ? AS i", [i]),
  all: (db, i) => Promise.all(
    Array.from({ length: 300 }, (_, n) => db.get("SELECT ? AS i", [i + n])),
  ),
  late: async (db, i) => {
    await undefined;
    return await db.get("SELECT ? AS i", [i]);
  },
  run: async (db, i) => {
    await db.run("INSERT INTO rows (i) VALUES (?)", [i]);
    return await db.get("SELECT i FROM rows WHERE i = ?", [i]);
  },
  batch: async (db, i) => {
    const sql = "INSERT INTO rows (i) VALUES (?)";
    const results = await db.batch([{ sql, params: [i] }, { sql, params: [i + 0.5] }]);
    return results.map(({ rowsAffected }) => rowsAffected);
  },
  write: (db, i) => db.write(async (tx) => {
    await tx.run("INSERT INTO rows (i) VALUES (?)", [i]);
    return await tx.get("SELECT i FROM rows WHERE i = ?", [i]);
  }),
  read: (db, i) => db.read((snapshot) => snapshot.get("SELECT ? AS i", [i])),
  slow: (db) => db.get(
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) " +
      "SELECT count(*) AS n FROM n",
  ),
  impatient: (db) => db.get("SELECT 1 AS one", [], { timeoutMs: 300 }),
  count: (db) => db.get("SELECT count(*) AS n FROM rows"),
  close: (db) => db.close(),
  requests: () => requests,
};

export default {
  async fetch(request, { server, form }) {
    const { pathname, searchParams } = new URL(request.url);
    const fetch = (url, init) => {
      requests += 1;
      return globalThis.fetch(url, init);
    };
    const open = () => openRemote(server, { fetch });
    const db = form === "own" ? await open() : await (shared ??= open());
    try {
      const result = await operations[pathname.slice(1)](db, Number(searchParams.get("i")));
      return Response.json(result ?? null);
    } catch (error) {
      return Response.json({ name: error.name, message: error.message }, { status: 500 });
    } finally {
      if (form === "own") await db.close();
    }
  },
};
`;

let server: Sqld | undefined;
after(() => server?.remove());

type Ask = (operation: string, i?: number, signal?: AbortSignal) => Promise<unknown>;

/** A Worker, and a database with an empty table. */
async function start(
  t: TestContext,
  form: "own" | "shared",
  { compatibilityDate, source = SOURCE }: { compatibilityDate?: string; source?: string } = {},
): Promise<Ask> {
  server ??= await Sqld.start();
  await server.clear();
  await execute("CREATE TABLE rows (i)");
  const bindings = { server: server.url, form };
  const worker = await startWorker({ source, bindings, compatibilityDate });
  t.after(() => worker.stop());
  return async (operation, i = 0, signal) => {
    const response = await worker.fetch(`http://worker/${operation}?i=${i}`, { signal });
    const text = await response.text();
    // Otherwise it is what workerd has to say of a request that it has cancelled.
    return response.headers.get("content-type") === "application/json" ? JSON.parse(text) : text;
  };
}

async function execute(sql: string): Promise<void> {
  const body = { requests: [{ type: "execute", stmt: { sql } }, { type: "close" }] };
  const response = await fetch(`${server!.url}/v3/pipeline`, {
    method: "POST",
    body: JSON.stringify(body),
  });
  assert.equal(response.status, 200);
}

/** Asks for everything at once, and returns the answers that are not what they should be. */
async function wrongAnswers(
  ask: Ask,
  operations: readonly string[],
  expect: (operation: string, i: number) => unknown,
): Promise<string[]> {
  const answers = await Promise.all(operations.map((operation, i) => ask(operation, i)));
  return answers.flatMap((answer, i) => {
    const expected = JSON.stringify(expect(operations[i], i));
    const got = JSON.stringify(answer);
    return got === expected ? [] : [`${operations[i]} ${i}: ${got.slice(0, 200)}`];
  });
}

const answer = (operation: string, i: number): unknown => operation === "batch" ? [1, 1] : { i };

function edgeTest(name: string, run: (t: TestContext) => Promise<void>): void {
  test(name, skipFor(name, noWorkerd ?? noServers), run);
}

for (const form of ["own", "shared"] as const) {
  for (const [age, compatibilityDate] of Object.entries(DATES)) {
    edgeTest(
      `500 overlapping requests, ${form} database, ${age} workerd: all are answered`,
      async (t) => {
        const ask = await start(t, form, { compatibilityDate });
        const kinds = ["get", "run", "late", "get", "run", "batch", "get", "run", "late", "read"];
        const operations = Array.from(
          { length: 500 },
          (_, i) => i % 100 < 10 ? "write" : kinds[i % 10],
        );
        assert.deepEqual(await wrongAnswers(ask, operations, answer), []);
        const rows = operations.reduce(
          (sum, operation) => sum + ({ run: 1, write: 1, batch: 2 }[operation] ?? 0),
          0,
        );
        assert.deepEqual(await ask("count"), { n: rows });
      },
    );
  }

  edgeTest(`clients that go away take nothing with them, ${form} database`, async (t) => {
    const ask = await start(t, form);
    for (let round = 0; round < 3; round++) {
      const leaving = new AbortController();
      const left = Array.from(
        { length: 40 },
        (_, i) => ask(i % 10 === 0 ? "slow" : "run", 1_000 + i, leaving.signal),
      );
      const staying = wrongAnswers(ask, Array(20).fill("get"), answer);
      await ask("get");
      leaving.abort();
      await Promise.allSettled(left);
      assert.deepEqual(await staying, []);
    }
    assert.deepEqual(await wrongAnswers(ask, Array(20).fill("write"), answer), []);
  });

  edgeTest(
    `a call's deadline is kept after the first request has ended, ${form} database`,
    async (t) => {
      const ask = await start(t, form);
      assert.deepEqual(await ask("get", 1), { i: 1 });
      server!.pause();
      const late = await Promise.all([ask("impatient"), ask("impatient")])
        .finally(() => server!.resume());
      for (const { name } of late as { name: string }[]) assert.equal(name, "QueryTimeoutError");
      assert.deepEqual(await ask("get", 2), { i: 2 });
    },
  );

  edgeTest(`a server that was away is used again, ${form} database`, async (t) => {
    const ask = await start(t, form);
    await server!.kill();
    const failed = await Promise.all([ask("get"), ask("run"), ask("write")]) as { name: string }[];
    await server!.start();
    // workerd does not tell a connection that was refused from one that was lost.
    assert.deepEqual(
      failed.map(({ name }) => name),
      ["ConnectionLostError", "OutcomeUnknownError", "ConnectionLostError"],
    );
    assert.deepEqual(await wrongAnswers(ask, ["get", "run", "write"], answer), []);
  });
}

edgeTest("reads of one turn share a request, and opening takes none", async (t) => {
  const ask = await start(t, "own");
  const rows = await ask("all", 7);
  assert.deepEqual(rows, Array.from({ length: 300 }, (_, n) => ({ i: 7 + n })));
  // 100 at a time.
  assert.equal(await ask("requests"), 3);
});

edgeTest("a database of the global scope is open before the first request", async (t) => {
  await start(t, "shared");
  const ask = await start(t, "shared", {
    source: `
      import { openRemote } from "./src/remote/remote.ts";
      const db = await openRemote(${JSON.stringify(server!.url)});
      export default {
        fetch: async () => Response.json(await db.get("SELECT 1 AS one")),
      };`,
  });
  assert.deepEqual(await Promise.all([ask("", 1), ask("", 2)]), [{ one: 1 }, { one: 1 }]);
});

edgeTest("close waits for no other request, and refuses calls of all", async (t) => {
  const ask = await start(t, "shared");
  const slow = ask("slow");
  await ask("get");
  assert.deepEqual(await Promise.all([ask("close"), ask("close")]), [null, null]);
  assert.equal((await ask("get") as { name: string }).name, "PoolClosedError");
  assert.deepEqual(await slow, { n: 300_000 });
});

edgeTest(
  "with replicas only eventual reads leave the primary, and all see their own writes",
  async (t) => {
    const { primary, replicas: [replica], remove } = await startCluster(1);
    t.after(remove);
    const worker = await startWorker({
      bindings: { primary: primary.url, replicas: [replica.url] },
      source: `
      import { openRemote } from "./src/remote/remote.ts";
      const asked = [];
      const fetch = (url, init) => {
        asked.push(new URL(url).origin);
        return globalThis.fetch(url, init);
      };
      let db;
      export default {
        async fetch(request, { primary, replicas }) {
          db ??= openRemote({ primary, replicas }, { fetch });
          const { pathname } = new URL(request.url);
          const consistency = pathname.slice(1);
          if (consistency === "write") {
            await (await db).batch([{ sql: "CREATE TABLE IF NOT EXISTS t (n)" }, { sql: "INSERT INTO t VALUES (1)" }]);
            return Response.json(null);
          }
          asked.length = 0;
          const sql = consistency === "session" ? "SELECT count(*) AS n FROM t" : "SELECT 1 AS n";
          const { n } = await (await db).get(sql, [], { consistency });
          return Response.json({ n, asked });
        },
      };`,
    });
    t.after(() => worker.stop());
    const ask = async (path: string): Promise<unknown> =>
      await (await worker.fetch(`http://worker/${path}`)).json();
    for (let n = 1; n <= 20; n++) {
      await ask("write");
      assert.deepEqual(await ask("session"), { n, asked: [primary.url] });
    }
    assert.deepEqual(await ask("strong"), { n: 1, asked: [primary.url] });
    assert.deepEqual(await ask("eventual"), { n: 1, asked: [replica.url] });
  },
);
