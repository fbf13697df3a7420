// What aiosqlitepool's own suite checks, case by case, by behaviour: the numbers are its 28 cases.
// Python's pool has a registry and a queue; here the same is seen through `stats`.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import {
  PoolClosedError,
  PoolConnectionAcquireTimeoutError,
  SQLiteConnectionPool,
} from "../../mod.ts";
import type { PoolInternals } from "../../src/connections/connection_pool.ts";
import { FakeClock, settle } from "../helpers/fake_clock.ts";
import { openTestPool } from "../helpers/pools.ts";
import { StubConnection, stubFactory } from "../helpers/stub_connection.ts";

const environment = (clock: FakeClock): PoolInternals => ({
  environment: { clock, random: Math.random },
});

// The pool

test("01 acquire from a new pool opens a connection", async () => {
  const pool = new SQLiteConnectionPool(stubFactory().factory, { poolSize: 5 });
  assert.equal(pool.stats.size, 0);
  const conn = await pool.connection();
  assert.equal(pool.stats.size, 1);
  assert.equal(pool.stats.idle, 0);
  await conn.release();
  await pool.close();
});

test("02 release makes the connection idle and keeps it", async () => {
  const pool = new SQLiteConnectionPool(stubFactory().factory);
  await (await pool.connection()).release();
  assert.equal(pool.stats.idle, 1);
  assert.equal(pool.stats.size, 1);
  await pool.close();
});

test("03 an exhausted pool times out", async () => {
  const clock = new FakeClock();
  const options = { poolSize: 1, acquisitionTimeoutMs: 100 };
  const pool = new SQLiteConnectionPool(stubFactory().factory, options, environment(clock));
  const held = await pool.connection();
  const second = assert.rejects(pool.connection(), PoolConnectionAcquireTimeoutError);
  await clock.advance(100);
  await second;
  await held.release();
  await pool.close();
});

test("04 close under load ends every worker and leaves the pool closed", async () => {
  const pool = new SQLiteConnectionPool(stubFactory().factory, { poolSize: 5 });
  const turns = { taken: 0 };
  const worker = async (): Promise<void> => {
    for (let i = 0; i < 5; i++) {
      try {
        const conn = await pool.connection();
        turns.taken += 1;
        await settle();
        await conn.release();
      } catch (error) {
        assert.ok(error instanceof PoolClosedError);
        return;
      }
    }
  };
  const workers = Array.from({ length: 10 }, worker);
  await settle();
  await pool.close();
  await assert.rejects(pool.connection(), PoolClosedError);
  await Promise.all(workers);
  assert.ok(turns.taken > 0 && turns.taken < 50);
  assert.equal(pool.stats.size, 0);
});

test("05 a connection that fails its reset is retired", async () => {
  const { factory, made } = stubFactory({ failOn: "rollback" });
  const pool = new SQLiteConnectionPool(factory, { poolSize: 2 });
  await (await pool.connection()).release();
  await settle();
  assert.equal(pool.stats.size, 0);
  assert.equal(pool.stats.destroyed.reset, 1);
  assert.equal(made[0].closed, true);
  await pool.close();
});

test("06 a connection that was idle for too long is replaced", async () => {
  const clock = new FakeClock();
  const { factory, made } = stubFactory();
  const options = { poolSize: 1, idleTimeoutMs: 100 };
  const pool = new SQLiteConnectionPool(factory, options, environment(clock));
  await (await pool.connection()).release();
  await clock.advance(200);
  const conn = await pool.connection();
  assert.equal(conn.raw, made[1]);
  assert.equal(made.length, 2);
  assert.equal(made[0].closed, true);
  await conn.release();
  await pool.close();
});

test("07 a connection released to a closed pool is closed", async () => {
  const { factory, made } = stubFactory();
  const pool = new SQLiteConnectionPool(factory);
  const conn = await pool.connection();
  const closed = pool.close();
  await conn.release();
  await closed;
  assert.equal(made[0].closed, true);
  assert.equal(pool.stats.size, 0);
});

test("08 acquire from a closed pool fails", async () => {
  const pool = new SQLiteConnectionPool(stubFactory().factory);
  await pool.close();
  await assert.rejects(pool.connection(), PoolClosedError);
});

// The client

test("09 making a pool opens nothing yet", () => {
  const { factory, made } = stubFactory();
  const pool = new SQLiteConnectionPool(factory);
  assert.equal(made.length, 0);
  assert.equal(pool.stats.size, 0);
});

test("10 withConnection lends the connection and takes it back", async () => {
  const { factory, made } = stubFactory();
  const pool = new SQLiteConnectionPool(factory, { poolSize: 1 });
  await pool.withConnection((conn) => {
    assert.equal(conn.raw, made[0], "raw is what the factory made");
    assert.deepEqual([pool.stats.idle, pool.stats.size], [0, 1]);
  });
  assert.deepEqual([pool.stats.idle, pool.stats.size], [1, 1]);
  await pool.close();
});

