/** Adapters are loaded with the first handle they are for. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { type Adapt, Adapter } from "../../adapters/adapter.ts";
import { SQLitePoolError } from "../../mod.ts";
import type { AsyncConnection } from "../../src/driver/connection.ts";
import { adaptThreeMethods } from "../../src/driver/three_methods.ts";
import { StubConnection } from "../helpers/stub_connection.ts";

const adaptStub: Adapt = (handle: AsyncConnection) => adaptThreeMethods(handle);

test("the first handle waits for the adapter, all others are adapted at once", async () => {
  let loads = 0;
  const adapter = new Adapter("stubs", () => true, () => {
    loads += 1;
    return Promise.resolve(adaptStub);
  });
  const [one, two, three] = [1, 2, 3].map((id) => new StubConnection(id));
  const waiting = [adapter.adapt(one, {}), adapter.adapt(two, {})];
  assert.ok(waiting.every((connection) => connection instanceof Promise));
  const connections = await Promise.all(waiting);
  assert.deepEqual(connections.map(({ raw }) => raw), [one, two]);
  const last = adapter.adapt(three, {});
  assert.ok(!(last instanceof Promise));
  assert.equal(last.raw, three);
  assert.equal(loads, 1, "both waited for one");
});

test("an adapter that cannot be loaded is named, its handle left alone, and tried again", async () => {
  const missing = new Error("Cannot find module './stubs.js'");
  const outcomes = [() => Promise.reject(missing), () => Promise.resolve(adaptStub)];
  const adapter = new Adapter("stubs", () => true, () => outcomes.shift()!());
  const stub = new StubConnection(1);
  await assert.rejects(async () => await adapter.adapt(stub, {}), (error: Error) => {
    assert.ok(error instanceof SQLitePoolError);
    assert.match(error.message, /^The adapter for stubs could not be loaded: Cannot find module/);
    assert.match(error.message, /Deploy the package, or its bundle, with all files\.$/);
    assert.equal(error.cause, missing);
    return true;
  });
  assert.equal(stub.closes, 0);
  assert.equal((await adapter.adapt(stub, {})).raw, stub);
});

test("what the adapter itself refuses is told as it is", async () => {
  const refusal = new TypeError('intMode "bigint" is not to be had from stubs');
  const adapter = new Adapter("stubs", () => true, () =>
    Promise.resolve(() => {
      throw refusal;
    }));
  await assert.rejects(async () => await adapter.adapt({}, {}), refusal);
  assert.throws(() => adapter.adapt({}, {}), refusal);
});
