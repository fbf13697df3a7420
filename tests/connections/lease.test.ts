import assert from "node:assert/strict";
import { test } from "node:test";
import { ConnectionReleasedError, ident, PoolClosedError, sql } from "../../mod.ts";
import { openTestPool } from "../helpers/pools.ts";

const CREATE = "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)";

test("execute returns columns, rows, rowsAffected and lastInsertRowid", async (t) => {
  const { pool } = openTestPool(t);
  await pool.withConnection(async (conn) => {
    await conn.execute(CREATE);
    assert.deepEqual(await conn.execute("INSERT INTO users (name) VALUES (?)", ["Alice"]), {
      columns: [],
      rows: [],
      rowsAffected: 1,
      lastInsertRowid: 1,
    });
    assert.deepEqual(await conn.execute("SELECT id, name FROM users"), {
      columns: ["id", "name"],
      rows: [{ id: 1, name: "Alice" }],
      rowsAffected: 0,
      lastInsertRowid: undefined,
    });
  });
});

test("all, get, values and run return rows in their shapes", async (t) => {
  const { pool } = openTestPool(t);
  await pool.withConnection(async (conn) => {
    await conn.execute(CREATE);
    const inserted = await conn.run("INSERT INTO users (name) VALUES ('a'), ('b') RETURNING id");
    assert.deepEqual(inserted.rows, [{ id: 1 }, { id: 2 }]);
    assert.equal(inserted.rowsAffected, 2);
    assert.deepEqual(await conn.all("SELECT name FROM users ORDER BY id"), [
      { name: "a" },
      { name: "b" },
    ]);
    assert.deepEqual(await conn.get("SELECT name FROM users ORDER BY id DESC"), { name: "b" });
    assert.equal(await conn.get("SELECT name FROM users WHERE id = 99"), undefined);
    assert.deepEqual(await conn.values("SELECT id, name, id FROM users ORDER BY id"), [
      [1, "a", 1],
      [2, "b", 2],
    ]);
  });
});

test("get of a statement that writes runs it to its end", async (t) => {
  const { pool } = openTestPool(t);
  await pool.withConnection(async (conn) => {
    await conn.execute(CREATE);
    const first = await conn.get("INSERT INTO users (name) VALUES ('a'), ('b') RETURNING name");
    assert.deepEqual(first, { name: "a" });
    assert.deepEqual(await conn.values("SELECT count(*) FROM users"), [[2]]);
  });
});

test("queries made with the sql tag bind their values", async (t) => {
  const { pool } = openTestPool(t);
  const hostile = "'); DROP TABLE users; --";
  await pool.withConnection(async (conn) => {
    await conn.execute(CREATE);
    await conn.run(sql`INSERT INTO ${ident("users")} (name) VALUES (${hostile})`);
    const user = await conn.get(sql`SELECT name FROM users WHERE name = ${hostile}`);
    assert.deepEqual(user, { name: hostile });
  });
  const { rows } = await pool.execute(sql`SELECT count(*) AS n FROM users WHERE id > ${0}`);
  assert.deepEqual(rows, [{ n: 1 }]);
});

test("parameters beside those of the sql tag are refused", async (t) => {
  const { pool } = openTestPool(t);
  const carriesItsOwn = { name: "TypeError", message: /contains its parameters/ };
  await assert.rejects(pool.execute(sql`SELECT ${1}`, [2]), carriesItsOwn);
  await pool.withConnection((conn) =>
    assert.rejects(conn.get(sql`SELECT ${1}`, [2]), carriesItsOwn)
  );
});

test("a query that is neither text nor made with the tag is refused", async (t) => {
  const { pool } = openTestPool(t);
  for (const query of [undefined, null, 1, {}, { text: "SELECT 1", values: [] }]) {
    const refused = { name: "TypeError", message: /The query must be a string/ };
    await assert.rejects(pool.execute(query as unknown as string), refused);
    const onLease = pool.withConnection((conn) => conn.all(query as unknown as string));
    await assert.rejects(onLease, refused);
  }
  assert.equal(pool.stats.inUse, 0);
});

test("executeScript begins in the call itself, before calls that come later", async (t) => {
  const { pool } = openTestPool(t);
  await pool.withConnection(async (conn) => {
    // One statement: it is done when the call returns, whoever waits for it.
    const script = conn.executeScript(CREATE);
    const insert = conn.execute("INSERT INTO users VALUES (1, 'a')");
    await Promise.all([script, insert]);
    assert.deepEqual(await conn.values("SELECT count(*) FROM users"), [[1]]);
  });
});

test("executeScript runs every statement", async (t) => {
  const { pool } = openTestPool(t);
  await pool.withConnection(async (conn) => {
    await conn.executeScript(`${CREATE}; INSERT INTO users VALUES (7, 'g'); -- done`);
    assert.deepEqual(await conn.values("SELECT * FROM users"), [[7, "g"]]);
  });
});

test("raw is the driver's handle", async (t) => {
  const { pool } = openTestPool(t);
  await pool.withConnection((conn) => {
    assert.equal(typeof (conn.raw as { prepare: unknown }).prepare, "function");
  });
});