test("11 withConnection takes the connection back when the callback throws", async () => {
  const pool = new SQLiteConnectionPool(stubFactory().factory, { poolSize: 1 });
  const failing = pool.withConnection(() => {
    throw new RangeError("Simulated");
  });
  await assert.rejects(failing, /Simulated/);
  assert.equal(pool.stats.idle, 1);
  await pool.close();
});

test("12 close closes the idle connections", async () => {
  const { factory, made } = stubFactory();
  const pool = new SQLiteConnectionPool(factory, { poolSize: 1 });
  await pool.withConnection(() => {});
  assert.equal(made[0].closed, false);
  await pool.close();
  assert.equal(made[0].closed, true);
});

test("13 the pool disposes itself", async () => {
  const pool = new SQLiteConnectionPool(stubFactory().factory);
  await pool[Symbol.asyncDispose]();
  await assert.rejects(pool.connection(), PoolClosedError);
});

// A connection

test("14 a new lease holds what the factory made, unused so far", async () => {
  const { factory, made } = stubFactory();
  const pool = new SQLiteConnectionPool(factory);
  const conn = await pool.connection();
  assert.equal(conn.raw, made[0]);
  assert.equal(pool.stats.usedMs, 0);
  await conn.release();
  await pool.close();
});

test("15 leases and idleness are told apart", async () => {
  const pool = new SQLiteConnectionPool(stubFactory().factory);
  const conn = await pool.connection();
  assert.deepEqual([pool.stats.inUse, pool.stats.idle], [1, 0]);
  await conn.release();
  assert.deepEqual([pool.stats.inUse, pool.stats.idle], [0, 1]);
  await pool.close();
});

test("16 idle time is measured from the release", async () => {
  const clock = new FakeClock();
  const { factory, made } = stubFactory();
  const pool = new SQLiteConnectionPool(factory, { idleTimeoutMs: 100 }, environment(clock));
  const conn = await pool.connection();
  await clock.advance(500);
  await conn.release();
  await clock.advance(90);
  await pool.withConnection((again) => assert.equal(again.raw, made[0]));
  await clock.advance(110);
  await pool.withConnection((again) => assert.equal(again.raw, made[1]));
  await pool.close();
});

test("17 the factory may be synchronous or asynchronous", async () => {
  for (
    const factory of [() => new StubConnection(1), () => Promise.resolve(new StubConnection(2))]
  ) {
    const pool = new SQLiteConnectionPool(factory);
    await pool.withConnection((conn) => assert.ok(conn.raw instanceof StubConnection));
    await pool.close();
  }
});

test("18 the health check runs a statement on the connection", async () => {
  const { factory, made } = stubFactory();
  const pool = new SQLiteConnectionPool(factory, { validateAfterIdleMs: 0 });
  await pool.withConnection(() => {});
  const before = made[0].executed;
  await pool.withConnection(() => {});
  assert.equal(made[0].executed, before + 1);
  await pool.close();
});

test("19 a connection that fails its health check is replaced", async () => {
  const { factory, made } = stubFactory();
  const pool = new SQLiteConnectionPool(factory, { poolSize: 1, validateAfterIdleMs: 0 });
  await pool.withConnection(() => {});
  made[0].failOn = "execute";
  await pool.withConnection((conn) => assert.equal(conn.raw, made[1]));
  assert.equal(pool.stats.destroyed.invalid, 1);
  assert.equal(made[0].closed, true);
  await pool.close();
});

test("20 release rolls back", async () => {
  const { factory, made } = stubFactory();
  const pool = new SQLiteConnectionPool(factory);
  await pool.withConnection(() => {});
  assert.equal(made[0].rollbacks, 1);
  await pool.close();
});

test("21 a failed rollback does not reach the caller", async () => {
  const { factory } = stubFactory({ failOn: "rollback" });
  const pool = new SQLiteConnectionPool(factory);
  const conn = await pool.connection();
  await conn.release();
  await pool.close();
});

test("22 closing closes the connection once", async () => {
  const { factory, made } = stubFactory();
  const pool = new SQLiteConnectionPool(factory);
  await pool.withConnection(() => {});
  await Promise.all([pool.close(), pool.close()]);
  assert.equal(made[0].closes, 1);
});

test("23 a connection that cannot be closed does not disturb the pool", async () => {
  const { factory } = stubFactory({ failOn: "close" });
  const pool = new SQLiteConnectionPool(factory);
  await pool.withConnection(() => {});
  await pool.close();
  assert.equal(pool.stats.size, 0);
});

// On a real database

test("24 an open transaction is rolled back on release", async (t) => {
  const { pool } = openTestPool(t, { poolSize: 1 });
  await pool.withConnection(async (conn) => {
    await conn.execute("CREATE TABLE test (id INTEGER, value TEXT)");
    await conn.execute("BEGIN");
    await conn.execute("INSERT INTO test VALUES (1, 'uncommitted')");
  });
  await pool.withConnection(async (conn) => {
    await conn.execute("BEGIN");
    await conn.execute("INSERT INTO test VALUES (2, 'committed')");
    await conn.commit();
    const rows = await conn.values("SELECT * FROM test ORDER BY id");
    assert.deepEqual(rows, [[2, "committed"]]);
  });
});

