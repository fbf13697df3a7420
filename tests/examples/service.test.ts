/** examples/service, started by its one command and asked with real requests. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { noWorkerd } from "../edge/harness/workerd.ts";
import { runtimeName, temporaryDirectory } from "../helpers/runtime.ts";
import { type Service, startService, stopService, untilRefused } from "../helpers/service.ts";
import { skipFor } from "../helpers/skip_reasons.ts";
import { noServers, Sqld, tokenOf } from "../remote/helpers/sqld.ts";

/** Miniflare ends its process as the signal would. */
const BY_SIGNAL = 143;

const start = (
  t: TestContext,
  entry: string,
  env: Readonly<Record<string, string>>,
): Promise<Service> => startService(t, `examples/service/${entry}.ts`, env);

async function exercise({ url }: Service): Promise<void> {
  const post = (path: string, body: unknown): Promise<Response> =>
    fetch(url + path, { method: "POST", body: JSON.stringify(body) });
  const get = async (path: string): Promise<unknown> => await (await fetch(url + path)).json();

  const kettle = { id: 1, name: "kettle", stock: 3 };
  const created = await post("/items", { name: "kettle", stock: 3 });
  assert.deepEqual([created.status, await created.json()], [201, kettle]);
  assert.deepEqual(await get("/items"), [kettle]);
  assert.deepEqual(await get("/items/1"), kettle);

  const bookmark = created.headers.get("x-bookmark");
  const headers: Record<string, string> = bookmark === null ? {} : { "x-bookmark": bookmark };
  assert.deepEqual(await (await fetch(`${url}/items/1`, { headers })).json(), kettle);

  const order = await post("/items/1/orders", { quantity: 2 });
  assert.deepEqual([order.status, await order.json()], [201, { id: 1, quantity: 2 }]);
  // The first statement of the batch had taken effect when the second one failed.
  const refused = [
    [await post("/items/1/orders", { quantity: 2 }), 409],
    [await post("/items/2/orders", { quantity: 1 }), 404],
    [await post("/items/1/orders", { quantity: -5 }), 400],
    [await post("/items", { name: null, stock: 1 }), 422],
    [await fetch(`${url}/items`, { method: "POST", body: "{" }), 400],
    [await fetch(`${url}/items/2`), 404],
  ] as const;
  for (const [response, status] of refused) {
    assert.equal(response.status, status, await response.text());
  }
  assert.deepEqual(await get("/items/1"), { ...kettle, stock: 1 });

  // No item is sold twice.
  assert.equal((await post("/items", { name: "pot", stock: 30 })).status, 201);
  const statuses = await Promise.all(
    Array.from({ length: 100 }, async () => {
      const response = await post("/items/2/orders", { quantity: 1 });
      await response.text();
      return response.status;
    }),
  );
  assert.deepEqual(statuses.toSorted(), [...Array(30).fill(201), ...Array(70).fill(409)]);
  assert.deepEqual(await get("/items/2"), { id: 2, name: "pot", stock: 0 });
  // A failed order has left no row, so the next one follows the last.
  assert.equal((await post("/items/1/orders", { quantity: 1 })).status, 201);
}

test("the service over a file", async (t) => {
  const path = join(temporaryDirectory(t), "shop.db");
  const service = await start(t, runtimeName(), { DATABASE_URL: path });
  await exercise(service);
  assert.equal(await stopService(service), 0);
});

const overServer = "the service over a libSQL server";
test(overServer, skipFor(overServer, noServers), async (t) => {
  const server = await Sqld.start({ auth: true });
  t.after(() => server.remove());
  const env = { DATABASE_URL: server.url, DATABASE_TOKEN: tokenOf() };
  const service = await start(t, runtimeName(), env);
  await exercise(service);
  assert.equal(await stopService(service), 0);
});

const onWorkerd = "the service as a Worker over a libSQL server";
test(onWorkerd, skipFor(onWorkerd, noWorkerd ?? noServers), async (t) => {
  const server = await Sqld.start({ auth: true });
  t.after(() => server.remove());
  const env = { DATABASE_URL: server.url, DATABASE_TOKEN: tokenOf() };
  const service = await start(t, "workerd", env);
  await exercise(service);
  assert.equal(await stopService(service), BY_SIGNAL);
});

const onD1 = "the service as a Worker over D1";
test(onD1, skipFor(onD1, noWorkerd), async (t) => {
  const service = await start(t, "workerd", {});
  await exercise(service);
  assert.equal(await stopService(service), BY_SIGNAL);
});

test("requests in progress are answered when the service is stopped", async (t) => {
  const path = join(temporaryDirectory(t), "shop.db");
  const service = await start(t, runtimeName(), { DATABASE_URL: path });
  const body = JSON.stringify({ name: "kettle", stock: 3 });
  // Its head is there before the signal, its body after.
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const answer = fetch(`${service.url}/items`, {
    method: "POST",
    body: readable,
    duplex: "half",
  } as RequestInit);
  const writer = writable.getWriter();
  await writer.write(new TextEncoder().encode(body.slice(0, 5)));
  await fetch(`${service.url}/items`);
  const exited = stopService(service);
  await untilRefused(`${service.url}/items`);
  await writer.write(new TextEncoder().encode(body.slice(5)));
  await writer.close();
  assert.equal((await answer).status, 201);
  assert.equal(await exited, 0);
});
