import assert from "node:assert/strict";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { type Api, createApi } from "../../examples/hono.ts";
import { serve } from "../../examples/serve.ts";
import { temporaryDirectory } from "../helpers/runtime.ts";

async function start(t: TestContext): Promise<Api> {
  const api = await createApi(join(temporaryDirectory(t), "shop.db"));
  t.after(() => api.close());
  return api;
}

async function post({ app }: Api, path: string, body: unknown): Promise<Response> {
  return app.request(path, { method: "POST", body: JSON.stringify(body) });
}

async function get({ app }: Api, path: string): Promise<unknown> {
  const response = await app.request(path);
  assert.equal(response.status, 200);
  return response.json();
}

test("items are created, listed and read", async (t) => {
  const api = await start(t);
  const kettle = { id: 1, name: "kettle", stock: 3 };
  const created = await post(api, "/items", { name: "kettle", stock: 3 });
  assert.equal(created.status, 201);
  assert.deepEqual(await created.json(), kettle);
  assert.deepEqual(await get(api, "/items"), [kettle]);
  assert.deepEqual(await get(api, "/items/1"), kettle);
  assert.equal((await api.app.request("/items/2")).status, 404);
});

test("an order that cannot be met changes nothing", async (t) => {
  const api = await start(t);
  await post(api, "/items", { name: "kettle", stock: 3 });
  assert.equal((await post(api, "/items/1/orders", { quantity: 2 })).status, 201);
  assert.equal((await post(api, "/items/1/orders", { quantity: 2 })).status, 409);
  // The first statement of the transaction had taken effect when the second one failed.
  assert.equal((await post(api, "/items/1/orders", { quantity: -5 })).status, 422);
  assert.deepEqual(await get(api, "/items/1"), { id: 1, name: "kettle", stock: 1 });
});

test("concurrent orders sell no item twice, and every connection comes back", async (t) => {
  const api = await start(t);
  await post(api, "/items", { name: "kettle", stock: 30 });
  const order = () => post(api, "/items/1/orders", { quantity: 1 });
  const responses = await Promise.all(Array.from({ length: 100 }, order));
  const sold = responses.filter(({ status }) => status === 201);
  assert.equal(sold.length, 30);
  assert.ok(responses.every(({ status }) => status === 201 || status === 409));
  assert.deepEqual(await get(api, "/items/1"), { id: 1, name: "kettle", stock: 0 });
  const { inUse, waiting } = await get(api, "/health") as Record<string, number>;
  assert.deepEqual({ inUse, waiting }, { inUse: 0, waiting: 0 });
});

test("it serves over HTTP until it is closed", async (t) => {
  const api = await start(t);
  const server = await serve(api.app.fetch, 0);
  const url = `${server.url}/items`;
  const body = JSON.stringify({ name: "kettle", stock: 3 });
  const created = await fetch(url, { method: "POST", body });
  assert.equal(created.status, 201);
  assert.deepEqual(await (await fetch(url)).json(), [await created.json()]);
  await server.close();
  await assert.rejects(fetch(url));
});
