// Transactions that may write wait for their turn without a connection.
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import {
  type Connection,
  PoolClosedError,
  PoolConnectionAcquireTimeoutError,
  type PoolOptions,
  PoolOverloadedError,
  SQLiteConnectionPool,
} from "../../mod.ts";
import { gate, openTestPool } from "../helpers/pools.ts";
import { stubFactory } from "../helpers/stub_connection.ts";

interface Scene {
  readonly pool: SQLiteConnectionPool;
  /** Begins a transaction that inserts a number. */
  insert(n: number, options?: { signal?: AbortSignal; timeoutMs?: number }): Promise<unknown>;
  /** Lets the first transaction commit. */
  finish(): void;
  /** The first transaction. */
  readonly first: Promise<unknown>;
  contents(): Promise<unknown[]>;
}

/** A pool with one transaction under way, which has inserted 1. */
async function open(t: TestContext, options: PoolOptions = {}): Promise<Scene> {
  const { pool } = openTestPool(t, { poolSize: 3, ...options });
  await pool.execute("CREATE TABLE t (n)");
  const insertInto = (tx: Connection, n: number): Promise<unknown> =>
    tx.run("INSERT INTO t VALUES (?)", [n]);
  const started = gate();
  const finished = gate();
  const first = pool.transaction(async (tx) => {
    await insertInto(tx, 1);
    started.open();
    await finished.opened;
  });
  await started.opened;
  return {
    pool,
    first,
    insert: (n, limits = {}) => pool.transaction((tx) => insertInto(tx, n), limits),
    finish: finished.open,
    contents: async () => (await pool.values("SELECT n FROM t ORDER BY rowid")).flat(),
  };
}

test("those who wait leave the connections to readers, and go in the order in which they came", async (t) => {
  const { pool, insert, finish, first, contents } = await open(t);
  const others = [2, 3, 4, 5].map((n) => insert(n));
  assert.equal(pool.stats.waiting, 4);
  assert.equal(pool.stats.inUse, 1);
  assert.deepEqual(await contents(), []);
  finish();
  await Promise.all([first, ...others]);
  assert.deepEqual(await contents(), [1, 2, 3, 4, 5]);
  assert.equal(pool.stats.waiting, 0);
});

test("each transaction gets the connection of the one before, whose cache fits", async (t) => {
  const { pool, insert, finish, first } = await open(t);
  const others = Array.from({ length: 20 }, (_, n) => insert(n));
  finish();
  await Promise.all([first, ...others]);
  assert.equal(pool.stats.size, 1);
});

test("a deferred transaction goes past the line, since it may only read", async (t) => {
  const { pool, insert, finish, first } = await open(t);
  const waiting = insert(2);
  const read = pool.transaction((tx) => tx.values("SELECT n FROM t"), { mode: "deferred" });
  assert.deepEqual(await read, []);
  finish();
  await Promise.all([first, waiting]);
});

test("whoever gives up leaves the line, and the others go on", async (t) => {
  const { pool, insert, finish, first, contents } = await open(t);
  const controller = new AbortController();
  const reason = new Error("enough");
  const aborted = assert.rejects(insert(2, { signal: controller.signal }), reason);
  const late = assert.rejects(insert(3, { timeoutMs: 1 }), (error) => {
    assert.ok(error instanceof PoolConnectionAcquireTimeoutError);
    assert.match(error.message, /^No turn to write within 1 ms/);
    return true;
  });
  const patient = insert(4);
  controller.abort(reason);
  await Promise.all([aborted, late]);
  await assert.rejects(insert(5, { signal: controller.signal }), reason);
  finish();
  await Promise.all([first, patient]);
  assert.deepEqual(await contents(), [1, 4]);
  const { waiting, timeouts, aborts } = pool.stats;
  assert.deepEqual({ waiting, timeouts, aborts }, { waiting: 0, timeouts: 1, aborts: 2 });
});

test("bad limits are refused before the wait", async (t) => {
  const { insert, finish, first } = await open(t);
  await assert.rejects(insert(2, { timeoutMs: -1 }), RangeError);
  await assert.rejects(insert(2, { signal: {} as AbortSignal }), TypeError);
  finish();
  await first;
});

test("a transaction that fails gives its turn to the next", async (t) => {
  const { pool, insert, finish, first, contents } = await open(t);
  const failure = new Error("no");
  const failing = assert.rejects(pool.transaction(() => Promise.reject(failure)), failure);
  const next = insert(2);
  finish();
  await Promise.all([first, failing, next]);
  assert.deepEqual(await contents(), [1, 2]);
});

