// Every way to hold the pool wrong, and the error that says so: type, value and remedy.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ConnectionReleasedError,
  PoolClosedError,
  PoolConnectionOpenError,
  type PoolOptions,
  SQLiteConnectionPool,
  SQLiteError,
  UnsupportedHandleError,
} from "../../mod.ts";
import { nativeDriver } from "../helpers/drivers.ts";
import { openTestPool } from "../helpers/pools.ts";

type ErrorClass = new (...args: never[]) => Error;

const memory = () => nativeDriver.open(":memory:");

const BAD_OPTIONS: readonly [options: object, type: ErrorClass, message: RegExp][] = [
  [{ poolSize: 0 }, RangeError, /^poolSize must be a whole number of at least 1; got 0$/],
  [{ poolSize: NaN }, RangeError, /^poolSize must be .* got NaN$/],
  [{ poolSize: -1 }, RangeError, /^poolSize must be .* got -1$/],
  [{ poolSize: 1.5 }, RangeError, /^poolSize must be .* got 1.5$/],
  [{ poolSize: Infinity }, RangeError, /^poolSize must be .* got Infinity$/],
  [{ poolSize: "5" }, TypeError, /^poolSize must be .* got the string "5"$/],
  [{ poolSize: null }, TypeError, /^poolSize must be .* got null$/],
  [{ poolSize: 2, minIdle: 3 }, RangeError, /^minIdle must not exceed poolSize \(2\); got 3$/],
  [{ acquisitionTimeoutMs: -1 }, RangeError, /^acquisitionTimeoutMs .*\(milliseconds\); got -1$/],
  [{ idleTimeoutMs: -5 }, RangeError, /^idleTimeoutMs must be a number of at least 0.*; got -5$/],
  [{ operationTimeoutMs: Infinity }, RangeError, /^operationTimeoutMs .*to 2147483647.*Infinity$/],
  [{ maxLifetimeMs: 0 }, RangeError, /^maxLifetimeMs must be a number of at least 1.*; got 0$/],
  [{ maxUses: 0.5 }, RangeError, /^maxUses must be a whole number of at least 1.*; got 0.5$/],
  [{ validateAfterIdleMs: "1s" }, TypeError, /^validateAfterIdleMs .* got the string "1s"$/],
  [{ maxWaiting: -1 }, RangeError, /^maxWaiting must be .* got -1$/],
  [{ trackLeases: 1 }, TypeError, /^trackLeases must be true or false; got 1$/],
  [{ onAcquire: true }, TypeError, /^onAcquire must be a function; got boolean$/],
  [{ onConnect: "PRAGMA x" }, TypeError, /^onConnect must be a function; got the string/],
  [{ rowFactory: {} }, TypeError, /^rowFactory must be a function; got an object$/],
  [{ intMode: "bigints" }, TypeError, /^intMode must be "number" or "bigint"; got the string/],
  [{ statementCacheSize: -1 }, RangeError, /^statementCacheSize must be .* got -1$/],
  [{ busyTimeoutMs: NaN }, RangeError, /^busyTimeoutMs must be .* got NaN$/],
  [{ pool_size: 5 }, TypeError, /^Unknown option "pool_size". Did you mean poolSize\?$/],
  [{ idle_timeout: 5 }, TypeError, /Did you mean idleTimeoutMs\? It is in milliseconds\.$/],
  [{ max: 5 }, TypeError, /^Unknown option "max". Did you mean poolSize\?$/],
  [{ colour: 5 }, TypeError, /^Unknown option "colour". The options are poolSize, /],
];

for (const [options, type, message] of BAD_OPTIONS) {
  const shown = JSON.stringify(options, (_, value) => Object.is(value, NaN) ? "NaN" : value);
  test(`new SQLiteConnectionPool(factory, ${shown}) is refused`, () => {
    const make = (): unknown => new SQLiteConnectionPool(memory, options as PoolOptions);
    assert.throws(make, (error: Error) => {
      assert.equal(error.constructor, type);
      assert.match(error.message, message);
      return true;
    });
  });
}

test("a factory that is none is refused, with the way out", () => {
  for (const factory of [undefined, "app.db", {}, memory()]) {
    const make = (): unknown => new SQLiteConnectionPool(factory as unknown as () => object);
    assert.throws(make, {
      name: "TypeError",
      message: /factory must be a function.*Write \(\) =>/,
    });
  }
  const options = null as unknown as PoolOptions;
  assert.throws(() => new SQLiteConnectionPool(memory, options), /options must be an object/);
});

