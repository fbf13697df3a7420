/** Handles of packages: recognised by their shape alone, each by one adapter. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { isBetterSqlite3Handle } from "../../adapters/better_sqlite3/adapter.ts";
import { isBunSqliteHandle } from "../../adapters/bun_sqlite/adapter.ts";
import { isDbSqliteHandle } from "../../adapters/db_sqlite/adapter.ts";
import {
  adaptLibsql,
  isLibsqlClient,
  type LibsqlClient,
} from "../../adapters/libsql_client/adapter.ts";
import { isLibsqlSyncHandle } from "../../adapters/libsql/adapter.ts";
import { isNodeSqliteHandle } from "../../adapters/node_sqlite/adapter.ts";
import {
  adaptSqlite3,
  isSqlite3Handle,
  type Sqlite3Handle,
} from "../../adapters/sqlite3/adapter.ts";
import { isTursoHandle } from "../../adapters/turso/adapter.ts";
import { adapt, SQLiteConnectionPool, UnsupportedHandleError } from "../../mod.ts";
import * as drivers from "../conformance/drivers.ts";
import { skipFor } from "../helpers/skip_reasons.ts";

const packages: readonly (readonly [drivers.ConformanceDriver, (value: unknown) => boolean])[] = [
  [drivers.betterSqlite3, isBetterSqlite3Handle],
  [drivers.libsqlSync, isLibsqlSyncHandle],
  [drivers.libsql, isLibsqlClient],
  [drivers.sqlite3, isSqlite3Handle],
  [drivers.turso, isTursoHandle],
  [drivers.dbSqlite, isDbSqliteHandle],
];
const predicates = [isNodeSqliteHandle, isBunSqliteHandle, ...packages.map(([, is]) => is)];

for (const [driver, isItsHandle] of packages) {
  const recognised = `a handle of ${driver.name} is recognised, and by its own adapter alone`;
  const pooled = `adapt() and a pool take a handle of ${driver.name}`;
  const refused = `what lacks a method of ${driver.name} is refused`;

  test(recognised, skipFor(recognised, driver.unavailable), async () => {
    const { raw, close } = await open(driver);
    assert.deepEqual(predicates.filter((is) => is(raw)), [isItsHandle]);
    // Nothing but its shape: no class, no realm.
    assert.ok(isItsHandle(Object.create(raw as object)));
    await close();
    assert.ok(isItsHandle(raw), "a closed handle is one too");
  });

  test(pooled, skipFor(pooled, driver.unavailable), async () => {
    const { raw } = await open(driver);
    const pool = new SQLiteConnectionPool(() => raw as object, { poolSize: 1 });
    await pool.execute("CREATE TABLE t (a)");
    assert.equal((await pool.execute("INSERT INTO t VALUES (?)", [1])).rowsAffected, 1);
    assert.deepEqual(await pool.all("SELECT a FROM t"), [{ a: 1 }]);
    await pool.close();
  });

  test(refused, skipFor(refused, driver.unavailable), async () => {
    const { raw, close } = await open(driver);
    const lookAlike = Object.create(raw as object, { close: { value: undefined } });
    await assert.rejects(adapt(lookAlike), UnsupportedHandleError);
    await close();
  });
}

async function open(
  driver: drivers.ConformanceDriver,
): Promise<{ raw: unknown; close: () => Promise<void> }> {
  const connection = await driver.open(":memory:", {});
  return { raw: connection.raw, close: () => connection.close() };
}

test("look-alikes without the marks of a driver are nobody's", () => {
  const methods = Object.fromEntries(
    ["prepare", "exec", "close", "run", "all", "query", "batch"].map((name) => [name, () => {}]),
  );
  for (const value of [methods, {}, null, undefined, "app.db", 1, () => {}, new Map()]) {
    assert.deepEqual(predicates.filter((is) => is(value)), []);
  }
});

test("a libSQL client that does not tell INTEGER from REAL is refused", async () => {
  const client = {
    protocol: "file",
    closed: false,
    execute: () => Promise.resolve({ columns: ["1"], rows: [[1]], rowsAffected: 0 }),
    close() {},
  } as unknown as LibsqlClient;
  const conn = adaptLibsql(client);
  await assert.rejects(conn.execute("SELECT 1"), { code: "SQLITE_MISUSE", message: /intMode/ });
  await conn.close();
});

test("sqlite3 has no bigints", () => {
  const handle = {} as Sqlite3Handle;
  assert.throws(() => adaptSqlite3(handle, { intMode: "bigint" }), TypeError);
});