test("maxWaiting limits the line, beyond those for whom there is a connection", async (t) => {
  const { insert, finish, first, contents } = await open(t, { maxWaiting: 1 });
  const waiting = [2, 3, 4].map((n) => insert(n));
  await assert.rejects(insert(5), PoolOverloadedError);
  finish();
  await Promise.all([first, ...waiting]);
  assert.deepEqual(await contents(), [1, 2, 3, 4]);
});

test("a pool of one connection has one queue", async (t) => {
  const { pool, insert, finish, first } = await open(t, { poolSize: 1 });
  const { queued } = pool.stats;
  const waiting = insert(2);
  finish();
  await Promise.all([first, waiting]);
  assert.equal(pool.stats.queued, queued + 1);
});

test("options are read in the call, and whatever they do the turn is passed on", async (t) => {
  const { pool, finish, first } = await open(t);
  const options = { rowFactory: ([n]: unknown[]): unknown => n as unknown };
  const read = pool.transaction((tx) => tx.all("SELECT 1"), options);
  options.rowFactory = () => "of somebody else";
  let reads = 0;
  const nasty = {
    get timeoutMs(): number {
      reads += 1;
      if (reads > 3) throw new Error("no more");
      return 1_000;
    },
  };
  const refused = pool.transaction((tx) => tx.all("SELECT 1"), nasty).catch(() => {});
  const last = pool.transaction((tx) => tx.all("SELECT 2"));
  finish();
  await Promise.all([first, refused, last]);
  assert.deepEqual(await read, [1]);
});

test("who has had a turn but no connection is told how long it waited in all", async (t) => {
  const { pool, insert, finish, first } = await open(t, { poolSize: 2 });
  const other = await pool.connection();
  const late = assert.rejects(
    insert(2, { timeoutMs: 50 }),
    /^PoolConnectionAcquireTimeoutError: No turn to write within 50 ms/,
  );
  const another = pool.connection();
  finish();
  await first;
  await late;
  await Promise.all([other.release(), (await another).release()]);
});

test("close refuses those who wait", async (t) => {
  const { pool, insert, finish, first } = await open(t);
  const waiting = assert.rejects(insert(2), PoolClosedError);
  const closing = pool.close({ timeoutMs: 10_000 });
  await waiting;
  await assert.rejects(insert(3), PoolClosedError);
  finish();
  await Promise.all([first, closing]);
});

test("close with drain serves those who wait", async (t) => {
  const { pool, insert, finish, first } = await open(t);
  const committed: number[] = [];
  const others = [2, 3].map((n) => insert(n).then(() => committed.push(n)));
  const late = assert.rejects(insert(4, { timeoutMs: 1 }), PoolConnectionAcquireTimeoutError);
  const closing = pool.close({ drain: true, timeoutMs: 10_000 });
  await late;
  finish();
  await Promise.all([first, ...others, closing]);
  assert.deepEqual(committed, [2, 3]);
});

test("close with drain waits for nobody who has just left the line", async (t) => {
  const { pool, insert, finish, first } = await open(t, { maxWaiting: 1, poolSize: 2 });
  const controller = new AbortController();
  const reason = new Error("enough");
  const aborted = assert.rejects(insert(2, { signal: controller.signal }), reason);
  const next = insert(3);
  const refused = assert.rejects(insert(4), PoolOverloadedError);
  controller.abort(reason);
  const closing = pool.close({ drain: true, timeoutMs: 10_000 });
  let closed = false;
  void closing.then(() => closed = true);
  await Promise.all([aborted, refused]);
  assert.equal(pool.stats.waiting, 1);
  assert.equal(closed, false);
  finish();
  await Promise.all([first, next, closing]);
  const { waiting, size, inUse } = pool.stats;
  assert.deepEqual({ waiting, size, inUse }, { waiting: 0, size: 0, inUse: 0 });
});

test("at the deadline of close nobody waits any more", async (t) => {
  const { pool, insert, finish, first } = await open(t);
  const ended = assert.rejects(first, PoolClosedError);
  const waiting = assert.rejects(insert(2), PoolClosedError);
  await pool.close({ drain: true, timeoutMs: 10 });
  await waiting;
  finish();
  await ended;
});

test("drivers that wait for the lock themselves need no line", async (t) => {
  const { factory } = stubFactory();
  const pool = new SQLiteConnectionPool(factory, { poolSize: 2 });
  t.after(() => pool.close({ timeoutMs: 0 }));
  // As on two databases in memory: one can wait for the other.
  const inner = gate();
  await Promise.all([
    pool.transaction(() => inner.opened),
    pool.transaction(() => inner.open()),
  ]);
});