const BAD_FACTORIES: readonly [name: string, () => unknown, cause: ErrorClass, RegExp][] = [
  [
    "throws",
    () => {
      throw new RangeError("no disk");
    },
    RangeError,
    /Could not open a connection: no disk/,
  ],
  ["rejects", () => Promise.reject(new RangeError("no disk")), RangeError, /no disk/],
  ["returns undefined", () => undefined, UnsupportedHandleError, /undefined/],
  ["returns null", () => null, UnsupportedHandleError, /null/],
  ["returns a path", () => "app.db", UnsupportedHandleError, /"app\.db"|string/],
  ["returns an unsupported handle", () => ({ query() {} }), UnsupportedHandleError, /node:sqlite/],
  ["returns a class", () => memory().constructor, UnsupportedHandleError, /class|new /],
  [
    "returns a closed handle",
    () => {
      const handle = memory();
      handle.close();
      return handle;
    },
    Error,
    /clos|not open/,
  ],
  [
    "opens a file in a missing directory",
    () => nativeDriver.open("/no/such/dir/x.db"),
    Error,
    /open/,
  ],
];

for (const [name, factory, cause, message] of BAD_FACTORIES) {
  test(`a factory that ${name} fails the acquire that needed it`, async () => {
    const pool = new SQLiteConnectionPool(factory as () => object, { poolSize: 1 });
    await assert.rejects(pool.connection(), (error: Error) => {
      assert.ok(error instanceof PoolConnectionOpenError);
      assert.ok(error.cause instanceof cause, String(error.cause));
      assert.match(error.message, message);
      return true;
    });
    assert.equal(pool.stats.size, 0, "it costs no slot");
    await pool.close();
  });
}

test("a factory that returns the same handle twice is found out", async () => {
  const handle = memory();
  const pool = new SQLiteConnectionPool(() => handle, { poolSize: 2 });
  const first = await pool.connection();
  await assert.rejects(pool.connection(), /already in the pool.*open a new one/s);
  assert.deepEqual(await first.values("SELECT 1"), [[1]], "the first holder is not disturbed");
  await first.release();
  await pool.close();
});

test("an aborted signal rejects with its reason", async (t) => {
  const { pool, opened } = openTestPool(t);
  const reason = new Error("gone");
  const signal = AbortSignal.abort(reason);
  await assert.rejects(pool.connection({ signal }), (error) => error === reason);
  await assert.rejects(pool.execute("SELECT 1", [], { signal }), (error) => error === reason);
  await assert.rejects(pool.transaction(() => {}, { signal }), (error) => error === reason);
  assert.equal(opened(), 0);
});

test("bad acquire and close options are refused, and the pool stays open", async (t) => {
  const { pool } = openTestPool(t);
  const refused: readonly [object, RegExp][] = [
    [{ timeoutMs: -1 }, /^timeoutMs must be .* got -1$/],
    [{ timeoutMs: "1s" }, /^timeoutMs must be .* got the string "1s"$/],
    [{ signal: "abort" }, /^signal must be an AbortSignal; got the string "abort"$/],
  ];
  for (const [options, message] of refused) {
    await assert.rejects(pool.connection(options), { message });
  }
  await assert.rejects(pool.close({ timeoutMs: -1 }), /^RangeError: timeoutMs must be .* got -1$/);
  await assert.rejects(pool.close({ timeoutMs: Infinity }), RangeError);
  assert.throws(() => pool.resize(0), /^RangeError: poolSize must be .* got 0$/);
  await pool.execute("SELECT 1");
});

test("use after release and use after close are refused", async (t) => {
  const { pool } = openTestPool(t);
  const conn = await pool.connection();
  await conn.release();
  await assert.rejects(conn.execute("SELECT 1"), (error: Error) => {
    assert.ok(error instanceof ConnectionReleasedError);
    assert.match(error.message, /was released.*Acquire a new one/);
    return true;
  });
  await pool.close();
  const closed = { name: "PoolClosedError", message: /The pool is closed. Create a new pool/ };
  await assert.rejects(pool.connection(), closed);
  await assert.rejects(pool.execute("SELECT 1"), closed);
  await assert.rejects(pool.withConnection(() => {}), closed);
  await assert.rejects(pool.transaction(() => {}), PoolClosedError);
});

test("errors of the database carry its codes, never the parameters", async (t) => {
  const { pool } = openTestPool(t);
  await pool.execute("CREATE TABLE t (secret TEXT UNIQUE)");
  await pool.execute("INSERT INTO t VALUES (?)", ["hunter2"]);
  await assert.rejects(pool.execute("INSERT INTO t VALUES (?)", ["hunter2"]), (error: Error) => {
    assert.ok(error instanceof SQLiteError);
    assert.equal(error.code, "SQLITE_CONSTRAINT");
    assert.equal(error.extendedCode, "SQLITE_CONSTRAINT_UNIQUE");
    assert.equal(error.rawCode, 2067);
    assert.match(error.message, /UNIQUE constraint failed: t\.secret/);
    assert.doesNotMatch(error.message, /hunter2/);
    return true;
  });
  await assert.rejects(pool.execute("SELECT 1; SELECT 2"), /executeScript/);
  await assert.rejects(pool.execute("SELECT ?"), /parameter/);
  assert.equal(pool.stats.inUse, 0);
});
