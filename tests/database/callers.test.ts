// What belongs to a caller stays with it, whoever else writes at the same time: the async context
// of its row factories, its line in the stack of an error, and the failures it did not await.
import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { test } from "node:test";
import {
  type Connection,
  type Database,
  type SQLiteConnectionPool,
  SQLiteError,
} from "../../mod.ts";
import { openTestDatabase } from "../helpers/databases.ts";
import { openTestPool } from "../helpers/pools.ts";
import { runtimeName } from "../helpers/runtime.ts";
import { skipFor } from "../helpers/skip_reasons.ts";
import { openWorkerPool } from "../helpers/workers.ts";

const EXECUTIONS = ["inline", "worker", "auto"] as const;

const READ = "SELECT 'a text' FROM missing";
const WRITE = "INSERT INTO missing VALUES (?)";
const SECRET = ["a parameter"];

type Ask = (db: Database, pool: SQLiteConnectionPool) => Promise<unknown>;

const asks: Readonly<Record<string, readonly [sql: string, ask: Ask]>> = {
  get: [READ, (db) => db.get(READ)],
  all: [READ, (db) => db.all(READ)],
  value: [READ, (db) => db.value(READ)],
  run: [WRITE, (db) => db.run(WRITE, SECRET)],
  batch: [WRITE, (db) => db.batch([{ sql: "SELECT 1" }, { sql: WRITE, params: SECRET }])],
  write: [WRITE, (db) => db.write((tx) => tx.run(WRITE, SECRET))],
  read: [READ, (db) => db.read((snapshot) => snapshot.get(READ))],
  iterate: [READ, async (db) => {
    for await (const _ of db.iterate(READ));
  }],
  "pool.execute": [WRITE, (_, pool) => pool.execute(WRITE, SECRET)],
  "pool.transaction": [WRITE, (_, pool) => pool.transaction((tx) => tx.run(WRITE, SECRET))],
};

async function theCaller(ask: Ask, db: Database, pool: SQLiteConnectionPool): Promise<void> {
  await ask(db, pool);
}

