/** What openDatabase says and does on workerd, which has SQLite only behind bindings. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { skipFor } from "../helpers/skip_reasons.ts";
import { noServers, Sqld } from "../remote/helpers/sqld.ts";
import { noWorkerd, startWorker } from "./harness/workerd.ts";

const SOURCE = `
import { openDatabase } from "./mod.ts";
import { nodeSqlite } from "./adapters/node_sqlite/driver.ts";

const locations = ({ server, DB0 }) => ({
  path: ["app.db"],
  memory: [":memory:"],
  "file URL": ["file:///app.db"],
  binding: [DB0],
  "embedded replica": ["app.db", { syncUrl: server }],
  driver: ["app.db", { driver: nodeSqlite }],
  server: [server],
  cluster: [{ primary: server }],
});

export default {
  async fetch(request, env) {
    const name = decodeURIComponent(new URL(request.url).pathname.slice(1));
    try {
      await using db = await openDatabase(...locations(env)[name]);
      return Response.json(await db.get("SELECT 1 AS one"));
    } catch (error) {
      return new Response(String(error));
    }
  },
};
`;

for (const nodejsCompat of [false, true]) {
  const name = `openDatabase on workerd names what to use${
    nodejsCompat ? ", with nodejs_compat" : ""
  }`;
  test(name, skipFor(name, noWorkerd ?? noServers), async (t) => {
    const server = await Sqld.start();
    t.after(() => server.remove());
    const bindings = { server: server.url };
    const worker = await startWorker({ source: SOURCE, bindings, nodejsCompat });
    t.after(() => worker.stop());
    const open = async (location: string): Promise<string> =>
      await (await worker.fetch(`http://worker/${location}`)).text();
    for (const location of ["path", "memory", "file URL", "binding", "embedded replica"]) {
      const refusal = await open(location);
      assert.match(refusal, /^TypeError: This runtime \(workerd\) has no SQLite/, location);
      for (const way of ["openD1(env.DB)", "openDurableObject(ctx.storage)", "URL"]) {
        assert.ok(refusal.includes(way), `${location}: ${refusal}`);
      }
    }
    assert.match(await open("driver"), /^TypeError: This runtime \(workerd\) has no/);
    for (const location of ["server", "cluster"]) {
      assert.deepEqual(JSON.parse(await open(location)), { one: 1 });
    }
  });
}
