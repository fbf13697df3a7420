/** Clients of @libsql/client that talk to a server, in a pool. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, test, type TestContext } from "node:test";

import { ConnectionLostError, OutcomeUnknownError, SQLiteConnectionPool } from "../../mod.ts";
import { temporaryDirectory } from "../helpers/runtime.ts";
import { skipFor } from "../helpers/skip_reasons.ts";
import { clientModule } from "./helpers/client_driver.ts";
import { SharedServer } from "./helpers/databases.ts";
import { noServers, Sqld } from "./helpers/sqld.ts";

const shared = new SharedServer();
after(() => shared.remove());

type Run = (t: TestContext, open: (server?: Sqld) => SQLiteConnectionPool) => Promise<void>;

for (const protocol of ["http", "ws"]) {
  const check = (title: string, run: Run): void => {
    const name = `${protocol}: ${title}`;
    test(name, skipFor(name, clientModule.unavailable ?? noServers), async (t) => {
      const ownServer = await shared.start();
      await ownServer.clear();
      await run(t, ({ url } = ownServer) => {
        const config = { url: url.replace("http:", `${protocol}:`), intMode: "bigint" };
        const open = () => clientModule.module!.createClient(config);
        const pool = new SQLiteConnectionPool(open, { poolSize: 2 });
        t.after(() => pool.close());
        return pool;
      });
    });
  };

  check("a client reads, writes and commits in a pool", async (_, open) => {
    const pool = open();
    await pool.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, v)");
    const inserted = await pool.execute("INSERT INTO t (v) VALUES (:v) RETURNING id", { v: 1 });
    assert.deepEqual([inserted.rows, inserted.lastInsertRowid], [[{ id: 1 }], 1]);
    await pool.transaction(async (tx) => {
      await tx.execute("INSERT INTO t (v) VALUES (?)", [new Uint8Array([1, 2])]);
      assert.deepEqual(await tx.values("SELECT count(*) FROM t"), [[2]]);
    });
    const failed = pool.transaction(async (tx) => {
      await tx.execute("DELETE FROM t");
      throw new Error("undone");
    });
    await assert.rejects(failed, /undone/);
    assert.deepEqual(await pool.values("SELECT v, typeof(v) FROM t"), [
      [1, "integer"],
      [new Uint8Array([1, 2]), "blob"],
    ]);
    await assert.rejects(pool.execute("INSERT INTO t VALUES (1, 1)"), {
      code: "SQLITE_CONSTRAINT",
    });
  });

  check("a statement that ends the transaction: nothing after it is kept", async (_, open) => {
    const pool = open();
    await pool.execute("CREATE TABLE t (id INTEGER PRIMARY KEY)");
    const ended = pool.transaction(async (tx) => {
      await tx.execute("INSERT INTO t VALUES (1)");
      await tx.execute("INSERT OR ROLLBACK INTO t VALUES (1)").catch(() => {});
      await tx.execute("INSERT INTO t VALUES (2)").catch(() => {});
    });
    await assert.rejects(ended, { extendedCode: "SQLITE_ABORT_ROLLBACK" });
    assert.deepEqual(await pool.values("SELECT * FROM t"), []);
  });

  check("a statement that fails leaves the transaction as it is", async (_, open) => {
    const pool = open();
    await pool.execute("CREATE TABLE t (id INTEGER PRIMARY KEY)");
    await pool.transaction(async (tx) => {
      await tx.execute("INSERT INTO t VALUES (1)");
      await assert.rejects(tx.execute("INSERT INTO t VALUES (1)"), { code: "SQLITE_CONSTRAINT" });
      await tx.execute("INSERT INTO t VALUES (2)");
    });
    assert.deepEqual(await pool.values("SELECT * FROM t"), [[1], [2]]);
  });

  check("the server ends a transaction: nothing of it is kept", async (_, open) => {
    const pool = open();
    await pool.execute("CREATE TABLE t (v)");
    const rival = open();
    const stalled = pool.transaction(async (tx) => {
      await tx.execute("INSERT INTO t VALUES ('stalled')");
      // Answered when the server has ended this transaction.
      await rival.execute("INSERT INTO t VALUES ('rival')");
      await tx.execute("INSERT INTO t VALUES ('too late')").catch(() => {});
      await tx.execute("INSERT INTO t VALUES ('far too late')").catch(() => {});
    }, { mode: "immediate" });
    await assert.rejects(stalled, { extendedCode: "SQLITE_ABORT_ROLLBACK" });
    assert.deepEqual(await pool.values("SELECT v FROM t"), [["rival"]]);
  });

  check(
    "a server that goes away: what was lost is told, and the pool recovers",
    async (t, open) => {
      const server = await Sqld.start();
      t.after(() => server.remove());
      const pool = open(server);
      await pool.execute("CREATE TABLE t (id INTEGER PRIMARY KEY)");
      const lost = pool.transaction(async (tx) => {
        await tx.execute("INSERT INTO t VALUES (1)");
        await server.kill();
        await tx.execute("INSERT INTO t VALUES (2)").catch(() => {});
      });
      await assert.rejects(
        lost,
        (error) =>
          error instanceof ConnectionLostError || error instanceof OutcomeUnknownError ||
          (error as { extendedCode?: string }).extendedCode === "SQLITE_ABORT_ROLLBACK",
      );
      await assert.rejects(pool.execute("INSERT INTO t VALUES (3)"), ConnectionLostError);
      await server.start();
      await pool.execute("INSERT INTO t VALUES (4)");
      assert.deepEqual(await pool.values("SELECT id FROM t"), [[4]]);
    },
  );
}

const fileTitle = "file: a statement with RETURNING runs in a pool, and is undone if its rows fail";
test(fileTitle, skipFor(fileTitle, clientModule.unavailable), async (t) => {
  const url = `file:${join(temporaryDirectory(t), "test.db")}`;
  const open = () => clientModule.module!.createClient({ url, intMode: "bigint" });
  const pool = new SQLiteConnectionPool(open, { poolSize: 1 });
  t.after(() => pool.close());
  await pool.execute("CREATE TABLE t (id INTEGER PRIMARY KEY)");
  const insert = "INSERT INTO t DEFAULT VALUES RETURNING id";
  assert.deepEqual((await pool.execute(insert)).rows, [{ id: 1 }]);
  const rowFactory = () => {
    throw new Error("no row");
  };
  await assert.rejects(pool.execute(insert, [], { rowFactory }), /no row/);
  assert.deepEqual(await pool.values("SELECT count(*) FROM t"), [[1]]);
});