test("rows come from the factory of the call, the lease or the pool, in this order", async (t) => {
  const { pool } = openTestPool(t, { rowFactory: (values) => `pool ${values[0]}` });
  const query = "SELECT 1 AS one";
  assert.deepEqual((await pool.execute(query)).rows, ["pool 1"]);
  const rowFactory = (values: unknown[], columns: readonly string[]): string =>
    `call ${columns[0]}=${values[0]}`;
  assert.deepEqual((await pool.execute(query, [], { rowFactory })).rows, ["call one=1"]);
  const conn = await pool.connection({ rowFactory: (values) => values.length });
  assert.deepEqual(await conn.all(query), [1]);
  assert.equal(await conn.get(query, [], { rowFactory }), "call one=1");
  assert.equal(await conn.get(query), 1);
  assert.deepEqual(await conn.values(query), [[1]]);
  const rows: string[] = [];
  for await (const row of conn.iterate(query, [], { rowFactory })) rows.push(row);
  assert.deepEqual(rows, ["call one=1"]);
  await conn.release();
});

test("a row factory that throws rejects the call and leaves the connection usable", async (t) => {
  const { pool } = openTestPool(t, { poolSize: 1 });
  const rowFactory = (): never => {
    throw new RangeError("no such row");
  };
  await assert.rejects(pool.execute("SELECT 1", [], { rowFactory }), /no such row/);
  assert.deepEqual((await pool.execute("SELECT 2 AS two")).rows, [{ two: 2 }]);
});

test("a released lease is dead", async (t) => {
  const { pool } = openTestPool(t, { poolSize: 1 });
  const conn = await pool.connection();
  const cursor = conn.iterate("SELECT 1");
  await conn.release();
  const next = await pool.connection();
  await next.execute("BEGIN");
  const calls: Record<string, () => unknown> = {
    execute: () => conn.execute("ROLLBACK"),
    run: () => conn.run("ROLLBACK"),
    all: () => conn.all("ROLLBACK"),
    get: () => conn.get("ROLLBACK"),
    values: () => conn.values("ROLLBACK"),
    iterate: () => conn.iterate("SELECT 1").next(),
    "an old cursor": () => cursor.next(),
    executeScript: () => conn.executeScript("ROLLBACK"),
    begin: () => conn.begin(),
    commit: () => conn.commit(),
    rollback: () => conn.rollback(),
    transaction: () => conn.transaction(() => {}),
  };
  for (const [name, call] of Object.entries(calls)) {
    await assert.rejects(async () => await call(), ConnectionReleasedError, name);
  }
  assert.throws(() => conn.raw, ConnectionReleasedError);
  assert.throws(() => conn.inTransaction, ConnectionReleasedError);
  assert.equal(next.inTransaction, true, "nothing reached the next holder");
  await conn.release();
  assert.equal(pool.stats.inUse, 1, "a second release gives nobody else's lease back");
  await next.release();
});

test("a lease that outlives close() by force says that the pool was closed", async (t) => {
  const { pool } = openTestPool(t);
  const conn = await pool.connection();
  await pool.close({ timeoutMs: 0 });
  await assert.rejects(conn.execute("SELECT 1"), PoolClosedError);
  await conn.release();
});

test("onConnect sets every connection up before anybody gets it", async (t) => {
  const { pool, opened } = openTestPool(t, {
    poolSize: 2,
    onConnect: async (conn) => {
      await conn.execute("PRAGMA cache_size = -1234");
      await conn.execute("BEGIN");
    },
  });
  const leases = [await pool.connection(), await pool.connection()];
  assert.equal(opened(), 2);
  for (const conn of leases) {
    assert.deepEqual(await conn.values("PRAGMA cache_size"), [[-1234]]);
    assert.equal(conn.inTransaction, false, "what onConnect left open is rolled back");
    await conn.release();
  }
});

test("the connection onConnect gets is dead afterwards", async (t) => {
  let kept: { execute(sql: string): Promise<unknown> } | undefined;
  const { pool } = openTestPool(t, { onConnect: (conn) => void (kept = conn) });
  await pool.execute("SELECT 1");
  await assert.rejects(kept!.execute("SELECT 1"), ConnectionReleasedError);
});

test("a failing onConnect closes the connection and reaches the caller as the cause", async (t) => {
  const { pool, opened } = openTestPool(t, {
    onConnect: (conn) => conn.execute("PRAGMA no such pragma"),
  });
  await assert.rejects(pool.connection(), (error: Error) => {
    assert.equal(error.name, "PoolConnectionOpenError");
    assert.equal((error.cause as Error).name, "SQLiteError");
    return true;
  });
  assert.equal(opened(), 1);
  assert.deepEqual([pool.stats.size, pool.stats.openErrors], [0, 1]);
});

test("intMode bigint makes every integer a bigint", async (t) => {
  const { pool } = openTestPool(t, { intMode: "bigint" });
  const { rows } = await pool.execute("SELECT 9007199254740993 AS big, 1 AS small, 0.5 AS real");
  assert.deepEqual(rows, [{ big: 9007199254740993n, small: 1n, real: 0.5 }]);
});