test("25 a connection closed behind the pool's back is replaced", async (t) => {
  const { pool, opened } = openTestPool(t, { poolSize: 1 });
  await pool.withConnection((conn) => (conn.raw as { close(): void }).close());
  const { rows } = await pool.execute("SELECT 1 AS one");
  assert.deepEqual(rows, [{ one: 1 }]);
  assert.equal(opened(), 2);
});

test("26 many workers share few connections", async (t) => {
  const { pool } = openTestPool(t, { poolSize: 3 });
  await pool.execute("CREATE TABLE concurrent (worker_id INTEGER, iteration INTEGER)");
  const worker = async (id: number): Promise<void> => {
    for (let i = 0; i < 3; i++) {
      await pool.withConnection(async (conn) => {
        await conn.begin();
        await conn.run("INSERT INTO concurrent VALUES (?, ?)", [id, i]);
        await settle();
        if (i % 2 === 0) await conn.commit();
      });
    }
  };
  await Promise.all([0, 1, 2, 3, 4].map(worker));
  const { rows } = await pool.execute("SELECT count(*) AS n FROM concurrent");
  assert.deepEqual(rows, [{ n: 10 }]);
});

test("27 acquiring from a full pool times out on a real database too", async (t) => {
  const { pool } = openTestPool(t, { poolSize: 1, acquisitionTimeoutMs: 1 });
  await pool.withConnection(async () => {
    await assert.rejects(pool.connection(), PoolConnectionAcquireTimeoutError);
  });
});

test("28 a realistic mix of reads and writes loses nothing", async (t) => {
  const { pool } = openTestPool(t, { poolSize: 5 });
  await pool.withConnection((conn) =>
    conn.executeScript(`
      CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);
      CREATE TABLE posts (id INTEGER PRIMARY KEY, user_id INTEGER, title TEXT, content TEXT);
      INSERT INTO users (id, name) VALUES (1, 'test_user');
    `)
  );
  const worker = async (number: number): Promise<number> => {
    let writes = 0;
    for (let i = 0; i < 20; i++) {
      await pool.withConnection(async (conn) => {
        if ((number + i) % 5 !== 0) {
          const user = await conn.get("SELECT name FROM users WHERE id = 1");
          assert.deepEqual(user, { name: "test_user" });
        } else {
          const title = `Post ${randomBytes(4).toString("hex")}`;
          const insert = "INSERT INTO posts (user_id, title, content) VALUES (?, ?, ?)";
          await conn.run(insert, [1, title, "content"]);
          writes += 1;
        }
      });
    }
    return writes;
  };
  const writes = await Promise.all(Array.from({ length: 10 }, (_, number) => worker(number)));
  const total = writes.reduce((sum, n) => sum + n);
  assert.equal(total, 40);
  const { rows } = await pool.execute("SELECT count(*) AS n FROM posts");
  assert.deepEqual(rows, [{ n: total }]);
});

// The three ways in which aiosqlitepool 1.0 loses a slot for good.

test("29 a dead idle connection costs no slot", async () => {
  const { factory, made } = stubFactory();
  const pool = new SQLiteConnectionPool(factory, { poolSize: 1, validateAfterIdleMs: 0 });
  for (let round = 0; round < 5; round++) {
    await pool.withConnection(() => {});
    made.at(-1)!.failOn = "execute";
  }
  await pool.withConnection(() => {});
  assert.equal(pool.stats.size, 1);
  await pool.close();
});

test("30 a cancelled hand-off costs no slot", async () => {
  // Where no time passes, no call is put off to a later turn of the event loop.
  const options = environment(new FakeClock());
  const pool = new SQLiteConnectionPool(stubFactory().factory, { poolSize: 1 }, options);
  for (const cancelFirst of [true, false]) {
    const held = await pool.connection();
    const controller = new AbortController();
    const waiting = pool.connection({ signal: controller.signal });
    if (cancelFirst) controller.abort("changed my mind");
    const released = held.release();
    if (!cancelFirst) {
      await released;
      controller.abort("too late");
    }
    if (cancelFirst) await assert.rejects(waiting, (reason) => reason === "changed my mind");
    else await (await waiting).release();
    await released;
    await pool.withConnection(() => {}, { timeoutMs: 1_000 });
    assert.deepEqual([pool.stats.size, pool.stats.idle], [1, 1]);
  }
  await pool.close();
});

test("31 a failed open costs no slot", async () => {
  let failures = 3;
  const factory = (): StubConnection => {
    if (failures-- > 0) throw new Error("unable to open");
    return new StubConnection(0);
  };
  const pool = new SQLiteConnectionPool(factory, { poolSize: 1 });
  for (let i = 0; i < 3; i++) await assert.rejects(pool.connection(), /unable to open/);
  await pool.withConnection(() => {});
  assert.equal(pool.stats.openErrors, 3);
  await pool.close();
});
