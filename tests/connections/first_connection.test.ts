/**
 * The first connection of a process waits for the adapter of its driver. Each test is the first
 * to need one: their order matters, and nothing else in this file may open a connection.
 */

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  PoolClosedError,
  PoolConnectionOpenError,
  SQLiteConnectionPool,
  UnsupportedHandleError,
} from "../../mod.ts";
import { nativeDriver } from "../helpers/drivers.ts";
import { StubConnection } from "../helpers/stub_connection.ts";

test("a handle that is returned twice is noticed while its adapter is loaded", async () => {
  const handle = nativeDriver.open(":memory:");
  const pool = new SQLiteConnectionPool(() => handle, { poolSize: 2 });
  const [first, second] = await Promise.allSettled([pool.connection(), pool.connection()]);
  assert.equal(first.status, "fulfilled");
  assert.equal(second.status, "rejected");
  assert.ok(second.reason instanceof PoolConnectionOpenError);
  assert.ok(second.reason.cause instanceof UnsupportedHandleError);
  assert.match(second.reason.message, /is already in the pool/);
  assert.deepEqual(await first.value.values("SELECT 1"), [[1]]);
  await first.value.release();
  await pool.close();
});

test("a pool that is closed while an adapter is loaded closes what was opened", async () => {
  const stub = new StubConnection(1);
  const pool = new SQLiteConnectionPool(() => stub);
  const query = pool.execute("SELECT 1");
  const refused = assert.rejects(query, PoolClosedError);
  assert.equal(pool.stats.opening, 1);
  await pool.close();
  await refused;
  assert.equal(stub.closes, 1);
});

test("from then on a connection is there when the call returns", async () => {
  const pool = new SQLiteConnectionPool(() => nativeDriver.open(":memory:"), { minIdle: 2 });
  assert.deepEqual([pool.stats.idle, pool.stats.opening], [2, 0]);
  await pool.close();
});