for (const execution of EXECUTIONS) {
  test(`${execution}: an error has the text of its statement as sql, and no parameters`, async (t) => {
    const { db } = await openTestDatabase(t, { execution });
    const { pool } = openTestPool(t);
    for (const [name, [sql, ask]] of Object.entries(asks)) {
      const error = await theCaller(ask, db, pool).then(() => undefined, (error) => error);
      assert.ok(error instanceof SQLiteError, `${name}: ${error}`);
      assert.equal(error.sql, sql, name);
      const all = [error, error.cause].map((part) => JSON.stringify(part) + String(part));
      assert.ok(!all.join().includes(SECRET[0]), name);
    }
  });

  const title = `${execution}: the stack of an error leads to the caller, in a group too`;
  const onV8 = runtimeName() === "bun"
    ? "Bun's engine follows only callers that are async functions all the way"
    : undefined;
  test(title, skipFor(title, onV8), async (t) => {
    const { db } = await openTestDatabase(t, { execution });
    const { pool } = openTestPool(t);
    await db.run("CREATE TABLE t (n)");
    for (const [name, [, ask]] of Object.entries(asks)) {
      // A transaction waits for its calls, awaited or not: with two who wait, V8 follows neither.
      if (["write", "read", "batch", "pool.transaction"].includes(name)) continue;
      const company = [1, 2, 3].map((n) => db.run("INSERT INTO t VALUES (?)", [n]));
      const error = await theCaller(ask, db, pool).then(() => undefined, (error) => error);
      assert.match(error.stack!, /callers\.test\.ts/, `${name}: ${error.stack}`);
      await Promise.all(company);
    }
  });

  test(`${execution}: a row factory runs in the async context of its caller, in a group too`, async (t) => {
    const { db } = await openTestDatabase(t, { execution });
    await db.run("CREATE TABLE t (n)");
    const storage = new AsyncLocalStorage<number>();
    const options = { rowFactory: () => storage.getStore() };
    const callers: Record<string, (n: number) => Promise<unknown>> = {
      run: async (n) =>
        (await db.run("INSERT INTO t VALUES (?) RETURNING n", [n], options)).rows[0],
      get: (n) => db.get("SELECT ?", [n], options),
      all: async (n) => (await db.all("SELECT ?", [n], options))[0],
      async iterate(n) {
        for await (const found of db.iterate("SELECT ?", [n], options)) return found;
      },
      write: (n) => db.write((tx) => tx.get("INSERT INTO t VALUES (?) RETURNING n", [n], options)),
      read: (n) => db.read((snapshot) => snapshot.get("SELECT ?", [n], options)),
    };
    // Also when the statements are known to be quick, and in company.
    for (let round = 0; round < 2; round++) {
      for (const [name, call] of Object.entries(callers)) {
        const numbers = Array.from({ length: 20 }, (_, n) => n);
        const found = await Promise.all(numbers.map((n) => storage.run(n, () => call(n))));
        assert.deepEqual(found, numbers, name);
      }
    }
  });

  test(`${execution}: a call inside write that nobody awaits and that fails undoes the write`, async (t) => {
    const { db } = await openTestDatabase(t, { execution });
    await db.run("CREATE TABLE t (n UNIQUE)");
    const inner: Promise<unknown>[] = [];
    const written = db.write(async (tx) => {
      await tx.run("INSERT INTO t VALUES (1)");
      const forgotten = tx.transaction(async (nested) => {
        await new Promise((resolve) => setImmediate(resolve));
        await nested.run("INSERT INTO t VALUES (1)");
      });
      inner.push(forgotten);
    });
    await assert.rejects(written, { extendedCode: "SQLITE_CONSTRAINT_UNIQUE" });
    await Promise.allSettled(inner);
    assert.deepEqual(await db.values("SELECT n FROM t"), []);
  });

  /** The row is there twice then, which its table refuses. */
  const again = "INSERT INTO t VALUES (1)";
  const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
  const forgotten: Record<string, (tx: Connection) => unknown> = {
    "a statement at the end": (tx) => void tx.run(again),
    "a statement before another": async (tx) => {
      void tx.run(again);
      await tx.run("INSERT INTO t VALUES (2)");
    },
    "a statement long before the end": async (tx) => {
      void tx.run(again);
      await turn();
    },
    "a statement of a nested transaction": (tx) => tx.transaction((inner) => void inner.run(again)),
    "a nested transaction": async (tx) => {
      void tx.transaction((inner) => inner.run(again));
      await turn();
    },
    "a statement with a parameter that cannot be stored": (tx) =>
      void tx.run("INSERT INTO t VALUES (?)", [NaN]),
    "a call with a mistake": (tx) => void tx.run("INSERT INTO t VALUES (?)", 7 as never),
    "a script": (tx) => void tx.executeScript(again),
  };
  test(`${execution}: a call that fails unseen undoes the write`, async (t) => {
    const { db } = await openTestDatabase(t, { execution, readers: 1 });
    await db.run("CREATE TABLE t (n UNIQUE)");
    for (const [what, callback] of Object.entries(forgotten)) {
      const written = db.write(async (tx) => {
        await tx.run("INSERT INTO t VALUES (1)");
        await callback(tx);
      });
      await assert.rejects(written, Error, what);
      assert.deepEqual(await db.values("SELECT n FROM t"), [], what);
    }
  });

  const seen: Record<string, (tx: Connection) => unknown> = {
    "is caught": (tx) => tx.run(again).catch(() => {}),
    "is caught by nobody who waits": (tx) => void tx.run(again).catch(() => {}),
    "is awaited later": async (tx) => {
      const call = tx.run(again);
      await turn();
      await assert.rejects(call, { extendedCode: "SQLITE_CONSTRAINT_UNIQUE" });
    },
    "is one of several": async (tx) => {
      await Promise.allSettled([tx.run(again), tx.run("INSERT INTO t VALUES (2)")]);
    },
  };
  test(`${execution}: a statement that fails and is seen undoes nothing else`, async (t) => {
    const { db } = await openTestDatabase(t, { execution, readers: 1 });
    await db.run("CREATE TABLE t (n UNIQUE)");
    for (const [how, callback] of Object.entries(seen)) {
      await db.write(async (tx) => {
        await tx.run("INSERT INTO t VALUES (1)");
        await callback(tx);
      });
      assert.deepEqual((await db.values("SELECT n FROM t")).at(0), [1], how);
      await db.run("DELETE FROM t");
    }
  });
}

for (const execution of ["inline", "worker"] as const) {
  test(`${execution}: begin() and commit() that overlap on one lease are refused, and lose nothing`, async (t) => {
    const { db } = await openTestDatabase(t, { execution });
    await db.run("CREATE TABLE t (n)");
    const { pool } = execution === "inline"
      ? openTestPool(t, { poolSize: 1 })
      : openWorkerPool(t, { poolSize: 1 });
    await pool.execute("CREATE TABLE t (n)");
    await pool.withConnection(async (conn) => {
      const unit = async (n: number): Promise<number> => {
        await conn.begin();
        await conn.run("INSERT INTO t VALUES (?)", [n]);
        await new Promise((resolve) => setImmediate(resolve));
        await conn.run("INSERT INTO t VALUES (?)", [n]);
        await conn.commit();
        return n;
      };
      const settled = await Promise.allSettled([unit(1), unit(2), unit(3)]);
      assert.deepEqual(settled.map(({ status }) => status), ["fulfilled", "rejected", "rejected"]);
      for (const result of settled.slice(1)) {
        assert.match((result as PromiseRejectedResult).reason.message, /within a transaction/);
      }
      assert.equal(conn.inTransaction, false);
    });
    assert.deepEqual((await pool.values("SELECT n FROM t")).flat(), [1, 1]);
  });
}
