/** What README.md says of drivers on their own is so. */

import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";

import { runScript, runtimeName, temporaryDirectory } from "../helpers/runtime.ts";
import { skipFor } from "../helpers/skip_reasons.ts";

async function output(t: TestContext, name: string): Promise<string[]> {
  const script = `examples/why/${name}`;
  const { code, stdout, stderr } = await runScript(script, [], {}, temporaryDirectory(t));
  assert.equal(code, 0, stderr);
  return stdout.trim().split("\n");
}

const onBun = runtimeName() === "bun" ? undefined : "it is Bun's own";

const bunSql = "an insert during a transaction of Bun.SQL vanishes with its rollback";
test(bunSql, skipFor(bunSql, onBun), async (t) => {
  assert.deepEqual(await output(t, "bun_sql.js"), ["Bun.SQL: []", 'pool: [{"customer":"Bob"}]']);
});

const bunSqlite = "an asynchronous transaction of bun:sqlite rolls nothing back";
test(bunSqlite, skipFor(bunSqlite, onBun), async (t) => {
  assert.deepEqual(await output(t, "bun_sqlite.js"), [
    'bun:sqlite: [{"entry":"withdrawn"}]',
    "pool: []",
  ]);
});

test("an asynchronous transaction of better-sqlite3 is committed in part", async (t) => {
  assert.deepEqual(await output(t, "better_sqlite3.ts"), [
    "Transaction function cannot return a promise",
    'better-sqlite3: [{"entry":"deposited"}]',
    'pool: [{"entry":"withdrawn"},{"entry":"deposited"}]',
  ]);
});

const libsqlClient = "a statement of @libsql/client stops the event loop";
const onDeno = runtimeName() === "deno"
  ? "the native module of libsql crashes Deno (SIGSEGV at exit)"
  : undefined;
test(libsqlClient, skipFor(libsqlClient, onDeno), async (t) => {
  const [alone, pooled, ...rest] = await output(t, "libsql_client.ts");
  assert.equal(alone, "@libsql/client: 0");
  assert.match(pooled, /^pool: [1-9]\d*$/);
  assert.deepEqual(rest, []);
});

const drizzle = "two transactions of Drizzle at once, beside plain writes, on its drivers";
test(drizzle, skipFor(drizzle, onDeno), async (t) => {
  const [betterSqlite3, libsql, pool, ...rest] = await output(t, "drizzle.ts");
  assert.equal(
    betterSqlite3,
    "better-sqlite3: the transaction to keep rejected, its rows 10 of 10, " +
      "rows of the one rolled back 10, plain writes refused 0",
  );
  const kept =
    "the transaction to keep fulfilled, its rows 10 of 10, rows of the one rolled back 0";
  // How many depends on how long the transactions take.
  assert.match(libsql, new RegExp(`^@libsql/client: ${kept}, plain writes refused \\d+$`));
  assert.equal(pool, `pool: ${kept}, plain writes refused 0`);
  assert.deepEqual(rest, []);
});
