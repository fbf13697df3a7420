/**
 * The code of connections is loaded with the first, that of leases for the first caller who holds
 * one. Each test is the first to need some: their order matters, and nothing else in this file may
 * open a connection.
 */

import assert from "node:assert/strict";
import { test } from "node:test";

import { PoolConnectionOpenError, SQLiteConnectionPool, SQLitePoolError } from "../../mod.ts";
import { heldConnections, physicalConnections } from "../../src/connections/connection_manager.ts";
import type { OnDemand } from "../../src/pool/on_demand.ts";
import { stubFactory } from "../helpers/stub_connection.ts";

const missing = new SQLitePoolError("the file is missing");

/** Runs something while code cannot be loaded. */
async function without<M>(code: OnDemand<M>, run: () => Promise<void>): Promise<void> {
  assert.equal(code.now, undefined);
  const { load } = code;
  code.load = () => Promise.reject(missing);
  try {
    await run();
  } finally {
    code.load = load;
  }
}

test("a connection whose code cannot be loaded is closed, and the pool goes on", async () => {
  const { factory, made } = stubFactory();
  const pool = new SQLiteConnectionPool(factory, { poolSize: 1 });
  await without(physicalConnections, async () => {
    await assert.rejects(pool.execute("SELECT 1"), (error: unknown) => {
      assert.ok(error instanceof PoolConnectionOpenError);
      assert.equal(error.cause, missing);
      return true;
    });
  });
  assert.deepEqual(made.map(({ closes }) => closes), [1]);
  assert.equal(pool.stats.size, 0);
  await pool.close();
});

test("the first statement of a process may not begin a transaction either", async () => {
  const { factory, made } = stubFactory();
  const pool = new SQLiteConnectionPool(factory, { poolSize: 1 });
  const calls = await Promise.allSettled([
    pool.execute("BEGIN"),
    pool.run("/* first */ savepoint a"),
    pool.get("SELECT 1"),
  ]);
  const messages = calls.map((call) => call.status === "rejected" ? call.reason.message : "");
  assert.match(messages[0], /^BEGIN as SQL text needs an exclusive connection/);
  assert.match(messages[1], /^SAVEPOINT as SQL text needs an exclusive connection/);
  assert.equal(messages[2], "");
  // The first look at the connection, and the SELECT.
  assert.equal(made[0].executed, 2);
  const { idle, inUse } = pool.stats;
  assert.deepEqual({ idle, inUse }, { idle: 1, inUse: 0 });
  // From now on before it waits for a connection.
  const pending = pool.execute("COMMIT");
  assert.equal(pool.stats.inUse, 0);
  await assert.rejects(pending, /^SQLitePoolError: COMMIT as SQL text/);
  await pool.close();
});

test("a lease whose code cannot be loaded is released", async () => {
  const { factory, made } = stubFactory();
  const pool = new SQLiteConnectionPool(factory, { poolSize: 1 });
  await without(heldConnections, async () => {
    await assert.rejects(pool.connection(), missing);
    await assert.rejects(pool.transaction(() => assert.fail("it ran")), missing);
  });
  const { idle, inUse } = pool.stats;
  assert.deepEqual({ idle, inUse }, { idle: 1, inUse: 0 });
  await pool.close();
  assert.deepEqual(made.map(({ closes }) => closes), [1]);
});

test("onConnect cannot run without the code of leases: the connection is closed", async () => {
  const { factory, made } = stubFactory();
  const onConnect = (): never => assert.fail("it ran");
  const pool = new SQLiteConnectionPool(factory, { onConnect });
  await without(heldConnections, async () => {
    await assert.rejects(pool.execute("SELECT 1"), PoolConnectionOpenError);
  });
  assert.deepEqual(made.map(({ closes }) => closes), [1]);
  await pool.close();
});

test("those who hold the first connections get them in the order in which they asked", async () => {
  const pool = new SQLiteConnectionPool(stubFactory().factory, { poolSize: 2 });
  const order: string[] = [];
  const use = (name: string) => pool.withConnection(() => void order.push(name));
  await Promise.all([use("first"), use("second"), use("third")]);
  assert.deepEqual(order, ["first", "second", "third"]);
  await pool.close();
});
